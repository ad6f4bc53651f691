"""The settings document of other Salesforce clients, read and judged (pure)."""

import json
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, urlsplit

from token_operator.cli.plugin.errors import NotGoodError
from token_operator.domain.failures import FailureError
from token_operator.domain.sources import KeySource
from token_operator.salesforce.keys.loading import KeyMaterial, load_local_key
from token_operator.salesforce.login_urls import better_login_url

LARGEST: Final = 256 * 1024
_MEMBERS: Final = ("Username", "ClientId", "PrivateKey", "InstanceUrl", "InstanceAPIVersion")
_OPTIONAL: Final = frozenset({"InstanceAPIVersion"})
_OF_MANY_LINES: Final = frozenset({"PrivateKey"})
_EXAMPLES: Final = {
    "Username": '"integration@acme.example"',
    "ClientId": '"3MVG9..." (the consumer key)',
    "PrivateKey": '"-----BEGIN PRIVATE KEY-----\\nMII...\\n-----END PRIVATE KEY-----"',
    "InstanceUrl": '"https://acme.my.salesforce.com"',
    "InstanceAPIVersion": '"v51.0"',
}
_VERSION: Final = re.compile(r"[vV]?([1-9][0-9]{1,2})(?:\.0)?")
# As the schema of a connection has it, but in upper case too.
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")
_PLACE: Final = "the document"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsDocument:
    """What the document says, in the words of a connection."""

    username: str
    consumer_key: str
    private_key: str = field(repr=False)
    login_url: str
    api_version: str | None
    key_fingerprint: str
    unknown_members: tuple[str, ...] = ()


def settings_in(content: bytes) -> SettingsDocument:
    """Return what *content* says; raise NotGoodError with one sentence where it is no good.

    No message quotes a value: it could be the private key.
    """
    members = _object_in(content)
    given = {name: _member(members, name) for name in _MEMBERS}
    return SettingsDocument(
        username=given["Username"].strip(),
        consumer_key=given["ClientId"].strip(),
        private_key=given["PrivateKey"],
        login_url=login_url_of(given["InstanceUrl"].strip()),
        api_version=api_version_of(given["InstanceAPIVersion"].strip()),
        key_fingerprint=_fingerprint(given["PrivateKey"]),
        unknown_members=tuple(sorted(name for name in members if name not in _MEMBERS)),
    )


def _object_in(content: bytes) -> dict[str, object]:
    if len(content) > LARGEST:
        raise NotGoodError("The document is larger than 256 KiB: it is no settings document.")
    try:
        found: object = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise NotGoodError("The document is not UTF-8 text.") from None
    except RecursionError:
        raise NotGoodError("The document is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise NotGoodError(_broken(error)) from None
    except ValueError:
        raise NotGoodError("The document holds a number of too many digits.") from None
    if not isinstance(found, dict):
        raise NotGoodError(f"The document is no JSON object with {', '.join(_MEMBERS)}.")
    return found


def _broken(error: json.JSONDecodeError) -> str:
    """Return where the document is broken and the likely cause."""
    where = f"line {error.lineno}, column {error.colno}"
    match error.msg:
        case text if text.startswith("Unterminated string"):
            likely = "a text that begins there has no closing quote"
        case text if text.startswith("Invalid control character"):
            likely = "a text has no closing quote on that line, or a line break that is not \\n"
        case text if "delimiter" in text:
            likely = "a comma, a colon or a quote is missing before it"
        case text if "property name" in text:
            likely = "a name in quotes is expected there; a comma too many stands before it"
        case "Expecting value":
            likely = "a value in quotes is expected there"
        case text if text.startswith("Extra data"):
            likely = "something follows the closing brace"
        case _:
            likely = error.msg
    return f"The document is not valid JSON at {where}: {likely}."


def _member(members: dict[str, object], name: str) -> str:
    value = members.get(name)
    if value is None and name in _OPTIONAL:
        return ""
    if value is None:
        raise NotGoodError(f"The document lacks {name}, such as {name}: {_EXAMPLES[name]}.")
    if not isinstance(value, str) or not value.strip():
        raise NotGoodError(f"{name} in the document must be a text: {_EXAMPLES[name]}.")
    if not _is_text(value) or (name not in _OF_MANY_LINES and not value.strip().isprintable()):
        raise NotGoodError(
            f"{name} in the document has characters that no {name} has, such as "
            f"{name}: {_EXAMPLES[name]}."
        )
    return value


def _is_text(value: str) -> bool:
    """Whether *value* has a form in UTF-8: a lone surrogate, which JSON can spell, has none."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def login_url_of(instance_url: str) -> str:
    """Return the login URL for an instance URL: the same, unless no tokens are requested there."""
    better = better_login_url(instance_url)
    if better is not None and better.is_another_host:
        return better.url
    if better is not None:
        raise NotGoodError(f"InstanceUrl in the document {better.problem}: use {better.url}.")
    parts = _split(instance_url)
    is_host = _HOST.fullmatch(parts.netloc) is not None
    if parts.scheme.lower() != "https" or not is_host or parts.path.strip("/"):
        raise NotGoodError(
            f"InstanceUrl in the document must be https:// and a host: {_EXAMPLES['InstanceUrl']}."
        )
    return f"https://{parts.netloc.lower()}"


def _split(url: str) -> SplitResult:
    """Return the parts of *url*; none where it has brackets around something else than IPv6."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def api_version_of(text: str) -> str | None:
    """Return ``51.0`` for ``v51.0``, ``51.0`` and ``51``; None for nothing."""
    if not text:
        return None
    found = _VERSION.fullmatch(text)
    if found is None:
        raise NotGoodError(
            f"InstanceAPIVersion in the document must be like {_EXAMPLES['InstanceAPIVersion']}."
        )
    return f"{found[1]}.0"


def _fingerprint(private_key: str) -> str:
    source = KeySource(secret_name=_PLACE, private_key_entry="PrivateKey")
    entries = {"PrivateKey": private_key.encode()}
    try:
        return load_local_key(
            KeyMaterial(secret_name=_PLACE, entries=entries, source=source)
        ).fingerprint
    except FailureError as failure:
        message = failure.message.replace(f"Entry PrivateKey of Secret {_PLACE}", "PrivateKey")
        raise NotGoodError(f"{message} {failure.advice}".strip()) from None


def name_from(login_url: str) -> str:
    """Return a name for the connection: the My Domain, or ``salesforce``."""
    label = (urlsplit(login_url).hostname or "").split(".")[0]
    is_name = re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?", label) is not None
    is_generic = label in {"login", "test", "localhost"} or label.isdigit()
    return label if is_name and not is_generic else "salesforce"
