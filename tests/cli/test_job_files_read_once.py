"""Job files that can be read only once: pipes, process substitutions, what is no file at all."""

import gzip
import os
import socket
import threading
from pathlib import Path

import pytest

NAMES = [f"new{number}@example.com" for number in range(3)]
PEOPLE = ("userName\n" + "".join(f"{name}\n" for name in NAMES)).encode()
JSONL = b"".join(b'{"data":{"userName":"%s"}}\n' % name.encode() for name in NAMES)


@pytest.fixture
def piped(tmp_path):
    """Return what makes a named pipe that gives some bytes once."""
    threads = []

    def make(name, text):
        os.mkfifo(name)
        threads.append(threading.Thread(target=Path(name).write_bytes, args=(text,), daemon=True))
        threads[-1].start()
        return name

    yield make
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive(), "the pipe was not read"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.csv", PEOPLE),
        ("p.csv", gzip.compress(PEOPLE, mtime=0)),
        ("pipe", PEOPLE),
        ("pipe", JSONL),
        ("p.jsonl", JSONL),
    ],
)
@pytest.mark.parametrize("command", ["validate", "map test"])
def test_a_pipe_is_checked_as_a_job_file(bulkscim, piped, name, text, command):
    """A pipe with the name of a job file was opened twice: the second time it waited for ever."""
    outcome = bulkscim(*command.split(), piped(name, text), "--op", "create")

    assert outcome.code == 0, outcome.text
    assert "3 rows" in outcome.stderr or NAMES[0] in outcome.stdout


def test_a_pipe_is_run_and_resumed_from_the_run_folder(bulkscim, tenant, piped):
    """What came from a pipe is kept as what comes from standard input is: results and resume find it."""
    limited = bulkscim("run", piped("p.csv", PEOPLE), "--op", "create", "--yes", *tenant.reached)
    results, resumed = bulkscim("results", "last"), bulkscim("resume", "last")

    assert (limited.code, results.code, resumed.code) == (0, 0, 0), limited.text + resumed.text
    assert "warning" not in results.stderr
    assert all(map(tenant.named, NAMES))


@pytest.mark.parametrize("map_is", ["a map", "a definition"])
def test_a_definition_can_be_read_once(bulkscim, tenant, piped, map_is):
    """A definition from a pipe was read twice: the second time it was empty, or was waited for for ever."""
    Path("a.csv").write_bytes(PEOPLE.replace(b"userName", b"Mail"))
    columns = b'[map]\nuserName = "Mail"\n'
    if map_is == "a map":
        job = ("a.csv", "--op", "create", "--map", piped("m.toml", columns))
    else:
        job = (piped("d.toml", b'[job]\nfile = "a.csv"\nop = "create"\n' + columns),)
    outcome = bulkscim("run", *job, "--yes", *tenant.reached)

    assert outcome.code == 0, outcome.text
    assert all(map(tenant.named, NAMES))


def test_a_process_substitution_is_a_job_file(bulkscim):
    """`run <(export)` names a descriptor, which waited for ever as well."""
    reader, writer = os.pipe()
    os.write(writer, PEOPLE)
    os.close(writer)
    outcome = bulkscim("validate", f"/dev/fd/{reader}", "--op", "create")
    os.close(reader)

    assert outcome.code == 0, outcome.text
    assert "3 rows" in outcome.stderr


def test_a_pipe_is_no_answer_to_where_a_job_file_is(bulkscim, tenant):
    """Of a pipe that is there resume said that it is not there."""
    Path("a.csv").write_bytes(PEOPLE)
    os.mkfifo("pipe")
    bulkscim("run", "a.csv", "--op", "create", "--yes", *tenant.reached)
    outcome = bulkscim("resume", "last", "--job", "pipe")

    assert outcome.code == 2, outcome.text
    assert "pipe" in outcome.stderr


def test_a_socket_is_no_job_file(bulkscim):
    """A socket with the name of a job file ended as a bug (1)."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s.csv")
        outcome = bulkscim("validate", "s.csv", "--op", "create")

    assert outcome.code == 2, outcome.text
    assert "s.csv" in outcome.stderr
