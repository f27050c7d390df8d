"""No secret is in any file or on any screen, whatever a tenant answers and whatever the job is."""

import json
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from urllib.parse import quote

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bulkscim.cli import code_of
from tests.support.making.few import few
from tests.support.running.virtual_loop import VirtualTime
from tests.support.servers.echoing import (
    BASE_URL,
    FORMS,
    PLACES,
    STATUSES,
    Echo,
    on_virtual_time,
    shown_forms,
    wire_of,
)

VERBS = ("create", "upsert", "patch", "replace")
MORE = (
    ("export", "users", "--out", "out.jsonl", "--base-url", BASE_URL),
    ("verify", "last", "--live", "--base-url", BASE_URL),
    ("resume", "last", "-v"),
    ("count", "--base-url", BASE_URL, "--json"),
)
COMMANDS = (
    ("retry", "last", "-v"),
    ("status", "last", "--json"),
    ("results", "last"),
    ("explain", "last", "--row", "1"),
)
PRINTABLE = "aZ09+/=&<>\"'%\\~$!"
TOKENS = st.text(PRINTABLE, min_size=6, max_size=16).map(lambda text: f"tk{text}Q7")
PASSWORDS = st.text(PRINTABLE + " äß😀", min_size=6, max_size=16).map(lambda text: f"pw{text}X8")
ECHOES = st.fixed_dictionaries(
    {
        "form": st.sampled_from(sorted(FORMS)),
        "place": st.sampled_from(PLACES),
        "status": st.sampled_from((0, *STATUSES)),
        "first": st.sampled_from((0, 0, 0, 3, 5)),
        "reads": st.booleans(),
    }
)


def records(verb, password):
    """Return a job of one row that sets a password."""
    if verb == "patch":
        change = {"op": "replace", "path": "password", "value": password}
        return {"op": "patch", "type": "User", "match": {"userName": "ada@example.com"}, "patch": [change]}
    name = "ada@example.com" if verb == "replace" else "new@example.com"
    data = {"userName": name, "title": "Lead", "password": password}
    return {
        "op": verb,
        "type": "User",
        "data": data,
        **({"match": {"userName": name}} if verb == "replace" else {}),
    }


def shown(*arguments):
    """Carry out a command line here and return its exit code and all that it prints."""
    screen = TextIOWrapper(BytesIO(), "utf-8", write_through=True)
    with redirect_stdout(screen), redirect_stderr(screen):
        code = code_of(arguments)
    screen.flush()
    return code, screen.buffer.getvalue().decode()


@pytest.mark.parametrize("kind", few(["token", "password", "proxy"], 1))
@settings(max_examples=10, derandomize=True, phases=[Phase.generate])  # shrinking takes minutes
@given(st.data())
def test_no_secret_is_in_any_file_or_on_any_screen(kind, tmp_path_factory, data):
    """In every encoding, at every place of an answer, with every status, for every verb that sets a password."""
    folder = tmp_path_factory.mktemp("run")
    token, password, proxy = data.draw(TOKENS), data.draw(PASSWORDS), data.draw(PASSWORDS)
    secret = {"token": token, "password": password, "proxy": proxy}[kind]
    drawn, verb = data.draw(ECHOES), data.draw(st.sampled_from(VERBS))
    form = drawn.pop("form")
    echo = Echo(FORMS[form](secret), shy=kind == "password", **drawn)
    job = folder / "job.jsonl"
    job.write_text(json.dumps(records(verb, password)) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in (("STATE", "state"), ("CONFIG", "config"), ("RUNS", "runs")):
            patch.setenv(f"BULKSCIM_{name}_DIR", str(folder / value))
        patch.setenv("BULKSCIM_TOKEN", token)
        patch.setenv("BULKSCIM_PROXY", f"http://me:{quote(proxy, safe='')}@proxy.example:3128")
        time = VirtualTime()
        on_virtual_time(patch, time, wire_of(echo, time))
        seen = [shown("run", "job.jsonl", "--base-url", BASE_URL, "--yes", "-v")]
        seen += [shown(*command) for command in COMMANDS]
        if kind != "password":  # a command without the job file knows only its own secrets
            seen.append(shown(*data.draw(st.sampled_from(MORE))))
        if kind == "password":  # a rollback does not know what its run has sent
            echo.silent = True
        seen.append(shown("rollback", "last", "--yes", "-v"))
    job.unlink()

    assert 1 not in [code for code, _ in seen], seen
    files = {
        str(path): path.read_bytes().decode("utf-8", "replace")
        for path in folder.rglob("*")
        if path.is_file()
    }
    for place, text in (*files.items(), *((f"command {n}", text) for n, (_, text) in enumerate(seen))):
        for told in shown_forms(secret):
            assert told not in text, (place, form, drawn, verb, told, text)
