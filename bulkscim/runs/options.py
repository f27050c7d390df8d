"""What can be asked of a run, in values that are handed on whole: by the flags of a command, or by a program's keywords."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal, Protocol, TypeGuard, TypeVar

from bulkscim.journal.settings import ConnectionOptions
from bulkscim.model.events import Watcher
from bulkscim.model.operation import Verb


class Value(Protocol):
    """A frozen dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[object]]]


Asked = TypeVar("Asked", bound=Value)


@dataclass(frozen=True, slots=True)
class RecordDefaults:
    """How records are read that do not say everything; None, empty and 0 where nothing is said.

    `match` names the attribute by which a change finds its resource. `map` is a TOML file whose [map] says what columns
    mean. `encoding` and `header_line` are the job file's form.
    """

    op: Verb | None = None
    type: str | None = None
    match: str | None = None
    map: Path | None = None
    encoding: str = ""
    header_line: int = 0


@dataclass(frozen=True, slots=True)
class Approval:
    """Approval that was given beforehand: a yes, and for a production tenant its name."""

    yes: bool = False
    yes_production: str = ""

    @property
    def is_given(self) -> bool:
        """Whether any was."""
        return self.yes or bool(self.yes_production)


def filled(value: Asked, other: Asked) -> Asked:
    """Return a value; what it leaves open is as in the other one."""
    left = {one.name for one in fields(value) if getattr(value, one.name) == one.default}
    return replace(value, **{name: getattr(other, name) for name in left})


def built(kind: type[Asked], said: Mapping[str, object]) -> Asked:
    """Return a value of what was said by name; a field that is such a value itself is built of the same names."""
    given: dict[str, object] = {}
    for one in fields(kind):
        if one.name in said:
            given[one.name] = said[one.name]
        elif is_value(one.type):
            given[one.name] = built(one.type, said)
    return kind(**given)


def names_of(kind: type[Value], *, needed: bool = False) -> Iterator[tuple[str, object]]:
    """Yield each name of which a value can be built, and its type; or only those without which it cannot."""
    for one in fields(kind):
        if is_value(one.type):
            yield from names_of(one.type, needed=needed)
        elif not needed or (one.default is MISSING and one.default_factory is MISSING):
            yield one.name, one.type


def is_value(kind: object) -> TypeGuard[type[Value]]:
    """Return whether a field's type is a value that is built of names."""
    return isinstance(kind, type) and is_dataclass(kind)


class _PaceOptions(ConnectionOptions, total=False):
    """How fast, by which way, and where runs are kept; `runs` in the current folder unless something is said."""

    runs_dir: str | Path
    watcher: Watcher


class RunOptions(_PaceOptions, total=False):
    """What can be said of a run; each is the flag of that name.

    Limits are a number or a percentage as text. Approval is given by calling; a tenant that is marked
    production wants its name in `yes_production` all the same.
    """

    op: str
    type: Literal["User", "Group"]
    match: str
    map: str | Path
    encoding: str
    header_line: int
    on_exists: Literal["adopt", "update", "skip", "fail"]
    create_groups: bool
    read_back: Literal["sample", "all"]
    max_create: int | str
    max_update: int | str
    max_deactivate: int | str
    max_delete: int | str
    max_admins: int | str
    max_removals: int | str
    max_emptied: int | str
    max_share: int | str
    seats: int
    max_errors: int | str
    max_adopt: int | str
    protect: Iterable[str]
    protect_unknown: Literal["refuse", "report"]
    where: str
    not_in: Iterable[str]
    skip: int
    sample: int
    seed: int
    limit: int
    with_needed: bool
    strict: bool
    note: str
    image_age: float
    dry_run: bool
    canary: int
    run_dir: str | Path
    yes_production: str


class ResumeOptions(_PaceOptions, total=False):
    """What can be changed of a run that goes on, from then on; `job` is where its job file is now.

    Calling is the approval; a tenant that is marked production wants its name in `yes_production` where `on_exists` or
    `create_groups` is changed.
    """

    job: str | Path
    on_exists: Literal["adopt", "update", "skip", "fail"]
    create_groups: bool
    max_create: int | str
    max_update: int | str
    max_deactivate: int | str
    max_delete: int | str
    max_admins: int | str
    max_removals: int | str
    max_emptied: int | str
    max_share: int | str
    seats: int
    max_errors: int | str
    max_adopt: int | str
    protect_unknown: Literal["refuse", "report"]
    same_tenant: str
    yes_production: str


class RollbackOptions(_PaceOptions, total=False):
    """What can be said of a rollback; each is the flag of that name, `rows`, `keys` and `ops` those that are given often."""

    on_drift: Literal["skip", "force"]
    rows: Iterable[int]
    keys: Iterable[str]
    ops: Iterable[str]
    soft: bool
    max_delete: int | str
    protect_unknown: Literal["refuse", "report"]
    same_tenant: str
    note: str
    dry_run: bool
    yes_production: str
