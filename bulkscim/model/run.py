"""Where a whole run stands."""

from enum import StrEnum


class RunState(StrEnum):
    """A run as its journal and its lock tell it; all but `finished` and `running` can be resumed."""

    RUNNING = "running"  # a process holds its lock
    INTERRUPTED = "interrupted"  # ended by a signal, or its process died
    STOPPED = "stopped"  # ended itself early: breaker, deadline, outage, disk
    FINISHED = "finished"  # went through all its rows
