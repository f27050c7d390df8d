"""Standard streams that never end a command: a closed one is the null device, and a reader may leave at any time."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_STANDARD = 2  # the last of the descriptors 0 to 2
_ERRORS = "backslashreplace"  # a character beyond the terminal's encoding is shown as an escape


def prepare() -> None:
    """Open closed descriptors 0 to 2, and let no write to stderr fail; call it before anything else opens a file.

    A socket or a journal that took a closed descriptor would be written to by everything that prints.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STANDARD:
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - os takes it by position
    os.close(descriptor)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=_ERRORS)
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if isinstance(sys.stderr, io.TextIOWrapper):
        encoding = sys.stderr.encoding
        sys.stderr = Steady(sys.stderr.detach(), encoding=encoding, errors=_ERRORS, line_buffering=True)


class Steady(io.TextIOWrapper):
    """A stream for messages, which go nowhere once they cannot be written: a run does not depend on them."""

    def write(self, text: str) -> int:
        """Write, or drop the text and all that follows."""
        with self._dropping():
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, or drop what is left."""
        with self._dropping():
            super().flush()

    @contextmanager
    def _dropping(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            silence(self)


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """Print to stdout inside the block; when its reader has closed the pipe the block ends quietly."""
    try:
        yield
    except BrokenPipeError:
        silence(sys.stdout)


def finish() -> None:
    """Flush stdout. An error other than a reader that has left is raised, once."""
    try:
        with reader_may_leave():
            sys.stdout.flush()
    except OSError:
        silence(sys.stdout)
        raise


def silence(stream: io.TextIOBase | object) -> None:
    """Point the descriptor of a stream at the null device, so that what it has buffered can be flushed at the end."""
    with suppress(OSError, AttributeError, ValueError):
        descriptor = stream.fileno()  # type: ignore[union-attr]
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, descriptor)
        os.close(null)
