"""The real command line in its own process, with an environment of its own."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.making import pasted
from tests.support.running.zygote import Started, Zygote
from tests.support.servers.scim_server import TOKEN

STATES = ("done", "adopted", "noop", "failed", "skipped", "in_doubt", "pending")
LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))"
START = 'import runpy; runpy.run_module("bulkscim", run_name="__main__")'
FAST = ("--rate", "2000/s", "--concurrency", "20")
RUN_COMMANDS = {  # each command that takes a run, with what else it needs
    "status": (),
    "pause": (),
    "go": (),
    "rate": ("50/min",),
    "results": (),
    "explain": ("--row", "1"),
    "verify": (),
    "resume": (),
    "retry": (),
    "rollback": ("--yes",),
    "settle": ("--row", "1", "--as", "done", "--note", "seen"),
}
ZYGOTE = Zygote()
UNBOUNDED = ("--max-delete", "100%", "--max-removals", "100%")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """What the command wrote to stdout, parsed."""
        return json.loads(self.stdout)

    @property
    def text(self) -> str:
        """All that people see."""
        return self.stdout + self.stderr


@dataclass(frozen=True, slots=True)
class Command:
    """`bulkscim` as a person in one folder would use it: own home, own state, own runs."""

    folder: Path
    token: str | None = TOKEN
    environment: dict[str, str] = field(default_factory=dict)
    file_bytes: int | None = None  # the largest file that the command can write: a disk that runs full
    prelude: str = ""  # Python that its process runs first

    @property
    def runs(self) -> Path:
        """Where the run folders are."""
        return self.folder / "runs"

    def __call__(self, *arguments: str | Path, timeout: float = 120, stdin: str = "") -> Outcome:
        """Run to the end. A traceback, or the token anywhere, is a failure whatever the command was."""
        if self._is_plain:
            words = list(map(str, arguments))
            process = ZYGOTE.run(words, self._environment(), self.folder, stdin, timeout)
        else:
            process = subprocess.run(
                self._arguments(arguments),
                input=stdin,
                capture_output=True,
                text=True,
                env=self._environment(),
                cwd=self.folder,
                timeout=timeout,
                check=False,
            )
        return self._outcome(process.returncode, process.stdout, process.stderr)

    @property
    def _is_plain(self) -> bool:
        """Whether nothing is asked of how Python starts."""
        of_python = any(name.startswith(("PYTHON", "LC_", "LANG")) for name in self.environment)
        return not (self.prelude or self.file_bytes is not None or of_python)

    def in_shell(self, line: str, *arguments: str | Path, timeout: float = 60) -> Outcome:
        """Run a line of bash in which "$@" is the command; its exit code is the line's."""
        process = subprocess.run(
            ["bash", "-c", line, "bash", *self._arguments(arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self._environment(),
            cwd=self.folder,
            timeout=timeout,
            check=False,
        )
        return self._outcome(process.returncode, process.stdout, process.stderr)

    def start(self, *arguments: str | Path) -> "Started | subprocess.Popen[str]":
        """Start without waiting; for interrupts, kills and locks."""
        if self._is_plain:
            return ZYGOTE.start(list(map(str, arguments)), self._environment(), self.folder)
        return subprocess.Popen(
            self._arguments(arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment(),
            cwd=self.folder,
        )

    def finish(self, process: "Started | subprocess.Popen[str]", timeout: float = 60) -> Outcome:
        """Wait for a started command."""
        stdout, stderr = process.communicate(timeout=timeout)
        return self._outcome(process.returncode, stdout, stderr)

    @contextmanager
    def running(self, *arguments: str | Path) -> Iterator["Started | subprocess.Popen[str]"]:
        """Start, and see to it that nothing is left when the block ends."""
        process = self.start(*arguments)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def kill_when(self, condition: Callable[[], bool], *arguments: str | Path, timeout: float = 120) -> bool:
        """Start, SIGKILL as soon as the condition holds; False when the command ended before."""
        with self.running(*arguments) as process:
            if not self.wait_for(condition, process, timeout):
                return False
            process.send_signal(signal.SIGKILL)
            process.wait()
            return process.returncode == -signal.SIGKILL

    def wait_for(
        self, condition: Callable[[], bool], process: "Started | subprocess.Popen[str]", timeout: float = 120
    ) -> bool:
        """Wait until a condition holds; False when a started command ended before."""
        deadline = time.monotonic() + timeout
        while not condition():
            if process.poll() is not None:
                return False
            assert time.monotonic() < deadline, "the moment never came"
            time.sleep(0.002)
        return True

    def status(self, run: str | Path = "last") -> Any:
        """Return `status --json` of a run; the seven states must add up to the rows."""
        outcome = self("status", run, "--json")
        assert outcome.code == 0, outcome.text
        summary = outcome.json
        assert sum(summary[state] for state in STATES) == summary["rows"], summary
        return summary

    def results(self, run: str | Path = "last") -> list[dict[str, str]]:
        """Return the lines of results.csv: one per row, in row order."""
        assert self("results", run).code == 0
        with (self.run_folder() / "results.csv").open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        assert [int(line["row"]) for line in lines] == list(range(1, len(lines) + 1))
        return lines

    def states(self, run: str | Path = "last") -> list[str]:
        """Return the state of each row, in row order."""
        return [line["state"] for line in self.results(run)]

    def run_folder(self) -> Path:
        """Return the only run folder."""
        folders = self.run_folders()
        assert len(folders) == 1, folders
        return folders[0]

    def run_folders(self) -> list[Path]:
        """Return all run folders, in the order in which the runs began."""
        folders = [path for path in self.runs.iterdir() if (path / "journal.jsonl").exists()]
        return sorted(folders, key=_began) if len(folders) > 1 else folders

    def _outcome(self, code: int, stdout: str, stderr: str) -> Outcome:
        outcome = Outcome(code, stdout, stderr)
        assert "Traceback (most recent call last)" not in outcome.text, outcome.text
        assert self.token is None or self.token not in outcome.text, "the token is on the screen"
        pasted.check(outcome.text)
        return outcome

    def _arguments(self, arguments: tuple[str | Path, ...]) -> list[str]:
        first = [self.prelude] if self.prelude else []
        if self.file_bytes is not None:
            first.append(LIMITED.format(self.file_bytes))
        start = ["-c", "\n".join((*first, START))] if first else ["-m", "bulkscim"]
        return [sys.executable, "-X", "utf8", *start, *map(str, arguments)]

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("BULKSCIM_") and not name.lower().endswith("_proxy")
        }
        own = {
            "HOME": str(self.folder),
            "USERPROFILE": str(self.folder),
            "XDG_STATE_HOME": str(self.folder / "xdg-state"),
            "XDG_CONFIG_HOME": str(self.folder / "xdg-config"),
            "BULKSCIM_STATE_DIR": str(self.folder / "state"),
            "BULKSCIM_RUNS_DIR": str(self.runs),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }
        token = {} if self.token is None else {"BULKSCIM_TOKEN": self.token}
        return kept | own | token | self.environment


def _began(folder: Path) -> float:
    """Return when a run began by its first entry; names of folders tell seconds only."""
    with (folder / "journal.jsonl").open(encoding="utf-8") as file:
        return float(json.loads(file.readline())["t"])


def secrets_on_disk(folder: Path, secret: str) -> list[Path]:
    """Return the files below a folder that hold a secret in clear."""
    return [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
