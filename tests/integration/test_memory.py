"""A job of a million rows needs no more memory than a small one, and goes on within seconds."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]
LARGE = 1_000_000
SMALL = 50_000
WORKED = 10_000  # rows that are sent of each job before an interrupt; 500000 sends all of the large one


def write_job(path: Path, rows: int) -> Path:
    """Write creates of users with names, mail and department."""
    with path.open("w", encoding="utf-8") as file:
        if path.suffix == ".csv":
            file.write("userName,givenName,familyName,email,title,department\n")
        for number in range(rows):
            name = f"user{number:07}@example.com"
            if path.suffix == ".csv":
                file.write(f"{name},Given{number},Family,{name},Engineer,Research\n")
            else:
                file.write(
                    f'{{"op":"create","type":"User","data":{{"userName":"{name}","name":{{"givenName":"Given{number}",'
                    f'"familyName":"Family"}},"emails":[{{"value":"{name}","type":"work"}}],"title":"Engineer"}}}}\n'
                )
    return path


def probe(command: str, path: Path, folder: Path, stop_after: int = 0) -> dict[str, Any]:
    """Run or resume in a process of its own; return what it took."""
    arguments = [
        sys.executable,
        "-m",
        "tests.support.running.memory_probe",
        command,
        str(path),
        str(folder),
        str(stop_after),
    ]
    environment = os.environ | {"BULKSCIM_STATE_DIR": str(path.parent / "state")}
    done = subprocess.run(
        arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1500, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.usefixtures("signals_heeded")
@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_a_million_rows_need_no_more_memory_and_go_on_quickly(tmp_path, suffix):
    """Peak memory is within 1.3 times that of 50,000 rows and below 150 MB; half-done, sending starts in seconds."""
    small = write_job(tmp_path / f"small{suffix}", SMALL)
    large = write_job(tmp_path / f"large{suffix}", LARGE)
    folder = tmp_path / "large-run"
    worked = int(os.environ.get("BULKSCIM_TEST_WORKED", WORKED))

    base = probe("run", small, tmp_path / "small-run", min(worked, SMALL - 100))
    begun = probe("run", large, folder, worked)
    probe("fill", large, folder, LARGE // 2)
    from_nothing = probe("resume", large, folder, 100)
    resumed = probe("resume", large, folder, worked if worked < LARGE // 2 else 0)
    took = [base, begun, from_nothing, resumed]
    print(json.dumps(took))

    assert base["state"] == "interrupted"
    assert begun["state"] == "interrupted"
    assert worked <= begun["done"] < worked + 100
    assert begun["rows"] == resumed["rows"] == LARGE
    assert resumed["done"] == LARGE // 2 + from_nothing["writes"] + resumed["writes"]
    assert (from_nothing["writes"], resumed["writes"]) >= (100, min(worked, LARGE // 2 - 200))
    peak = max(each["peak_mb"] for each in took)
    assert peak < 150
    assert peak < 1.3 * base["peak_mb"]
    # A checkpoint is written now and then, so that a killed run needs little more than an interrupted one; measured
    # in processor time against the first start of the same job, which reads the whole file.
    assert resumed["first_write_cpu_s"] < begun["first_write_cpu_s"] / 3
    assert from_nothing["first_write_cpu_s"] < begun["first_write_cpu_s"]
