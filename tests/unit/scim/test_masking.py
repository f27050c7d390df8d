"""Known secrets are replaced in what comes from outside, in every form that services write them in."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkscim.model.operation import Key, Operation, PatchOperation, Verb
from bulkscim.model.request import Loss, NoAnswer, Response
from bulkscim.scim.masking import Masking, masking_of
from tests.support.servers.echoing import FORMS

SECRET = 'pä"ss/w+rd&=Winter<26>'


@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_a_secret_is_replaced(form):
    """In a detail, in a name, in a header, in a page that is no JSON, and in what a network error says.

    Decimal entities, escapes that were escaped again and hexadecimal got through.
    """
    text, masking = FORMS[form](SECRET), Masking([SECRET])
    core = text[4:-4]  # base64 shares its ends with its neighbours
    body = orjson.dumps({"detail": f"bad: {text}.", text: [{"deep": text}]})
    for reply in (
        Response(400, {"x": text}, body),
        Response(500, {}, f"<p>{text}</p>".encode()),
        NoAnswer(Loss.CUT, text),
    ):
        told = masking.reply(reply)
        shown = told.detail if isinstance(told, NoAnswer) else f"{told.headers} {told.body.decode()}"
        assert "[secret]" in shown
        assert core not in shown
        assert core not in shown.encode().decode("unicode_escape")


@given(st.text(min_size=8), st.text(), st.text())
def test_no_string_of_an_answer_holds_a_secret(secret, before, after):
    """Whatever stands around it."""
    body = (
        orjson.dumps({"a": [before + secret + after]}) if (before + secret + after).isprintable() else b"{}"
    )
    told = Masking([secret]).reply(Response(200, {}, body))
    assert secret not in str(orjson.loads(told.body)) or secret in "{'a': ['[secret]']}"


@pytest.mark.parametrize(
    ("body", "masked"),
    [
        (b'{"pin": 20260131, "n": 2026013, "f": 2.5}', {"pin": "[secret]", "n": 2026013, "f": 2.5}),
        (b'\xef\xbb\xbf{"a": "\\u0032\\u0030260131"}', {"a": "[secret]"}),
        (b'{"totalResults": 12345, "a": 12345}', {"totalResults": 12345, "a": 12345}),
    ],
)
def test_numbers_and_letters_that_need_no_escape_are_found(body, masked):
    """A password of digits was shown where it came as a number, or with its digits escaped; a count is no password."""
    assert orjson.loads(Masking(["20260131", "12345"]).reply(Response(200, {}, body)).body) == masked


@pytest.mark.timeout(60)
@pytest.mark.parametrize("filler", ["\\", "%25", "&amp;", "&#0", 'tok"', "\\u005c"])
def test_no_answer_makes_the_search_long(filler):
    """A server that knows the secret may write an answer for it: one of a megabyte takes no minute."""
    masking = Masking(["\\" * 20 + '"x', 'tok"\\/en1'])
    assert masking.text(filler * (200_000 // len(filler)) + "x tok en1").endswith("x tok en1")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("password abc is too short", "password [secret] is too short"),
        ("abc", "[secret]"),
        ("user%3Aabc%20x", "user%3A[secret]%20x"),
        ("abcdef and xabc stay", "abcdef and xabc stay"),
        ("abc@example.com", "abc@example.com"),
        ("abc@example.com has abc", "[secret]@example.com has [secret]"),
    ],
)
def test_short_secret_is_replaced_as_a_word_and_stated_text_stays(text, masked):
    """A password of three letters is part of too many texts, and a userName that holds it is what the row says."""
    assert Masking(["abc"], ["abc@example.com"]).text(text) == masked


def test_a_short_token_is_no_word_of_an_address():
    """With the token `test`, no user of test@x.test was found again."""
    masking = Masking(["test"], words=False)
    told = [masking.text(each) for each in ("ada@x.test", "the test", "test", "Bearer test is known")]

    assert told == ["ada@x.test", "the test", "[secret]", "Bearer [secret] is known"]


def test_secrets_of_a_row_are_found_in_its_data_and_its_patches():
    """Also below an extension, in a patch without a path, and by a path."""
    extension = {"urn:example:2.0:User": {"password": "in-extension"}}
    values = [
        PatchOperation("replace", "password", "by-path-value"),
        PatchOperation(
            "replace", None, {"urn:example:2.0:User:password": "in-a-value", "title": "No secret"}
        ),
    ]
    data = {"password": "in-data-value", "nickName": "Open text", **extension}
    row = Operation(Verb.CREATE, "User", Key("User", "userName", "ada@example.com"), data, tuple(values))
    masking = masking_of(row)

    secrets = ["in-extension", "by-path-value", "in-a-value", "in-data-value"]
    assert [masking.text(f"a {one}!") for one in secrets] == ["a [secret]!"] * len(secrets)
    assert masking.text("No secret, Open text, ada@example.com") == "No secret, Open text, ada@example.com"
