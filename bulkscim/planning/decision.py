"""What a row can be told to do next."""

from dataclasses import dataclass

from bulkscim.model.live import Need
from bulkscim.model.row import RowState
from bulkscim.model.step import Step


@dataclass(frozen=True, slots=True)
class Wait:
    """Read this, or wait for it, and ask again."""

    on: Need


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing more can be done in this pass; a later pass takes the row up again."""

    on: Need


@dataclass(frozen=True, slots=True)
class Settle:
    """The row has ended. `detail` is for people; `status` and `scim_type` are the server's own words."""

    state: RowState
    detail: str = ""
    id: str | None = None
    status: int | None = None
    scim_type: str | None = None


Decision = Step | Wait | Later | Settle


@dataclass(frozen=True, slots=True)
class Policy:
    """What the run's settings and the tenant's profile say about deciding.

    `on_exists` is adopt, update or fail. `looks_first` names the types whose identity the server does not
    keep unique, so that a create is preceded by a lookup. `if_match`: versions are sent.
    """

    on_exists: str = "adopt"
    create_groups: bool = False
    looks_first: frozenset[str] = frozenset({"Group"})
    if_match: bool = False
