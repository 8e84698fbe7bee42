"""Labels of one or two words find everyday texts that they fit, and no others, with the real encoder."""

from pathlib import Path

from encoders import real_folder

from mainstay.engines.encoder.onnx import OnnxEncoder
from mainstay.services.language.labelling import Labelling
from mainstay.services.language.records import Label

_HELD_OUT = Path(__file__).parents[2] / "corpora" / "held_out" / "everyday_labels.tsv"


async def test_short_names_are_found_where_they_fit_and_none_is_told_where_none_does() -> None:
    encoder = OnnxEncoder(real_folder())
    labelling, fitting, none = Labelling(encoder), [], []
    for line in _HELD_OUT.read_text("utf-8").splitlines():
        names, true, text = line.split("\t")
        labels = [Label(name=name) for name in names.split("; ")]
        [found] = await labelling.classify([text], labels, multi=False, forced=False)
        (none if true == "none" else fitting).append((found.label or "none") == true)
    await encoder.close()
    assert (len(fitting), len(none)) == (76, 20)
    assert sum(fitting) / len(fitting) > 0.75
    assert sum(none) / len(none) >= 0.9
