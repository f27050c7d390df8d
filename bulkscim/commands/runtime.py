"""What every command needs: the console, an event loop, output to stdout."""

import gc
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TypeVar

import anyio

from bulkscim.commands.options import Voice
from bulkscim.commands.streams import reader_may_leave
from bulkscim.errors import UsageError
from bulkscim.model.harmless import escaped, indented_json
from bulkscim.reporting.console import Console, Volume
from bulkscim.reporting.progress import Progress, progress
from bulkscim.reporting.wrapping import fitted, width_of

Result = TypeVar("Result")


def people_of(voice: Voice, *, yes: bool = False) -> Console:
    """Return the console of this terminal."""
    if voice.verbose and voice.quiet:
        message = "-v and -q are both given; leave one of them out"
        raise UsageError(message)
    volume = Volume.VERBOSE if voice.verbose else Volume.QUIET if voice.quiet else Volume.NORMAL
    return Console(sys.stderr, sys.stdin, volume=volume, yes=yes)


def carry_out(work: Callable[[], Awaitable[Result]]) -> Result:
    """Run it in an event loop, the quick one where there is one."""
    collect_seldom()
    return anyio.run(work, backend="asyncio", backend_options={"use_uvloop": _has_uvloop()})


def collect_seldom() -> None:
    """Let the collector pass over what is loaded, and come less often: rows leave few circles behind."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def watching(people: Console) -> Progress:
    """Return the watcher that suits this console."""
    return progress(people)


def print_lines(lines: Iterable[str]) -> None:
    """Print to stdout, harmless for a terminal: no text within a line can begin another."""
    _print(map(escaped, lines))


def print_text(lines: Iterable[str]) -> None:
    """Print sentences to stdout as `print_lines` does; on a terminal they break at words."""
    width = width_of(sys.stdout)
    _print(fitted(escaped(line), width) for line in lines)


def print_json(value: object) -> None:
    """Print to stdout, indented; JSON is UTF-8 whatever the terminal's encoding."""
    with reader_may_leave():
        sys.stdout.flush()
        sys.stdout.buffer.write(indented_json(value).encode())
        sys.stdout.buffer.flush()


def _print(lines: Iterable[str]) -> None:
    with reader_may_leave():
        for line in lines:
            sys.stdout.write(line + "\n")


def layout_of(out: Path, wanted: str | None) -> str:
    """Return the layout of an output, `jsonl` or `csv`; UsageError where its name says something else."""
    from bulkscim.jobfile.signatures import format_of, is_workbook

    named = format_of(out)
    layout = wanted or named or "jsonl"
    if out.suffix.lower() == ".gz" or is_workbook(out) or layout != (named or layout):
        raise UsageError(f"{out}: what is written is {layout.upper()}; name it {out.stem}.{layout}")
    return layout


def later(what: str, instead: str) -> UsageError:
    """Return the error of a flag or command whose work is not there yet."""
    return UsageError(f"{what} is not available in this version; {instead}")


def _has_uvloop() -> bool:
    if sys.platform == "win32":
        return False
    try:
        import uvloop  # noqa: F401
    except ImportError:
        return False
    return True
