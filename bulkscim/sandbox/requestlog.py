"""What reached a sandbox, one request a line, for `sandbox log`."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import orjson

from bulkscim.model.operation import JsonObject
from bulkscim.private_files import open_file

if TYPE_CHECKING:
    from scim2_server.requests import ScimRequest

_LONGEST = 1_000_000  # bytes of a line


class RequestLog:
    """A private file that grows by a line with each request; neither bodies nor tokens are in it."""

    def __init__(self, path: Path) -> None:
        self._descriptor = open_file(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        self._cut_torn_line()

    def _cut_torn_line(self) -> None:
        """Drop what a killed process has left of its last line, which would spoil the next one."""
        size = os.fstat(self._descriptor).st_size
        start = max(0, size - _LONGEST)
        os.lseek(self._descriptor, start, os.SEEK_SET)
        tail = os.read(self._descriptor, size - start)
        if not tail.endswith(b"\n"):
            os.ftruncate(self._descriptor, start + tail.rfind(b"\n") + 1)

    def add(self, at: float, request: "ScimRequest", status: int, fault: str = "", made: str = "") -> None:
        """Write one request down; `status` is 0 where no answer left, `made` the id of what it created."""
        path = request.path + ("?" + urlencode(request.query) if request.query else "")
        line = {"at": round(at, 3), "method": request.method, "path": path, "status": status}
        if fault:
            line["fault"] = fault
        if made:
            line["made"] = made
        os.write(self._descriptor, orjson.dumps(line) + b"\n")

    def clear(self) -> None:
        """Begin again."""
        os.ftruncate(self._descriptor, 0)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def read_log(path: Path) -> Iterator[JsonObject]:
    """Return what was written down, the oldest first; a line that is being written is left out."""
    if not path.exists():
        return
    with os.fdopen(open_file(path, os.O_RDONLY), "rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield orjson.loads(line)


def shown(line: JsonObject) -> str:
    """Return a line as users read it."""
    moment = datetime.fromtimestamp(line["at"], UTC).strftime("%H:%M:%S.%f")[:-3]
    answer = str(line["status"] or "cut")
    fault = f"  [{line['fault']}]" if line.get("fault") else ""
    made = f"  made {line['made']}" if line.get("made") else ""
    return f"{moment}  {answer:>3}  {line['method']:<6} {line['path']}{made}{fault}"
