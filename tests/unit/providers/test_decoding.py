"""Files of providers."""

from contextlib import suppress
from dataclasses import fields

import pytest

from bulkscim.errors import UsageError
from bulkscim.model.operation import GROUP, USER, Verb
from bulkscim.model.step import Action
from bulkscim.providers.decoding import decoded
from bulkscim.providers.profile import Advice, Basis, Bucket, Profile
from bulkscim.providers.quirks import Dialect, IntegrationQuirks, Quirks
from bulkscim.providers.reversal import Grade, Reversal
from bulkscim.scim.protocol import PatchForm

FACT = '[[facts]]\ntopic = "rate"\ntext = "five"\nbasis = "seen"\nsource = "x.example"\n'


def read(text):
    return decoded(text, "acme", "acme.toml")


def test_an_empty_file_is_a_service_of_which_nothing_is_known():
    """Every key has a default."""
    assert read("").profile == Profile("acme")
    assert read("").quirks == Quirks()


def test_every_kind_of_value_is_read():
    """Texts, numbers, lists, tables, and the names of what the code has enumerations for."""
    profile = read(
        'title = "Acme"\nlists_members = false\nshows_groups = true\nvisibility_lag_s = 3\n'
        'patch_forms = ["core", "patch_op"]\nrestores = ["Group"]\n'
        '[[buckets]]\nlimit = 5\nwindow_s = 1.5\nmethods = ["POST"]\nprefix = "/Users"\n'
        '[[advice]]\naction = "create"\nstatus = 409\ntext = "no"\ntype = "User"\n'
        '[cautions]\ndelete = "final"\n[id_prefixes]\nUser = "u-"\n[most_bytes]\npage = 9\n'
        '[[reversals]]\nverb = "delete"\ntype = ""\ngrade = "new_id"\n' + FACT
    ).profile

    assert (profile.title, profile.lists_members, profile.shows_groups, profile.visibility_lag_s) == (
        "Acme",
        False,
        True,
        3.0,
    )
    assert profile.patch_forms == (PatchForm.CORE, PatchForm.PATCH_OP)
    assert profile.restores == {GROUP}
    assert profile.buckets == (Bucket(5, 1.5, methods=frozenset({"POST"}), prefix="/Users"),)
    assert profile.advice == (Advice(Action.CREATE, 409, "no", USER),)
    assert profile.cautions == {Verb.DELETE: "final"}
    assert profile.id_prefixes == {USER: "u-"}
    assert profile.most_bytes.page == 9
    assert profile.reversals == (Reversal(Verb.DELETE, "", Grade.NEW_ID),)
    assert profile.facts[0].basis is Basis.SEEN


def test_a_sandbox_answers_as_the_profile_says():
    """What the service does is written once."""
    text = 'media_type = "application/json"\nlists_inactive = false\nstrips_groups = true\nfilter = false\nfilter_cap = 7\n'
    quirks = read(
        text + '[sandbox]\ndialect = "both"\n[sandbox.integrations.sandbox]\ngroups = "teams"\n'
    ).quirks

    assert quirks == Quirks(
        {"sandbox": IntegrationQuirks("teams")},
        media_type="application/json",
        hides_inactive=True,
        strips_groups=True,
        filters=False,
        filter_cap=7,
        dialect=Dialect.BOTH,
    )
    assert not read(text + "[sandbox]\nhides_inactive = false\n").quirks.hides_inactive


ODD = ("1", "-1", "0", "1.5", "nan", "inf", "1e300", "9" * 400, "true", "''", "'\u00e9{x'", "[]", "[[]]", "[1]", "['']", "[{}]", "{}",
       "{ a = 1 }", "{ User = '{x}' }", "{ a = { b = [] } }", "1979-05-27", "['User', 'x']")  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_no_value_ends_in_another_error(odd):
    """Of every key: it is read, or refused with the fix."""
    for prefix, kind in (("", Profile), ("sandbox.", Quirks)):
        for each in fields(kind):
            with suppress(UsageError):
                read(f"{prefix}{each.name} = {odd}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = ", "acme.toml: "),
        ("page_sise = 9", "acme.toml, page_sise: this key is not known; did you mean page_size?"),
        ('name = "other"', "acme.toml, name: this key is not known"),
        ("sandbox = 1", "acme.toml, sandbox: it must be a table; write [sandbox]"),
        ("[sandbox]\nowned = 1", "acme.toml, [sandbox], owned: this key is not known; did you mean owner?"),
        (
            'page_size = "9"',
            "acme.toml, page_size: it must be a whole number above 0, not '9'; write page_size = 10",
        ),
        ("page_size = 0", "page_size: it must be a whole number above 0, not 0"),
        ("page_size = true", "page_size: it must be a whole number above 0, not True"),
        ("patch = 1", "patch: it must be true or false, not 1"),
        ("title = 1", "title: it must be text in quotes, not 1"),
        ("buckets = 1", "buckets: it must be a list in [ ], not 1"),
        ("buckets = [1]", "buckets: it must be a table, not 1"),
        (
            "[[buckets]]\nlimit = 1",
            "acme.toml, [[buckets]] 1, window_s: it is missing; add window_s = … (a number)",
        ),
        (
            '[[buckets]]\nlimit = 1\nwindow_s = 1\nmethods = ["COPY"]',
            "[[buckets]] 1, methods: 'COPY' is not known; write",
        ),
        (
            "[[buckets]]\nlimit = 1\nwindow_s = -1",
            "[[buckets]] 1, window_s: it must be a number above 0, not -1",
        ),
        ('patch_forms = ["rfc"]', "patch_forms: 'rfc' is not known; write one of 'patch_op', 'core'"),
        ('restores = ["Team"]', "restores: 'Team' is not known; write one of 'User', 'Group'"),
        (
            '[cautions]\ncreating = "x"',
            "acme.toml, [cautions], creating: 'creating' is not known; write one of 'create'",
        ),
        ('[id_prefixes]\nTeam = "x"', "acme.toml, [id_prefixes], Team: 'Team' is not known"),
        (
            '[headers]\nAuthorization = "x"',
            "acme.toml, [headers], Authorization: a credential must not be written here",
        ),
        ('[headers]\nX-Api-Key = "x"', "a credential must not be written here"),
        ('[headers]\nHost = "x"', "acme.toml, [headers], Host: this header is set for each request; omit it"),
        ('[headers]\nX-Acme = "a\\nb"', "acme.toml, [headers], X-Acme: a header has a name of letters"),
        ('[headers]\n"X Acme" = "a"', "acme.toml, [headers], X Acme: a header has a name of letters"),
        (
            FACT.replace("seen", "felt"),
            "[[facts]] 1, basis: 'felt' is not known; write one of 'documented', 'copied'",
        ),
        (
            FACT.replace('source = "x.example"', ""),
            "[[facts]] 1, source: it is missing for basis 'seen'; say where",
        ),
        (FACT + 'of = ["rates"]', "acme.toml, [[facts]] 1, of: 'rates' is no key of a profile"),
        ("[sandbox.integrations.sandbox]", "[sandbox.integrations.sandbox], groups: it is missing"),
    ],
)
def test_what_is_wrong_is_named_with_file_table_key_and_fix(text, words):
    """Who writes a file can correct it without reading the code."""
    with pytest.raises(UsageError) as refused:
        read(text)

    assert str(refused.value).startswith("acme.toml")
    assert words in str(refused.value)
