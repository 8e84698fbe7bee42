"""Which texts are held out together when a head is tried on what it has not seen."""

from collections.abc import Sequence

FOLDS = 5
_BLOCK, _FEW = 10, 500


def held_together(sizes: Sequence[int]) -> list[int]:
    """Give each text's group, of files with so many texts each, one after another.

    A file is a group where there are several: a head has to read what is written in other ways than what it
    learned from. Of few files, ten neighbours are one, since they may be much alike; of few texts, each.
    """
    if len(sizes) >= FOLDS:
        return [file for file, size in enumerate(sizes) for _ in range(size)]
    texts = sum(sizes)
    block = _BLOCK if texts >= _FEW else 1
    return [place // block for place in range(texts)]
