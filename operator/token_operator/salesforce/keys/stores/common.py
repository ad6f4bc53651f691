"""What every form of key store has: private keys under aliases, opened with one passphrase."""

from dataclasses import dataclass, field
from typing import Final

from token_operator.domain.failures import KeyInvalidError, PassphraseWrongError
from token_operator.salesforce.keys.forms.blocks import Block
from token_operator.salesforce.wording import cleaned

_SHOWN_ALIASES: Final = 8
_LONGEST_ALIAS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRequest:
    """Which key to take out of a key store, and how; *place* names Secret and entry."""

    place: str
    alias: str | None
    passphrase: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A private key out of a key store, of whatever kind, and its certificates."""

    private_key: object = field(repr=False)
    certificates: tuple[Block, ...]


def chosen(aliases: list[str], request: StoreRequest) -> int:
    """Return the index of the alias asked for, or of the only key.

    As Java has it, upper and lower case are the same where no alias matches exactly. Raises
    KeyInvalidError, with the aliases there.
    """
    place, alias = request.place, request.alias
    if not aliases:
        raise KeyInvalidError(
            f"{place} holds a key store without a private key.",
            remedy="Store a key store that has the key, not the certificate alone; "
            "'keytool -list -keystore' must show a PrivateKeyEntry.",
        )
    if alias is None and len(aliases) == 1:
        return 0
    if alias is None:
        raise KeyInvalidError(
            f"{place} holds {len(aliases)} private keys ({_shown(aliases)}).",
            remedy="Name one of them in alias.",
        )
    for spelling in (str, str.lower):
        matching = [i for i, name in enumerate(aliases) if spelling(name) == spelling(alias)]
        if matching:
            return matching[0]
    raise KeyInvalidError(
        f"{place} holds no private key with the alias {cleaned(alias)}; it has {_shown(aliases)}.",
        remedy="Name one of them in alias.",
    )


def passphrase_failure(request: StoreRequest, what: str, remedy: str) -> PassphraseWrongError:
    """Return the failure for *what* (a noun phrase) that the passphrase does not open."""
    if request.passphrase:
        return PassphraseWrongError(
            f"{request.place} holds {what} that the passphrase does not open.",
            remedy=f"{PassphraseWrongError.remedy} If it is right, {remedy}",
        )
    return PassphraseWrongError(
        f"{request.place} holds {what} that needs a passphrase, and there is none for it.",
        remedy="Name the entry with the passphrase in passphraseEntry, and fill it.",
    )


def _shown(aliases: list[str]) -> str:
    shown = [cleaned(alias[:_LONGEST_ALIAS]) or "one without alias" for alias in aliases]
    more = len(shown) - _SHOWN_ALIASES
    return ", ".join(shown[:_SHOWN_ALIASES]) + (f" and {more} more" if more > 0 else "")
