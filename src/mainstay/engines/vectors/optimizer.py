"""The child process that optimises a copy of a shard, so that the engine's lock never stops the house.

Run as `python -m mainstay.engines.vectors.optimizer FOLDER [FIELD KIND]...`: loads the shard in
FOLDER, indexes the fields, builds the graphs, brings everything onto the disk and leaves. It answers by its
exit status; what went wrong is on its error stream.
"""

import os
import sys
from pathlib import Path
from typing import Final, cast, get_args

from mainstay.engines.vectors.shards import index_payload, load_shard
from mainstay.engines.vectors.spaces import sync_files
from mainstay.ports.vectors import FieldType

_NICENESS: Final = 10


def main(arguments: list[str]) -> None:
    """Optimise the shard in a folder; see the module's sentence for the arguments."""
    folder, *fields = arguments
    os.nice(_NICENESS)
    shard = load_shard(Path(folder), None)
    for field, kind in zip(fields[::2], fields[1::2], strict=True):
        if kind not in get_args(FieldType):
            raise ValueError(f"no such kind of field: {kind}")
        index_payload(shard, field, cast("FieldType", kind))
    shard.optimize()
    shard.flush()
    shard.close()
    sync_files(Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
