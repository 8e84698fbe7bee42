"""Serves an empty house and asks it everything that its OpenAPI document allows, and much that it does not.

    python scripts/fuzz.py [--examples 100] [--seed N]

`make fuzz` calls it. Every check of Schemathesis is on; the exit status is that of Schemathesis.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

from serving import KEY, mainstay  # noqa: E402 - the servers of the benchmarks will do


def main() -> None:
    """Serve, fuzz, leave with its status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=100, help="generated requests for each operation")
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, mainstay(Path(folder) / "data") as (port, _):
        url = f"http://127.0.0.1:{port}"
        command = [str(Path(sys.executable).parent / "schemathesis")]
        command += ["--config-file", str(ROOT / "tests/schemathesis.toml"), "run", f"{url}/openapi.json"]
        command += ["--url", f"{url}/v1", "--header", f"X-API-Key: {KEY}"]
        command += ["--checks", "all", "--mode", "all", "--max-examples", str(given.examples)]
        if given.seed is not None:
            command += ["--seed", str(given.seed)]
        hooks = {"PYTHONPATH": str(ROOT / "tests"), "SCHEMATHESIS_HOOKS": "transports.schemathesis_hooks"}
        done = subprocess.run(command, check=False, env={**os.environ, **hooks})  # noqa: S603 - our own command
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
