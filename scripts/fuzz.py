"""Serves an empty house and asks it everything that its OpenAPI document allows, and much that it does not.

    python scripts/fuzz.py [--examples 100] [OPTIONS OF SCHEMATHESIS, as --seed 7 --include-path /audit]

`make fuzz` calls it. Every check of Schemathesis is on, but for those against which tests/schemathesis.toml
gives a reason. The server's log is kept, and the errors in it are printed at the end. The exit status is that
of Schemathesis, or 1 where the server logged an error.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

from serving import KEY, mainstay  # noqa: E402 - the servers of the benchmarks will do

UNLIMITED = {"MAINSTAY_RATE_LIMIT_STRANGERS_PER_MINUTE": "1000000"}
"""Without it most of what needs no credentials would be refused, and not tried."""
_RECORD = re.compile(r"^(?=\d{4}-\d\d-\d\dT\S+ [A-Z]+ \S+: )", re.MULTILINE)
_ERROR = re.compile(r"\S+ (ERROR|CRITICAL) ")


def errors(log: str) -> list[str]:
    """Give the records of a server's log that tell of errors: of those with one traceback the first."""
    found: dict[str, str] = {}
    for record in _RECORD.split(log):
        if _ERROR.match(record):
            found.setdefault(record.partition("\n")[2] or record, record)
    return list(found.values())


def main() -> None:
    """Serve, fuzz, tell what the server logged, leave with the status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=100, help="generated requests for each operation")
    given, more = parser.parse_known_args()
    folder = Path(tempfile.mkdtemp(prefix="mainstay-fuzz-"))
    log = folder / "data.log"
    print(f"The server's log: {log}", flush=True)
    with mainstay(folder / "data", UNLIMITED) as (port, _):
        url = f"http://127.0.0.1:{port}"
        command = [str(Path(sys.executable).parent / "schemathesis")]
        command += ["--config-file", str(ROOT / "tests/schemathesis.toml"), "run", f"{url}/openapi.json"]
        command += ["--url", f"{url}/v1", "--header", f"X-API-Key: {KEY}"]
        command += ["--checks", "all", "--mode", "all", "--max-examples", str(given.examples), *more]
        hooks = {"PYTHONPATH": str(ROOT / "tests"), "SCHEMATHESIS_HOOKS": "transports.schemathesis_hooks"}
        done = subprocess.run(command, check=False, env={**os.environ, **hooks})  # noqa: S603 - our own command
    shutil.rmtree(folder / "data")
    logged = errors(log.read_text())
    print(f"The server logged {len(logged)} kinds of errors; its log: {log}", *logged, sep="\n")
    sys.exit(done.returncode or bool(logged))


if __name__ == "__main__":
    main()
