"""What is asked of a run: everything that a command line, or a program, can say."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from bulkscim.jobfile.source import JobSource
from bulkscim.model.grace import Grace
from bulkscim.model.limits import NO_GUARDS, Limit, StandingGuards
from bulkscim.model.operation import JsonObject, Verb
from bulkscim.model.secret import Secret
from bulkscim.runs.inverting import Chosen
from bulkscim.tenants.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A job file, a tenant, and how the one is to be brought to the other.

    `job` is a path, `-`, or a source that is open already. `rate` is as written (`100/min`); None leaves it to
    the profile, as does `concurrency`. What else is None, a job definition (.toml) may say: `job`, or the file `map`.
    `defined` fills in what these say: `columns` is their [map] as TOML reads it, `definitions` are their paths, and
    `notes` is what the user should know of them. `encoding` and `header_line` are the job file's form, empty and 0 where it is found. `guards` are those of the tenant's entry, and of the definitions;
    the run does no harm to accounts in `protect`, and refuses a job that removes where the tenant may hide one of them,
    unless `protect_unknown` is `report`; the job file that the run leaves deletes its deactivated users after the `grace`. `match` names the attribute by which a change finds its resource. `read_back` is
    `all` or `sample`: what was written is read again and compared. `strict` refuses a job file with warnings. `with_needed` takes the rows beyond the `limit`
    along that rows within it refer to. A
    `dry_run` writes nothing, neither in the tenant nor on the disk. `tenant` is the tenant's name, where it
    has one; a `production` tenant is approved by that name typed, or as `yes_production`; a `rehearsal` needs
    no approval, and may be `speed` times as fast as its provider. With `heed_signals` Ctrl-C and its like drain the run; a program that handles them itself
    goes without.
    """

    job: str | JobSource
    base_url: str
    token: Secret
    runs_dir: Path
    profile: str = "generic"
    op: Verb | None = None
    type: str | None = None
    match: str | None = None
    map: Path | None = None
    columns: JsonObject | None = None
    encoding: str = ""
    header_line: int = 0
    definitions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_defined: bool = False
    run_dir: Path | None = None
    rate: str | None = None
    concurrency: int | None = None
    on_exists: str | None = None
    create_groups: bool = False
    read_back: str | None = None
    max_delete: Limit | None = None
    max_create: Limit | None = None
    max_removals: Limit | None = None
    max_errors: Limit | None = None
    max_adopt: Limit | None = None
    protect: tuple[str, ...] = ()
    protect_unknown: str = "refuse"
    guards: StandingGuards = NO_GUARDS
    grace: Grace | None = None
    limit: int | None = None
    with_needed: bool = False
    strict: bool = False
    note: str = ""
    yes: bool = False
    dry_run: bool = False
    timeout_s: float | None = None
    proxy: str | None = None
    ca_bundle: Path | None = None
    tenant: str = ""
    production: bool = False
    yes_production: str = ""
    heed_signals: bool = True
    rehearsal: bool = False
    speed: float = 1.0

    @classmethod
    def to(cls, tenant: Tenant, **asked: Any) -> Self:
        """Ask something of a tenant."""
        ways = ("rate", "concurrency", "proxy", "ca_bundle")
        reached = {name: asked.pop(name, None) or getattr(tenant, name) for name in ways}
        return cls(
            base_url=tenant.base_url,
            token=tenant.token,
            profile=tenant.profile,
            tenant=tenant.name,
            production=tenant.production,
            rehearsal=tenant.rehearsal,
            speed=tenant.speed,
            guards=tenant.guards,
            **reached,
            **asked,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackRequest:
    """A recorded run that is to be taken back; what is None stays as the run's header has it.

    `run` is a run folder, a run id, `last`, or one of these and `/rollback-1`. `tenant` is the run's own, with the
    token to use. `on_drift` is `skip` or `force`. `chosen` says which steps are meant. `max_delete` bounds what the
    rollback of an old run deletes. `protect_unknown` as for a run, `same_tenant` as for a resume.
    """

    run: str
    runs_dir: Path
    tenant: Tenant
    on_drift: str = "skip"
    chosen: Chosen = field(default_factory=Chosen)
    max_delete: Limit | None = None
    protect_unknown: str = "refuse"
    same_tenant: str = ""
    rate: str | None = None
    concurrency: int | None = None
    timeout_s: float | None = None
    proxy: str | None = None
    ca_bundle: Path | None = None
    note: str = ""
    yes: bool = False
    yes_production: str = ""
    dry_run: bool = False
    heed_signals: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRequest:
    """A recorded run that is to go on; what is None stays as the run has it.

    `run` is a run folder, a run id or `last`. `job` says where the job file is now. With `retry` the failed
    and skipped rows are reopened first. A `base_url` must be the run's own; without one, the token is sent only where
    the journal's fingerprint proves that it was used there. `protect` adds
    to the accounts that the run protects. `same_tenant` is the tenant's name, which confirms another token. `on_exists` and `create_groups` change what rows do, which is approved as a
    run is: see there for `yes`, `tenant`, `production`, `rehearsal` and `yes_production`. `speed` is the tenant's.
    """

    run: str
    runs_dir: Path
    token: Secret
    job: Path | None = None
    retry: bool = False
    rate: str | None = None
    concurrency: int | None = None
    timeout_s: float | None = None
    proxy: str | None = None
    ca_bundle: Path | None = None
    base_url: str | None = None
    protect: tuple[str, ...] = ()
    protect_unknown: str = "refuse"
    same_tenant: str = ""
    on_exists: str | None = None
    create_groups: bool = False
    max_errors: Limit | None = None
    max_adopt: Limit | None = None
    tenant: str = ""
    production: bool = False
    rehearsal: bool = False
    yes: bool = False
    yes_production: str = ""
    speed: float = 1.0
    heed_signals: bool = True

    @classmethod
    def to(cls, tenant: Tenant, **asked: Any) -> Self:
        """Ask to go on with a run of a tenant; by the way of a tenant that the user named, where that says one."""
        for way in () if tenant.from_journal else ("proxy", "ca_bundle"):
            if asked.get(way) is None:
                asked[way] = getattr(tenant, way)
        return cls(
            base_url=tenant.named_url,
            token=tenant.token,
            protect=tenant.guards.protect,
            tenant=tenant.name,
            production=tenant.production,
            rehearsal=tenant.rehearsal,
            speed=tenant.speed,
            **asked,
        )
