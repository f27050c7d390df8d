"""What ends a command from outside before an engine listens for it: SIGTERM and SIGHUP act as Ctrl-C does."""

import signal
from types import FrameType

_LIKE_INTERRUPT = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)


def heed() -> None:
    """Let every request to end clean up as Ctrl-C does; what the caller had ignored (nohup) stays ignored."""
    for number in _LIKE_INTERRUPT:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a handler's arguments
    """Do what Ctrl-C would do now; an event loop has put its own handler there."""
    now = signal.getsignal(signal.SIGINT)
    if callable(now):
        now(signal.SIGINT, frame)
    else:
        raise KeyboardInterrupt
