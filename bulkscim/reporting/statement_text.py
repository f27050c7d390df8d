"""A statement as text, for people."""

from collections.abc import Iterator

from bulkscim.journal.writer import JOURNAL
from bulkscim.model.harmless import one_line, shown_value
from bulkscim.model.run import RunState
from bulkscim.reporting.statement import Statement
from bulkscim.reporting.summary import SHOWN


def statement_lines(statement: Statement) -> Iterator[str]:
    """Return the statement for people."""
    yield f"STATEMENT on run {one_line(str(statement['run']))}, {statement['verified_at']}, by bulkscim {statement['verified_with']}"
    yield ""
    yield from _about(statement)
    yield from _worked(statement)
    yield from _rows(statement)
    yield from _journal(statement)
    if statement.get("live"):
        yield ""
        yield from live_lines(statement["live"])
    for title, name in (("It is proved", "proves"), ("It is not proved", "does_not_prove")):
        yield ""
        yield f"{title}:"
        *texts, last = statement[name]
        yield from (f"- {text};" for text in texts)
        yield f"- {last}."


def _field(label: str, text: object) -> str:
    return f"{label:<12}{one_line(str(text))}"


def _about(statement: Statement) -> Iterator[str]:
    tenant, job = statement["tenant"], statement["job"]
    name = f"{tenant['name']}, " if tenant["name"] else ""
    yield _field("tenant", f"{name}{tenant['base_url']}, profile {tenant['profile']}")
    yield _field("job file", f"{job['path']}, {job['size'] or 0:,} bytes, SHA-256 {job['sha256']}")
    there = f"it is the one: {job['found']}" if job["found"] else "not compared: it is not there"
    yield _field("", job["wrong"] or there)
    for label in ("command", "note", "begun", "ended", "state", "why"):
        if statement[label]:
            yield _field(label, statement[label])
    if statement.get("purged"):
        gone = statement["purged"]
        yield _field(
            "purged", f"{gone['at']} by {gone['user']} on {gone['host']}: journal and results are gone"
        )
    if statement["parent"]:
        yield _field(
            "parent", f"run {statement['parent'].get('run')}, chain {statement['parent'].get('chain')}"
        )


def _worked(statement: Statement) -> Iterator[str]:
    """Say who worked on it, and when."""
    for each in statement["sessions"]:
        who = f"{each['user']} on {each['host']}, process {each['pid']}, bulkscim {each['version']}"
        how = f"{each['how']} {each['ended']}, chain {each['chain']}" if each["how"] else "no orderly end"
        yield _field("session", f"{each['begun']} {each['command']} by {who}; {how}")


def _rows(statement: Statement) -> Iterator[str]:
    counts = ((state.value.replace("_", " "), statement[state.value]) for state in SHOWN)
    told = " + ".join(f"{count:,} {name}" for name, count in counts if count)
    yield _field("rows", f"{statement['rows']:,} = {told or '0'}")
    yield _field("requests", f"{statement['requests']:,} recorded, {statement['retries']:,} of them repeats")


def _journal(statement: Statement) -> Iterator[str]:
    about = statement["journal"]
    yield _field(
        "journal",
        f"{JOURNAL}: {about['lines']:,} lines in {about['commits']:,} commits, {about['bytes']:,} bytes",
    )
    if about["torn_bytes"]:
        yield _field("", _torn(statement))
    yield _field("chain head", statement["chain"])
    head = statement["head"]
    if head:
        yield _field(
            "given head", f"{head['chain']} is line {head['line']:,} ({head['kind']}, {head['time']})"
        )
        since = (
            f"{head['lines_after']:,} lines came after it" if head["lines_after"] else "nothing came after it"
        )
        yield _field("", since)


def _torn(statement: Statement) -> str:
    about = statement["journal"]
    cause = (
        "another process is writing them; they are not part of this"
        if statement["state"] == RunState.RUNNING
        else "never acknowledged, as a crash leaves them, or altered since: only --head can tell; resume cuts them off"
    )
    return f"{about['torn_bytes']:,} bytes from byte {about['bytes']:,} are not whole: {cause}"


def live_lines(live: Statement) -> Iterator[str]:
    """Return what is not as recorded, a line each."""
    with_ = f", {', '.join(live['children'])} taken into account" if live["children"] else ""
    yield f"read back at {live['at']}: {live['as_recorded']:,} of {live['resources']:,} resources as recorded{with_}"
    for one in live["differences"]:
        where = one["path"] or "the whole of it"
        told = f"recorded {shown_value(one['recorded'])}, live {shown_value(one['live'])}"
        yield one_line(f"row {one['row']}  {one['type']} {one['id']}  {where}: {told}")
