"""Find the accounts that are protected, and refuse a job that would harm one of them under any of its names."""

import random
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import takewhile

from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.reads import Reads
from bulkscim.errors import Refused
from bulkscim.jobfile.reading import Wanted, rows
from bulkscim.jobfile.source import JobSource
from bulkscim.model.clock import Clock
from bulkscim.model.events import People
from bulkscim.model.harmless import escaped
from bulkscim.model.live import Ambiguous, Found, Missing, Unreadable
from bulkscim.model.operation import USER, Defaults, Key
from bulkscim.planning.lookups import emails_of
from bulkscim.planning.protect import Protects, folded, names_of, protected
from bulkscim.providers.profile import Profile
from bulkscim.transport.base import Transport
from bulkscim.transport.repeating import Repeating

SHOWN = 20


@dataclass(frozen=True, slots=True)
class ProtectedAccounts:
    """What the tenant shows of the accounts in `protect`.

    `names` holds each of their names, ids included. `absent` are those that are proved absent, `unknown` those that the
    tenant may be hiding, each with the reason.
    """

    names: Protects = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def report(self, people: People, *, removes: bool, on_unknown: str) -> None:
        """Report what was not found; Refused for a job that removes while an account is unknown.

        `on_unknown` is `refuse` or `report`.
        """
        for name in self.absent:
            people.note(f"`protect` names {name}, which is not in the tenant: no account is protected by it")
        if self.unknown and removes and on_unknown == "refuse":
            advice = (
                "Nothing was sent: a row that removes could harm it under another name. Correct the name in `protect`,"
                " name the account by its userName or id, or pass --protect-unknown report."
            )
            raise Refused(
                "\n".join((*(f"protected, but not found: {one}" for one in self.unknown[:SHOWN]), advice))
            )
        for one in self.unknown:
            people.note(f"protected, but not found: {one}")


async def find_protected(
    protect: Sequence[str], transport: Transport, profile: Profile, clock: Clock
) -> ProtectedAccounts:
    """Look up each account in `protect`: by userName, and by e-mail address or by externalId and id."""
    if not protect:
        return ProtectedAccounts()
    reads = Reads(Repeating(transport, clock, random.random), clock, profile)
    names, absent, unknown = folded(protect), [], []
    with closing(Directory(clock, profile)) as directory:
        looked = [await _look_up(name.strip(), directory, reads) for name in protect]
    for name, (found, reason) in zip(protect, looked, strict=True):
        names |= dict.fromkeys(folded(found), name)
        if found or reason:
            unknown += [f"{name} ({reason})"] if reason else []
        elif not profile.lists_inactive:
            unknown.append(f"{name} (this tenant does not show deactivated users)")
        elif "@" in name and not await _shows_emails(reads):
            unknown.append(f"{name} (the listing of users shows no e-mail addresses)")
        else:
            absent.append(name)
    return ProtectedAccounts(names, tuple(absent), tuple(unknown))


async def _look_up(name: str, directory: Directory, reads: Reads) -> tuple[list[str], str]:
    """Return all names of the account that a name stands for, and why it may exist where none was found."""
    reason = ""
    for attribute in ("userName", "emails.value") if "@" in name else ("userName", "externalId", "id"):
        match await directory.find(Key(USER, attribute, name), reads):
            case Found(resource):
                return names_of(resource), ""
            case Ambiguous(ids):
                return list(ids), ""
            case Unreadable(why) if attribute != "id":  # some services answer a malformed id with an error
                reason = reason or f"users cannot be looked up by {attribute}: {why}"
            case Missing() | Unreadable():
                continue
    return [], reason


async def _shows_emails(reads: Reads) -> bool:
    """Return whether the first page of the listing shows an e-mail address; an empty tenant hides none."""
    async for page in reads.pages(USER):
        return not isinstance(page, Unreadable) and (not page or any(map(emails_of, page)))
    return True


def hold_back(
    source: JobSource,
    defaults: Defaults,
    names: Protects,
    limit: int | None,
    wanted: Wanted | None = None,
    *,
    others: Sequence[str] = (),
) -> None:
    """Refuse a job with a row that would harm a protected account; the rows are named.

    `limit` counts the rows of the job, `wanted` are those that are still to be done. `others` are the
    tenant's other entries, which may protect it.
    """
    asked = takewhile(lambda each: limit is None or each[0] <= limit, rows(source, defaults, 1, wanted))
    found = [
        f"{source.name}, row {number}: {operation.verb} of {operation.target}, which is protected ({name})"
        for number, operation in asked
        if (name := protected(operation, names)) is not None
    ]
    if not found:
        return
    more = [f"… and {len(found) - SHOWN:,} more"] if len(found) > SHOWN else []
    shared = f", or in another one of the same base URL: {', '.join(others)}" if others else ""
    advice = (
        "Nothing was sent; remove these rows, or remove the names from `protect` (in the job definition, or in the"
        f" tenant's entry in bulkscim.toml{shared})."
    )
    raise Refused("\n".join((*map(escaped, found[:SHOWN]), *more, advice)))
