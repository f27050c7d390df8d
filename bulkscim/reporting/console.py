"""Messages to the user, and questions. Everything here goes to stderr; data goes to stdout, elsewhere."""

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from typing import TextIO

from tqdm import tqdm

from bulkscim.errors import Refused
from bulkscim.model.harmless import escaped, escaped_lines
from bulkscim.reporting.wrapping import fitted, width_of

_YES = "yes"


class Volume(IntEnum):
    """How much is said."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


class Console:
    """The user at the terminal, or the log in their place.

    `answers` is where they type; `yes` is their approval given beforehand.
    """

    def __init__(self, stream: TextIO, answers: TextIO | None, *, volume: Volume, yes: bool) -> None:
        self._stream = stream
        self._answers = answers
        self._volume = volume
        self._yes = yes

    @property
    def stream(self) -> TextIO:
        """Where they read."""
        return self._stream

    @property
    def volume(self) -> Volume:
        """How much they want to hear."""
        return self._volume

    @property
    def live(self) -> bool:
        """Whether the output is a terminal."""
        return self._stream.isatty()

    def note(self, text: str) -> None:
        """Say something, unless they want quiet."""
        if self._volume > Volume.QUIET:
            self._write(text)

    def detail(self, text: str) -> None:
        """Say something only to those who want all of it."""
        if self._volume >= Volume.VERBOSE:
            self._write(text)

    def warn(self, text: str) -> None:
        """Say something that must not be missed."""
        self._write(f"warning: {text}")

    def say(self, text: str) -> None:
        """Say one line that is wanted whatever the volume; no text within it can begin another."""
        self._write(escaped(text))

    def error(self, text: str) -> None:
        """Say why the command could not be carried out."""
        self._write(f"error: {text}")

    def approve(
        self, question: str, facts: Iterable[str] = (), name: str = "", *, undone: str = "Nothing was sent."
    ) -> None:
        """Show the facts and ask for a typed yes; Refused unless it comes or was given beforehand.

        With a name, that of a production tenant, only the name itself typed will do. `undone` is what is said of
        that which did not happen.
        """
        if self._yes and not name:
            for fact in facts:
                self.note(fact)
            return
        for fact in facts:
            self._write(fact)
        if self._answers is None or not self._answers.isatty():
            flag = f"--yes-production {name}" if name else "--yes"
            message = f"{question} There is no terminal to answer at: add {flag} to approve. {undone}"
            raise Refused(message)
        answer = self._answer(self._answers, f"{question} Type {name or _YES} to go on:")
        if answer != name if name else answer.casefold() != _YES:
            message = (
                f"not approved: type {name or _YES} to approve; {undone[:1].lower()}{undone[1:].rstrip('.')}"
            )
            raise Refused(message)

    def agrees(self, question: str) -> bool:
        """Return whether a yes is typed at the terminal; no approval given beforehand counts."""
        if self._answers is None or not self._answers.isatty():
            return False
        return self._answer(self._answers, f"{question} Type {_YES} to go on:").casefold() == _YES

    def _answer(self, answers: TextIO, question: str) -> str:
        """Ask; return the line that is typed then."""
        _forget_typed(answers)
        self._write(question, end=" ")
        with interruptible():
            return answers.readline().strip()

    def _write(self, text: str, end: str = "\n") -> None:
        if self.live:
            shown = fitted(escaped_lines(text), width_of(self._stream))
            tqdm.write(shown, file=self._stream, end=end)  # lifts a bar out of the way
        else:
            self._stream.write(escaped_lines(text) + end)
        self._stream.flush()


def _forget_typed(terminal: TextIO) -> None:
    """Drop what was typed before the question: it is no answer to it. Windows has no such terminals."""
    try:
        import termios
    except ImportError:
        return
    with suppress(OSError, ValueError, termios.error):
        termios.tcflush(terminal.fileno(), termios.TCIFLUSH)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C end a wait, for an answer or for a pipe, at once: an event loop's handler would let it go on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
