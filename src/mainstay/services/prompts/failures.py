"""How prompts may fail, each named after the fact."""

from mainstay.kit.errors import Conflict, Invalid, NotFound


class PromptMissing(NotFound):
    """There is no such prompt in this tenant, or it was deleted."""

    title = "There is no such prompt"


class PromptTaken(Conflict):
    """There is a prompt of this name."""

    title = "There is a prompt of this name"


class PromptBusy(Conflict):
    """The prompt was changed by another request at this moment."""

    title = "The prompt was changed meanwhile"


class PromptsTooMany(Conflict):
    """A tenant has a limit of prompts, a prompt one of versions and labels."""

    title = "There are too many of them"


class PromptVersionMissing(NotFound):
    """The prompt has no such version."""

    title = "The prompt has no such version"


class PromptLabelMissing(NotFound):
    """The prompt has no such label."""

    title = "The prompt has no such label"


class PromptLabelUnmoved(Conflict):
    """The label has stood at one version only, so that there is none to go back to."""

    title = "The label has not been moved yet"


class TemplateInvalid(Invalid):
    """The text is no template: a tag that is not known, a section without an end, a variable undeclared."""

    title = "This is no template"


class VariablesUnfit(Invalid):
    """Variables are missing, superfluous, or of another type than was declared."""

    title = "The variables do not fit the prompt"


class RenderingTooLarge(Invalid):
    """What becomes of the template with these variables is larger than a prompt may be."""

    title = "The rendered prompt is too large"


class PromptUntested(Conflict):
    """The label moves only to a version that has passed its tests."""

    title = "The version has not passed its tests"


class ExamplesInvalid(Invalid):
    """An example cannot be checked: a pattern or a schema that is none, or nothing that is expected."""

    title = "The examples cannot be checked"


class ExamplesMissing(Conflict):
    """There is nothing to test with."""

    title = "The prompt has no examples"


class PromptTestMissing(NotFound):
    """There is no such test, or it is kept no longer."""

    title = "There is no such test"


class ExperimentMissing(NotFound):
    """The prompt has no such experiment."""

    title = "The prompt has no such experiment"


class ExperimentRunning(Conflict):
    """An experiment runs on this label already."""

    title = "An experiment runs on this label"


class ExperimentEnded(Conflict):
    """The experiment was stopped."""

    title = "The experiment has ended"


class ArmUnknown(Invalid):
    """The experiment has no arm with this version, or the same version twice."""

    title = "The arms do not fit"
