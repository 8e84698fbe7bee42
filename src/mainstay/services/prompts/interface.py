"""Prompts: versions that never change, labels that move, values put in, generators asked with them."""

from mainstay.kernel.interface import Interface, reads, writes
from mainstay.kernel.room import QuotaFull
from mainstay.services.generation.interface import GENERATING, CacheWish, GeneratorName, PromptUsed
from mainstay.services.prompts.experiment_operations import ExperimentOperations
from mainstay.services.prompts.failures import (
    PromptBusy,
    PromptLabelMissing,
    PromptLabelUnmoved,
    PromptMissing,
    PromptsTooMany,
    PromptTaken,
    PromptUntested,
    PromptVersionMissing,
    RenderingTooLarge,
    TemplateInvalid,
    VariablesUnfit,
)
from mainstay.services.prompts.records import (
    AfterName,
    Difference,
    ExposureUnit,
    GivenValues,
    Label,
    LabelTold,
    Note,
    Page,
    PromptAnswer,
    PromptDeleted,
    PromptName,
    PromptPage,
    PromptSettings,
    PromptSummary,
    PromptVersion,
    PromptVersions,
    Rendered,
    Template,
    Templates,
    Variables,
    Version,
    WantedLabel,
    WantedVersion,
)
from mainstay.services.prompts.testing_operations import TestingOperations
from mainstay.services.prompts.testing_records import Least

_READ, _WRITE, _USE = "prompts:read", "prompts:write", "generation:use"
_NAME = {"name": "greeting"}
_FINDING = (PromptMissing, PromptVersionMissing, PromptLabelMissing)
_RENDERING = (*_FINDING, VariablesUnfit, RenderingTooLarge)
_WRITING = (TemplateInvalid, PromptsTooMany, PromptBusy, QuotaFull)
_VALUES = {"variables": {"name": "Ada", "topic": "ferries"}}
_TEXT = "Greet {{ name }}.{{# topic }} Mention {{ topic }}.{{/ topic }}"


class Prompts(TestingOperations, ExperimentOperations, Interface):
    """Prompts of your tenant, by name."""

    @writes(
        "POST /prompts",
        may=_WRITE,
        status=201,
        fails=(PromptTaken, *_WRITING),
        example={**_NAME, "text": _TEXT, "settings": {"temperature": 0}},
    )
    async def create_prompt(
        self,
        name: PromptName,
        messages: Templates = [],
        text: Template = "",
        variables: Variables | None = None,
        settings: PromptSettings = PromptSettings(),
        note: Note = "",
    ) -> PromptVersion:
        """Make a prompt of messages, or of one text, with its first version.

        In templates `{{ name }}` is a variable, `{{ item.title }}` a part of one; what stands between `{{#
        topic }}` and `{{/ topic }}` is there where `topic` is, and once for each item of a list, whose
        parts have their names there (`{{ . }}` is the item itself); between `{{^ topic }}` and `{{/ topic
        }}`, where there is none. `{{! … }}` is a comment. Values are put in as they are and never read as
        templates. A name that was deleted goes on counting its versions.
        """

    @writes(
        "POST /prompts/{name}/versions",
        may=_WRITE,
        status=201,
        fails=(PromptMissing, *_WRITING),
        example={**_NAME, "text": "Say hello to {{ name }}.", "note": "Shorter."},
    )
    async def add_prompt_version(
        self,
        name: PromptName,
        messages: Templates = [],
        text: Template = "",
        variables: Variables | None = None,
        settings: PromptSettings = PromptSettings(),
        note: Note = "",
    ) -> PromptVersion:
        """Add a version to a prompt; it never changes, and no label moves by this."""

    @reads("GET /prompts", may=_READ, example={"limit": 20})
    async def list_prompts(self, after: AfterName = "", limit: Page = 50) -> PromptPage:
        """List the prompts by name, with where their labels stand."""

    @reads("GET /prompts/{name}", may=_READ, fails=_FINDING, example={**_NAME, "label": "production"})
    async def get_prompt(
        self, name: PromptName, version: WantedVersion = 0, label: WantedLabel = ""
    ) -> PromptVersion:
        """Give a version of a prompt: by its number, a label, or what `production` gives, or the newest."""

    @reads("GET /prompts/{name}/labels", may=_READ, fails=(PromptMissing,), example=_NAME)
    async def list_prompt_labels(self, name: PromptName) -> PromptSummary:
        """List a prompt's labels, with where each stood before and what it demands."""

    @reads("GET /prompts/{name}/versions", may=_READ, fails=(PromptMissing,), example=_NAME)
    async def list_prompt_versions(
        self, name: PromptName, before: WantedVersion = 0, limit: Page = 50
    ) -> PromptVersions:
        """List a prompt's versions, newest first."""

    @reads(
        "GET /prompts/{name}/diff",
        may=_READ,
        fails=(PromptMissing, PromptVersionMissing),
        example={**_NAME, "before": 1, "after": 1},
    )
    async def compare_prompt_versions(self, name: PromptName, before: Version, after: Version) -> Difference:
        """Say how two versions differ: texts as a unified diff, settings and variables by name."""

    @writes(
        "PUT /prompts/{name}/labels/{label}",
        may=_WRITE,
        fails=(PromptMissing, PromptVersionMissing, PromptsTooMany, PromptUntested, PromptBusy),
        example={**_NAME, "label": "production", "version": 1},
    )
    async def move_prompt_label(
        self, name: PromptName, label: Label, version: Version, require_tests: Least | None = None
    ) -> LabelTold:
        """Let a label stand at a version from now on; a new label is made.

        With `require_tests`, from now on the label moves only to versions that passed at least this share of
        the prompt's examples as they are at that moment, with their own generator, in the newest test of them
        that came to its end; 0 ends that.
        """

    @writes(
        "POST /prompts/{name}/labels/{label}/rollback",
        may=_WRITE,
        fails=(PromptMissing, PromptLabelMissing, PromptLabelUnmoved, PromptBusy),
        example={**_NAME, "label": "production"},
    )
    async def roll_back_prompt_label(self, name: PromptName, label: Label) -> LabelTold:
        """Let a label stand where it stood before, at once and untested; said again, it goes forth again."""

    @writes(
        "DELETE /prompts/{name}/labels/{label}",
        may=_WRITE,
        fails=(PromptMissing, PromptLabelMissing),
        example={**_NAME, "label": "staging"},
    )
    async def remove_prompt_label(self, name: PromptName, label: Label) -> PromptSummary:
        """Remove a label; the version stays."""

    @writes(
        "DELETE /prompts/{name}", may=_WRITE, final=True, fails=(PromptMissing, PromptBusy), example=_NAME
    )
    async def delete_prompt(self, name: PromptName) -> PromptDeleted:
        """Erase a prompt with its versions, examples, tests and experiments; its name alone is remembered."""

    @reads("POST /prompts/{name}/render", may=_READ, fails=_RENDERING, example={**_NAME, **_VALUES})
    async def render_prompt(
        self,
        name: PromptName,
        variables: GivenValues = {},
        version: WantedVersion = 0,
        label: WantedLabel = "",
    ) -> Rendered:
        """Put values into a prompt, without asking a generator and without taking part in an experiment."""

    @writes(
        "POST /prompts/{name}/run", may=_USE, fails=(*_RENDERING, *GENERATING), example={**_NAME, **_VALUES}
    )
    async def run_prompt(
        self,
        name: PromptName,
        variables: GivenValues = {},
        version: WantedVersion = 0,
        label: WantedLabel = "",
        generator: GeneratorName = "",
        unit: ExposureUnit = "",
        cache: CacheWish | None = None,
    ) -> PromptAnswer:
        """Put values into a prompt and let its generator, or the one that is named, answer.

        While an experiment runs on the label, the `unit` says who or what is shown which version. The trace
        names the prompt, its version and the arm; say how well the answer did by the trace's outcome.
        """

    @writes(
        "POST /prompts/{name}/exposures", may=_USE, status=201, fails=_RENDERING, example={**_NAME, **_VALUES}
    )
    async def expose_prompt(
        self,
        name: PromptName,
        variables: GivenValues = {},
        version: WantedVersion = 0,
        label: WantedLabel = "",
        unit: ExposureUnit = "",
        *,
        counted: bool = True,
        shown: PromptUsed | None = None,
    ) -> Rendered:
        """Put values into a prompt to ask a generator with it yourself, within an experiment if one runs.

        Give `prompt` of the answer to `generation.complete`, so that the outcome of its trace counts. Where
        that may still fail, leave it out of the count (`counted`), and ask the same again with that `prompt`
        as `shown` once it is answered. It counts once, as long as the experiment runs.
        """
