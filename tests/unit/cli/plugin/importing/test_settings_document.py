"""A settings document is read, or refused with one sentence that quotes no value."""

import json

import pytest

from fakeorg.keys import key_pair
from token_operator.cli.plugin.errors import NotGoodError
from token_operator.cli.plugin.importing.settings_document import (
    api_version_of,
    login_url_of,
    name_from,
    settings_in,
)

GOOD = {
    "Username": "user@acme.com",
    "ClientId": "3MVG9.Example",
    "PrivateKey": key_pair("import").private_key,
    "InstanceUrl": "https://acme-dev-ed.my.salesforce.com",
    "InstanceAPIVersion": "v51.0",
}


def refusal_of(content: bytes) -> str:
    with pytest.raises(NotGoodError) as refused:
        settings_in(content)
    return refused.value.message


def test_document_is_read_in_the_words_of_a_connection() -> None:
    read = settings_in(b"\xef\xbb\xbf" + json.dumps(GOOD | {"More": 1}).encode())

    assert (read.username, read.consumer_key) == ("user@acme.com", "3MVG9.Example")
    assert read.login_url == "https://acme-dev-ed.my.salesforce.com"
    assert read.api_version == "51.0"
    assert read.key_fingerprint.startswith("SHA256:")
    assert read.unknown_members == ("More",)
    assert "PRIVATE KEY" not in repr(read)


@pytest.mark.parametrize("name", ["Username", "ClientId", "PrivateKey", "InstanceUrl"])
def test_missing_member_is_named_with_an_example(name: str) -> None:
    members = {key: value for key, value in GOOD.items() if key != name}

    assert refusal_of(json.dumps(members).encode()).startswith(f"The document lacks {name}, such")


@pytest.mark.parametrize("value", [5, "", " ", ["x"], {}])
def test_member_that_is_no_text_is_refused(value: object) -> None:
    refusal = refusal_of(json.dumps(GOOD | {"ClientId": value}).encode())

    assert refusal.startswith("ClientId in the document must be a text")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param('{"Username": "u', "line 1, column 14: a text that begins there", id="cut"),
        pytest.param(
            '{\n"Username": "u,\n"A": ""}', "line 2, column 16: a text has no", id="quote"
        ),
        pytest.param('{"Username": u"}', "line 1, column 14: a value in quotes", id="first quote"),
        pytest.param('{"Username": "u" "A": 1}', "line 1, column 18: a comma, a", id="comma"),
        pytest.param('{"Username": "u",}', "line 1, column", id="comma too many"),
        pytest.param('{"Username: "u"}', "line 1, column 14: a comma, a colon", id="name"),
        pytest.param("{} {}", "line 1, column 4: something follows", id="two"),
        pytest.param("", "line 1, column 1: a value", id="nothing"),
    ],
)
def test_broken_json_is_told_with_line_and_column(text: str, told: str) -> None:
    assert told in refusal_of(text.encode())


@pytest.mark.parametrize("text", ["[]", "null", '"x"'])
def test_other_json_is_refused(text: str) -> None:
    assert "is no JSON object with Username" in refusal_of(text.encode())


def test_wrong_key_is_reported_without_its_content() -> None:
    refusal = refusal_of(json.dumps(GOOD | {"PrivateKey": "sekret-nonsense"}).encode())

    assert refusal.startswith("PrivateKey contains no recognizable private key.")
    assert "sekret" not in refusal


@pytest.mark.parametrize("content", [b"\xff\xfe{", b"[" * 100_000, b" " * 300_000])
def test_what_is_no_document_at_all_is_refused(content: bytes) -> None:
    assert refusal_of(content).startswith("The document is ")


@pytest.mark.parametrize(
    ("text", "version"), [("v51.0", "51.0"), ("51.0", "51.0"), ("51", "51.0"), ("", None)]
)
def test_api_version_loses_its_letter(text: str, version: str | None) -> None:
    assert api_version_of(text) == version


@pytest.mark.parametrize("text", ["51.5", "v", "latest", "v5.0"])
def test_other_api_version_is_refused(text: str) -> None:
    with pytest.raises(NotGoodError, match="InstanceAPIVersion"):
        api_version_of(text)


@pytest.mark.parametrize(
    ("instance_url", "login_url"),
    [
        ("https://Acme.my.salesforce.com/", "https://acme.my.salesforce.com"),
        ("https://na1.salesforce.com", "https://login.salesforce.com"),
        ("https://cs12.salesforce.com", "https://test.salesforce.com"),
        ("https://acme.lightning.force.com", "https://acme.my.salesforce.com"),
        ("https://acme.my.salesforce-setup.com", "https://acme.my.salesforce.com"),
        ("https://acme.lightning.force.com/lightning/page", "https://acme.my.salesforce.com"),
        ("https://127.0.0.1:8443", "https://127.0.0.1:8443"),
    ],
)
def test_login_url_is_the_instance_url_where_that_is_a_my_domain(
    instance_url: str, login_url: str
) -> None:
    assert login_url_of(instance_url) == login_url


@pytest.mark.parametrize(
    "url",
    [
        "acme.my.salesforce.com",
        "http://a.b",
        "https://",
        "https://a/b",
        "https://acme.my.salesforce.com/services/oauth2/token",
    ],
)
def test_instance_url_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(NotGoodError, match="InstanceUrl"):
        login_url_of(url)


@pytest.mark.parametrize("extra", [":443", "/services/oauth2/token", "."])
def test_instance_url_with_more_than_the_my_domain_is_refused_with_the_one_to_use(
    extra: str,
) -> None:
    with pytest.raises(
        NotGoodError, match=r"InstanceUrl .* use https://acme\.my\.salesforce\.com\."
    ):
        login_url_of(f"https://acme.my.salesforce.com{extra}")


@pytest.mark.parametrize(
    ("login_url", "name"),
    [
        ("https://acme--dev.sandbox.my.salesforce.com", "acme--dev"),
        ("https://login.salesforce.com", "salesforce"),
        ("https://127.0.0.1:1", "salesforce"),
    ],
)
def test_connection_is_named_after_the_my_domain(login_url: str, name: str) -> None:
    assert name_from(login_url) == name
