"""What goes out and what comes back, without secrets and without a library's types."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Sort(NamedTuple):
    """Requests that are alike for limits: by method, and by how their paths begin."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request below the base URL. `path` starts with `/` and is percent-encoded, query included.

    `media_type` is that of the body; empty for the tenant's usual one.
    """

    method: str
    path: str
    body: bytes | None = None
    if_match: str | None = None
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer. Header names are in lower case; `received_at` is wall time, seconds since 1970."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    received_at: float = 0.0


class Loss(StrEnum):
    """How a request failed to bring an answer."""

    NEVER_SENT = "never_sent"  # no byte of it was written
    CUT = "cut"  # reset, closed or truncated after sending began
    TIMEOUT = "timeout"  # no answer in time


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """A request without a whole answer; `detail` is for users and holds no secret.

    `status` is that of a truncated answer, where its first line arrived.
    """

    loss: Loss
    detail: str
    status: int | None = None


Reply = Response | NoAnswer
