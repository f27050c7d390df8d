"""A shell at a terminal: what is typed is what a user types, prompts and all."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from pathlib import Path

COLUMNS, LINES = 80, 24
_PROMPT = re.compile(r"\[\[(\d+)\]\]$")
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """Bash in a folder, at a terminal of 80 columns. `answers` maps the end of a question to what is typed then."""

    def __init__(self, folder: Path, environment: Mapping[str, str], answers: Mapping[str, str]) -> None:
        self._answers = answers
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        modes = termios.tcgetattr(slave)
        modes[3] &= ~termios.ECHO
        termios.tcsetattr(slave, termios.TCSANOW, modes)
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "--noediting", "-i"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env={**environment, "PS1": "[[$?]]", "PS2": "", "TERM": "xterm"},
            start_new_session=True,
        )
        os.close(slave)
        self._until_prompt(30)

    def __call__(self, line: str, *typed: str, timeout: float = 600) -> tuple[int, str]:
        """Type a command, and what it reads without a question; return its exit code and what is on the screen."""
        for text in (line, *typed):
            os.write(self._master, text.encode() + b"\n")
        return self._until_prompt(timeout)

    def close(self) -> None:
        """End the shell and what it runs."""
        os.killpg(self._shell.pid, signal.SIGHUP)
        self._shell.wait(timeout=10)
        os.close(self._master)

    def _until_prompt(self, timeout: float) -> tuple[int, str]:
        shown, answered, deadline = "", 0, time.monotonic() + timeout
        while (found := _PROMPT.search(shown)) is None:
            assert time.monotonic() < deadline, f"no end after {timeout} s:\n{shown}"
            if select.select([self._master], [], [], 0.5)[0]:
                shown += os.read(self._master, 65536).decode("utf-8", "replace").replace("\r\n", "\n")
                shown = _COLOURS.sub("", shown)
            for question, answer in self._answers.items():
                if shown[answered:].rstrip().endswith(question):
                    answered = len(shown)
                    os.write(self._master, answer.encode() + b"\n")
        return int(found[1]), shown[: found.start()]
