"""A statement as text, for people."""

from collections.abc import Iterator

from bulkscim.journal.writer import JOURNAL
from bulkscim.model.harmless import one_line, shown_value
from bulkscim.model.run import RunState, Totals
from bulkscim.reporting.statement import StatedJournal, StatedLive, StatedSession, Statement
from bulkscim.reporting.summary import SHOWN


def statement_lines(statement: Statement) -> Iterator[str]:
    """Return the statement for people."""
    yield f"STATEMENT on run {one_line(statement.run)}, {statement.verified_at}, by bulkscim {statement.verified_with}"
    yield ""
    yield from _about(statement)
    yield from map(_worked, statement.sessions)
    yield from _rows(statement.totals)
    yield from _journal(statement)
    if statement.live:
        yield ""
        yield from _live(statement.live)
    for title, texts in (("It is proved", statement.proves), ("It is not proved", statement.does_not_prove)):
        yield ""
        yield f"{title}:"
        *others, last = texts
        yield from (f"- {text};" for text in others)
        yield f"- {last}."


def _field(label: str, text: object) -> str:
    return f"{label:<12}{one_line(str(text))}"


def _about(statement: Statement) -> Iterator[str]:
    tenant, job, parent, gone = statement.tenant, statement.job, statement.parent, statement.purged
    name = f"{tenant.name}, " if tenant.name else ""
    yield _field("tenant", f"{name}{tenant.base_url}, profile {tenant.profile}")
    yield _field("job file", f"{job.path}, {job.size or 0:,} bytes, SHA-256 {job.sha256}")
    there = f"it is the one: {job.found}" if job.found else "not compared: it is not there"
    yield _field("", job.wrong or there)
    for label in ("command", "note", "begun", "ended", "state", "why"):
        if value := getattr(statement, label):
            yield _field(label, value)
    if gone:
        yield _field("purged", f"{gone.at} by {gone.by.user} on {gone.by.host}: journal and results are gone")
    if parent:
        yield _field("parent", f"run {parent.run}, chain {parent.chain}")


def _worked(session: StatedSession) -> str:
    """Say who worked on it, and when."""
    who = f"{session.user} on {session.host}, process {session.pid}, bulkscim {session.version}"
    how = f"{session.how} {session.ended}, chain {session.chain}" if session.how else "no orderly end"
    return _field("session", f"{session.begun} {session.command} by {who}; {how}")


def _rows(totals: Totals) -> Iterator[str]:
    counts = ((state.value.replace("_", " "), totals.of(state)) for state in SHOWN)
    told = " + ".join(f"{count:,} {name}" for name, count in counts if count)
    yield _field("rows", f"{totals.rows:,} = {told or '0'}")
    yield _field("requests", f"{totals.requests:,} recorded, {totals.retries:,} of them repeats")


def _journal(statement: Statement) -> Iterator[str]:
    about, head = statement.journal, statement.head
    sizes = f"{about.lines:,} lines in {about.commits:,} commits, {about.bytes:,} bytes"
    yield _field("journal", f"{JOURNAL}: {sizes}")
    if about.torn_bytes:
        yield _field("", _torn(about, statement.state))
    yield _field("chain head", statement.chain)
    if head:
        yield _field("given head", f"{head.chain} is line {head.line:,} ({head.kind}, {head.time})")
        since = f"{head.lines_after:,} lines came after it" if head.lines_after else "nothing came after it"
        yield _field("", since)


def _torn(about: StatedJournal, state: RunState) -> str:
    cause = (
        "another process is writing them; they are not part of this"
        if state is RunState.RUNNING
        else "never acknowledged, as a crash leaves them, or altered since: only --head can tell; resume cuts them off"
    )
    return f"{about.torn_bytes:,} bytes from byte {about.bytes:,} are not whole: {cause}"


def _live(live: StatedLive) -> Iterator[str]:
    """Say what is not as recorded, a line each."""
    with_ = f", {', '.join(live.children)} taken into account" if live.children else ""
    yield f"read back at {live.at}: {live.as_recorded:,} of {live.resources:,} resources as recorded{with_}"
    for one in live.differences:
        where = one.path or "the whole of it"
        told = f"recorded {shown_value(one.recorded)}, live {shown_value(one.live)}"
        yield one_line(f"row {one.row}  {one.type} {one.id}  {where}: {told}")
