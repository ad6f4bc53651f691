import base64

import pytest

from token_operator.domain.text_encodings import in_utf8, unmarked_encoding
from token_operator.domain.unrendered import what_is_unrendered


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ .Values.consumerKey }}", "template"),
        ("{{consumerKey}}", "template"),
        ("user@{{ env }}.example", "template"),
        ("${CONSUMER_KEY}", "template"),
        ("${CONSUMER_KEY:-none}", "template"),
        ("$(CONSUMER_KEY)", "template"),
        ("Bearer 00Dxx!AQ", "'Bearer'"),
        ("bearer 00Dxx!AQ", "'Bearer'"),
        ("Authorization: Bearer 00Dxx!AQ", "'Bearer'"),
        (base64.b64encode(b"3MVG9.Example_of_a_consumer_key").decode(), "twice"),
        (base64.b64encode(b"integration@acme.example\n").decode(), "twice"),
    ],
)
def test_text_that_a_tool_should_have_changed_is_named(text: str, words: str) -> None:
    found = what_is_unrendered(text)

    assert found is not None
    assert words in found[0]
    assert found[1]


@pytest.mark.parametrize(
    "text",
    [
        "3MVG9.Example_of_a_consumer_key",
        "integration@acme.example",
        "bearer@acme.example",
        "0123456789ABCDEF" * 4,
        "5Aep861z80Xevi74eVVu9BN9fCnrGq.Vq4bZ",
        "c2hvcnQ=",
        "{secret}",
        "pa$$word",
        "",
        base64.b64encode(bytes(range(64))).decode(),
    ],
)
def test_text_that_may_be_a_value_is_not_named(text: str) -> None:
    assert what_is_unrendered(text) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_text_with_a_mark_is_brought_back_to_utf_8(encoding: str) -> None:
    assert in_utf8("Müller".encode(encoding)) == "Müller".encode()


@pytest.mark.parametrize("content", [b"\xff\xfeabc", b"\xef\xbb\xbf\xff", b"\xff", b""])
def test_text_that_is_not_what_its_mark_says_stays_as_it_is(content: bytes) -> None:
    assert in_utf8(content) == content


@pytest.mark.parametrize("encoding", ["UTF-16LE", "UTF-16BE"])
def test_utf_16_without_a_mark_is_recognized(encoding: str) -> None:
    assert unmarked_encoding("value".encode(encoding)) == encoding


@pytest.mark.parametrize(
    "content", [b"", b"a\0", bytes(16), b"a\0b\0c\0d", b"value!", b"\xff\0" * 5]
)
def test_other_content_is_not_taken_for_utf_16(content: bytes) -> None:
    assert not unmarked_encoding(content)
