"""What the first line of a journal says: what the run is, of what, against which tenant, and under which terms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bulkscim.journal.settings import Settings
from bulkscim.journal.typed_json import FLAT, OMITTED, REST, named
from bulkscim.model.grace import Grace
from bulkscim.model.operation import Defaults, Verb
from bulkscim.model.run import OwnProfile, RecordedJob, RecordedParent, RecordedPlan, RecordedTenant
from bulkscim.model.selection import RowSelection, TakenRows
from bulkscim.planning.forecast import Forecast
from bulkscim.planning.guards import Bounds

FORMAT = 2  # of new journals
FORMATS = (1, 2)
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Then:
    """What is to follow a run: an operation on what it changed, after so many days."""

    op: str
    after_days: int


@dataclass(frozen=True, slots=True)
class RecordedGuards:
    """The guards of a run as numbers, and the names of the accounts that it does no harm to."""

    bounds: Bounds = field(default=Bounds(), metadata=FLAT)
    protect: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """Line 1. `format` is that of the journal, `rows` the number of the last row that the run takes.

    `canary` are the rows that are done and read back before all others. `selection` says how rows were selected, and `taken` which they are, where those up to `rows` are not all taken.

    `own_profile` is the file by which the provider is known, where it is the user's own. `verbs` counts records by verb and type, `removals` those that take users away, `member_removals` those that take
    members out of groups. `references` is `unknown` where deletes were approved without knowing the groups of what
    they delete. `definitions` are files, the job definition among them; `earlier` the folders of the runs that the job
    file refers to. `forecast` is what the job was said to cost before it was approved. `others` is what else the line says: of a format that is not known, all of it.
    """

    format: int = FORMAT
    run: str = ""
    command: str = ""
    version: str = field(default="", metadata=named("bulkscim"))
    job: RecordedJob = RecordedJob()
    tenant: RecordedTenant = RecordedTenant()
    own_profile: OwnProfile | None = field(default=None, metadata=OMITTED)
    verbs: Mapping[str, int] = field(default_factory=dict)
    removals: int = 0
    member_removals: int = 0
    references: str | None = field(default=None, metadata=OMITTED)
    live_users: int | None = None
    then: Then | None = None
    definitions: tuple[str, ...] = ()
    note: str = ""
    earlier: tuple[str, ...] = ()
    parent: RecordedParent | None = field(default=None, metadata=OMITTED)
    plan: RecordedPlan | None = field(default=None, metadata=OMITTED)
    settings: Settings = Settings()
    defaults: Defaults = Defaults()
    guards: RecordedGuards = RecordedGuards()
    rows: int = 0
    selection: RowSelection | None = field(default=None, metadata=OMITTED)
    taken: str | None = field(default=None, metadata=OMITTED)
    canary: tuple[int, ...] | None = field(default=None, metadata=OMITTED)
    forecast: Forecast | None = field(default=None, metadata=OMITTED)
    others: Mapping[str, Any] = field(default_factory=dict, metadata=REST)

    def count(self, verb: Verb, kind: str) -> int:
        """Return how many records ask for a verb of a type of resource."""
        return self.verbs.get(f"{verb} {kind}", 0)

    @property
    def taken_rows(self) -> TakenRows | None:
        """The rows of the job file that the run takes, None for all; ValueError where the line does not say so."""
        if self.taken is not None:
            return TakenRows.read(self.taken, self.rows)
        is_part = self.selection is not None or self.settings.limit is not None
        return TakenRows.first(self.rows) if is_part else None

    @property
    def grace(self) -> Grace | None:
        """The grace that the run's definition gave, None where it gave none."""
        return Grace(self.then.after_days) if self.then else None
