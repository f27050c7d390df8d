"""What a row can be told to do next."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bulkscim.model.live import Need
from bulkscim.model.row import RowRules, RowState
from bulkscim.model.step import Step
from bulkscim.providers.profile import PLAIN, Profile


@dataclass(frozen=True, slots=True)
class Wait:
    """Read this, or wait for it, and ask again.

    `found` is the id of the row's own resource where it exists without the row's own create: other rows may use it.
    """

    on: Need
    found: str | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing more can be done in this pass; a later pass takes the row up again. `found` as in `Wait`."""

    on: Need
    found: str | None = None


@dataclass(frozen=True, slots=True)
class Settle:
    """The row has ended. `detail` is for users; `status` and `scim_type` are the server's own words.

    `unlike`: what was read back is not as it was sent. `differs`: the resource existed, and is not as the row says.
    `found`: the main part is in effect on the resource `id`, though the row did not end well: other rows may use it.
    """

    state: RowState
    detail: str = ""
    id: str | None = None
    status: int | None = None
    scim_type: str | None = None
    unlike: bool = False
    differs: bool = False
    found: bool = False


@dataclass(frozen=True, slots=True)
class Rest:
    """Go on after so many seconds: the tenant may not show yet what the run has just created."""

    seconds: float


Decision = Step | Wait | Later | Settle


@dataclass(frozen=True, slots=True)
class Policy:
    """What the run's settings and the tenant's profile say about deciding.

    `on_drift` says what becomes of a record whose resource is not as it expects: `row` leaves the whole record undone,
    `part` only what differs, `force` looks at no expectation. `protects` holds protected accounts by each of their
    folded names. `looks_always`: the server answers creates with what exists, so each is preceded by lookups of all its
    identities. `run` is the run's id: the same sample of it is read back each time. `plans`: nothing is sent, so that no
    answer to a create says that its name is taken. `meets`: some users of the file are there already, so names are looked for
    in a listing.
    """

    rules: RowRules = RowRules()
    profile: Profile = PLAIN
    run: str = ""
    on_drift: str = "row"
    protects: Mapping[str, str] = field(default_factory=dict)
    looks_always: bool = False
    plans: bool = False
    meets: bool = False

    @property
    def takes_back(self) -> bool:
        """Whether the rows are the inverse of a run: what is gone, or belongs to others by now, is then no failure."""
        return self.on_drift != "row"
