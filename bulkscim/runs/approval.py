"""Ask for approval: a yes at the terminal or beforehand, and of a production tenant its name."""

from collections.abc import Sequence

from bulkscim.errors import Refused
from bulkscim.model.events import People
from bulkscim.runs.options import Approval
from bulkscim.tenants.tenant import Tenant


def ask(tenant: Tenant, approval: Approval, people: People, question: str, facts: Sequence[str]) -> None:
    """Show the facts and ask; Refused ends it."""
    named = approval.yes_production
    if not tenant.rehearsal and not named:
        people.approve(question, facts, tenant.name if tenant.production else "")
        return
    for fact in facts:
        people.note(fact)
    if not tenant.rehearsal and named != tenant.name:
        called = f"tenant {tenant.name!r}" if tenant.name else "a tenant without a name"
        raise Refused(f"--yes-production {named}: this is {called}. Nothing was sent.")
