"""What an entry of a Secret may hold where a connection refers to it."""

import base64

import pytest

from token_operator.domain.connection import Auth
from token_operator.domain.failures import SourceKeyMissingError
from token_operator.domain.grants import ClientCredentials, JWTBearer, RefreshToken
from token_operator.domain.sources import EntryRef
from token_operator.domain.targets.secret import Secret, SecretMeta
from token_operator.reconcile.credentials import values_in

REF = EntryRef("crm-app", "value")
KEY = "3MVG9.Example"
GRANTS: dict[str, Auth] = {
    "consumer key": Auth(consumer_key=REF, grant=JWTBearer(username="u@acme.example", keys=())),
    "username": Auth(consumer_key=KEY, grant=JWTBearer(username=REF, keys=())),
    "consumer secret": Auth(consumer_key=KEY, grant=ClientCredentials(consumer_secret=REF)),
    "refresh token": Auth(consumer_key=KEY, grant=RefreshToken(refresh_token=REF)),
}
EVERY = pytest.mark.parametrize("auth", GRANTS.values(), ids=GRANTS.keys())


def read(auth: Auth, content: bytes) -> str:
    """Return what is read from the entry that *auth* refers to."""
    meta = SecretMeta(name="crm-app", uid="u", resource_version="1")
    found = values_in(auth, {"crm-app": Secret(meta=meta, entries={"value": content})})
    values = (found.consumer_key, found.username, found.consumer_secret, found.stored_token)
    return next(value for value in values if value and value not in {KEY, "u@acme.example"})


def refusal(auth: Auth, content: bytes) -> SourceKeyMissingError:
    with pytest.raises(SourceKeyMissingError) as caught:
        read(auth, content)
    assert "Secret crm-app, entry value" in caught.value.message
    assert content.decode(errors="replace").strip() not in caught.value.sentence()
    assert caught.value.advice
    return caught.value


@EVERY
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_value_is_read_in_the_encoding_that_its_mark_names(
    auth: Auth, encoding: str, end: str
) -> None:
    assert read(auth, f"value_1{end}".encode(encoding)) == "value_1"


@EVERY
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("value_1".encode("utf-16-le"), "UTF-16LE without a byte order mark"),
        ("value_1".encode("utf-16-be"), "UTF-16BE without a byte order mark"),
        ("vàlue_1".encode("latin-1"), "not one line of text"),
        (b"{{ .Values.value }}", "a template that was not rendered"),
        (b"${VALUE}\n", "a template that was not rendered"),
        (b"Bearer value_1", "'Bearer' before the value"),
        (base64.b64encode(b"a value of more than 20 characters\n"), "encoded twice"),
    ],
)
def test_value_that_cannot_be_meant_is_named_and_not_shown(
    auth: Auth, content: bytes, words: str
) -> None:
    assert words in refusal(auth, content).message


@pytest.mark.parametrize(
    "content",
    [
        b" u@acme.example",
        b"u@acme.example ",
        b'"u@acme.example"',
        b"'u@acme.example'",
        b"a u@b.example",
    ],
)
def test_username_with_blanks_or_quotes_is_refused(content: bytes) -> None:
    found = refusal(GRANTS["username"], content)

    assert "not a username" in found.message
    assert "without blanks and quotes" in found.advice


def test_username_may_have_an_apostrophe_within() -> None:
    assert read(GRANTS["username"], b"o'brien@acme.example") == "o'brien@acme.example"


@pytest.mark.parametrize("content", [b"3MVG9 x", b'"3MVG9"', b" 3MVG9", b"https://acme.example"])
def test_consumer_key_of_another_shape_is_refused(content: bytes) -> None:
    assert "not a consumer key" in refusal(GRANTS["consumer key"], content).message
