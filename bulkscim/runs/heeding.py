"""While a run works: heed what users ask of it, and record that in its journal."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bulkscim.engine.permits import Permits
from bulkscim.journal.bodies import Approved
from bulkscim.journal.entries import Entry
from bulkscim.journal.journal import Journal
from bulkscim.journal.run_lock import LOCK_TEXT, Holder, read_holder
from bulkscim.journal.settings import Settings
from bulkscim.model.events import Watcher
from bulkscim.model.harmless import one_line
from bulkscim.model.typed import command
from bulkscim.providers.profile import Profile
from bulkscim.reporting.next_commands import run_name
from bulkscim.runs.orders import Orders, forget_orders, go_on_with, read_orders, tenant_pause
from bulkscim.runs.settings import changed

RUN, TENANT = "run", "tenant"  # what may be paused


@dataclass(slots=True)
class Heeding:
    """Looks for orders to one session, and carries them out. `heard` is the time of the last orders."""

    journal: Journal
    settings: Settings
    profile: Profile
    watcher: Watcher
    heard: float = 0.0
    permits: Permits | None = None
    _holder: Holder | None = field(init=False)

    def __post_init__(self) -> None:
        self._holder = read_holder(self.journal.folder / LOCK_TEXT, self.journal.disk)

    def serve(self, permits: Permits) -> None:
        """Carry orders out with the permits of an engine; what those of the engine before it were held by holds on."""
        if self.permits is not None:
            permits.holding.take_over(self.permits.holding)
        self.permits = permits

    async def look(self) -> bool:
        """Heed what was ordered since the last look; return whether anything was."""
        if self.permits is None:
            return False
        entries = [*self._of_tenant(self.permits), *self._of_run(self.permits)]
        if entries:
            await self.journal.append(*entries)
        return bool(entries)

    def forget(self) -> None:
        """Remove the orders: the session is over."""
        forget_orders(self.journal.folder)

    def _of_run(self, permits: Permits) -> Iterator[Entry]:
        """Take in the orders to this run."""
        orders = read_orders(self.journal.folder, self._holder) if self._holder else None
        if orders is None or orders.at == self.heard:
            return
        self.heard = orders.at
        go_on = command("go", run_name(self.journal.folder))
        yield from self._switch(
            permits, RUN, f"paused: `{go_on}` continues" if orders.paused else None, orders.by
        )
        if orders.rate is not None and orders.rate != self.settings.connection.rate:
            yield self._change_rate(permits, orders, orders.rate)

    def _of_tenant(self, permits: Permits) -> Iterator[Entry]:
        """Take in whether the tenant is paused."""
        tenant = self.journal.header.tenant
        pause = tenant_pause(tenant.base_url)
        go_on = go_on_with(tenant.base_url, tenant.name)
        if pause is None:
            yield from self._switch(permits, TENANT, None, "")
        else:
            yield from self._switch(
                permits, TENANT, f"the tenant {pause.told}: `{go_on}` continues", f"{pause.by}, tenant"
            )

    def _switch(self, permits: Permits, what: str, why: str | None, by: str) -> Iterator[Entry]:
        """Hold requests back, or let them go again; no entry where that is so already."""
        if (why is not None) == permits.holding.has(what):
            return
        said = f" by {one_line(by)}" if by else ""
        if why is not None:
            permits.holding.hold(what, why)
            self.watcher.note(f"{why}; requests that are under way come to their end")
        else:
            permits.holding.release(what)
            self.watcher.note(
                f"the pause of {'the tenant' if what == TENANT else 'this run'} was ended{said}"
            )
        yield Entry(Approved(paused=why is not None, by=by))

    def _change_rate(self, permits: Permits, orders: Orders, rate: str) -> Entry:
        """Keep to another rate from now on."""
        before = self.settings
        self.settings = replace(before, connection=replace(before.connection, rate=rate))
        permits.replace(self.settings.buckets(self.profile))
        share = before.connection.budget_share
        part = f"{share} of " if share else ""
        self.watcher.note(f"the rate is {part}{rate} from now on, by {one_line(orders.by)}")
        return Entry(Approved(changed={"settings": changed(before, self.settings)}, by=orders.by))
