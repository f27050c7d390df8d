"""Run bulkscim's command in this process, then write its peak of memory, in MB, into a file: `peak.py FILE ARGUMENT...`."""

import resource
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from bulkscim.cli import code_of  # noqa: E402 - the path comes first


def peak_mb() -> float:
    """Return this program's peak; where it can be had, without that of the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main() -> None:
    """Do what the arguments say."""
    code = code_of(sys.argv[2:])
    Path(sys.argv[1]).write_text(f"{peak_mb()}")
    sys.exit(code)


if __name__ == "__main__":
    main()
