"""Ask for approval: a yes at the terminal or beforehand, and of a production tenant its name."""

from collections.abc import Sequence

from bulkscim.errors import Refused
from bulkscim.model.events import People
from bulkscim.runs.options import Approval
from bulkscim.runs.tenant import host_of
from bulkscim.tenants.tenant import Tenant


def ask(tenant: Tenant, approval: Approval, people: People, question: str, facts: Sequence[str]) -> None:
    """Show the facts and ask; Refused ends it."""
    named, wanted = approval.yes_production, tenant.production_name or tenant.name
    if not tenant.rehearsal and not named:
        people.approve(question, facts, tenant.production_name)
        return
    for fact in facts:
        people.note(fact)
    if not tenant.rehearsal and named != wanted:
        this = f"tenant {tenant.name!r}" if tenant.name else "a tenant without a name"
        if wanted != tenant.name:
            this += f", which {wanted}, an entry of the same base URL, marks as production"
        raise Refused(f"--yes-production {named}: this is {this}. Nothing was sent.")


def called(tenant: Tenant) -> str:
    """Return the tenant as users know it, and which entry marks it as production."""
    host = host_of(tenant.base_url)
    named = f"{tenant.name} ({host})" if tenant.name else host
    by = f" (by its entry {tenant.marked_by})" if tenant.marked_by not in {"", tenant.name} else ""
    return f"{named}, PRODUCTION{by}" if tenant.production else named


def other_entries(tenant: Tenant) -> list[str]:
    """Name the other entries of the tenant's base URL that hold for it."""
    if not tenant.others:
        return []
    named = ", ".join(tenant.others)
    return [f"entries   what {named} of the same base URL says of production and guards holds too"]
