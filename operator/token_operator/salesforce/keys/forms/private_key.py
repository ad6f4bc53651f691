"""An RSA private key out of what an entry of a Secret holds, or what it holds instead."""

from typing import Final

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from token_operator.domain.failures import (
    KeyInvalidError,
    KeyTooSmallError,
    PassphraseWrongError,
)
from token_operator.salesforce.keys.forms.blocks import UNKNOWN_CIPHER, Block
from token_operator.salesforce.keys.forms.der import rounds_of_key

SMALLEST_KEY: Final = 2048
# Salesforce takes 4096; a signature with a key of 64 KiB would stop the operator for minutes.
LARGEST_KEY: Final = 8192
# Tools use 2,048 to 600,000 rounds of key derivation; more would stop the operator.
MOST_ROUNDS: Final = 2_000_000
_USABLE: Final = frozenset({"PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"})
_CERTIFICATES: Final = frozenset({"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"})

_NEED_RSA: Final = (
    "Salesforce takes RSA only: make a key with 'openssl req -x509 -sha256 -nodes -days 3650 "
    "-newkey rsa:2048 -keyout key.pem -out cert.pem', and upload cert.pem to the app."
)
_NEED_PRIVATE: Final = "Store the private key that belongs to it, in PEM form."
_NEED_PEM: Final = (
    "Store an RSA private key in PEM form, beginning with -----BEGIN PRIVATE KEY-----."
)
_DAMAGED: Final = (
    "Store the whole file again; 'openssl pkey -in key.pem -check -noout' shows whether the file "
    "that you have is whole."
)
_ENCRYPT_AGAIN: Final = "'openssl pkcs8 -topk8 -v2 aes-256-cbc -in key.pem'"
_SET_FORMAT: Final = (
    "Leave the key's format at Auto; or export the key with 'openssl pkcs12 -in keystore.p12 "
    "-nocerts -nodes -out key.pem' (first 'keytool -importkeystore -deststoretype PKCS12' for a "
    "Java key store)."
)
_CONVERT_STORE: Final = (
    "Convert it with 'keytool -importkeystore -srckeystore old.jks -srcstoretype JCEKS "
    "-destkeystore keystore.p12 -deststoretype PKCS12'."
)
_OTHER_FORMS: Final[dict[str, tuple[str, str]]] = {
    "PUBLIC KEY": ("a public key", _NEED_PRIVATE),
    "RSA PUBLIC KEY": ("a public key", _NEED_PRIVATE),
    "SSH PUBLIC KEY": ("an SSH public key", _NEED_PRIVATE),
    "SSH2": ("an SSH public key", _NEED_PRIVATE),
    "CERTIFICATE REQUEST": ("a certificate signing request", _NEED_PRIVATE),
    "NEW CERTIFICATE REQUEST": ("a certificate signing request", _NEED_PRIVATE),
    "MULTI-PRIME RSA KEY": ("an RSA key with more than two factors", _NEED_RSA),
    "EC PRIVATE KEY": ("an EC key", _NEED_RSA),
    "EC PARAMETERS": ("an EC key", _NEED_RSA),
    "DSA PRIVATE KEY": ("a DSA key", _NEED_RSA),
    "OPENSSH PRIVATE KEY": (
        "an OpenSSH key",
        "Convert it with 'ssh-keygen -p -m PEM -N \"\" -f key' (on a copy).",
    ),
    "PUTTY": ("a PuTTY key", "Convert it with 'puttygen key.ppk -O private-openssh -o key.pem'."),
    "PKCS12": ("a PKCS#12 key store", _SET_FORMAT),
    "JKS": ("a Java key store (JKS)", _SET_FORMAT),
    "JCEKS": ("a Java key store (JCEKS)", _CONVERT_STORE),
    "PKCS7": ("a PKCS#7 certificate bundle", _NEED_PRIVATE),
    "JSON": ("a JSON document", _NEED_PEM),
} | dict.fromkeys(_CERTIFICATES, ("a certificate only", _NEED_PRIVATE))
_FORMS: Final = _OTHER_FORMS | dict.fromkeys(_USABLE, ("a private key", _NEED_PEM))


def read_private_key(
    blocks: tuple[Block, ...], *, place: str, passphrase: bytes | None
) -> rsa.RSAPrivateKey:
    """Return the one RSA key in *blocks*; *place* names Secret and entry in messages.

    Raises KeyInvalidError, KeyTooSmallError or PassphraseWrongError. The key is not checked
    in full, which takes 32 ms, but for its parts, which belong together.
    """
    keys = [block for block in blocks if block.label in _USABLE]
    if len(keys) > 1:
        raise KeyInvalidError(f"{place} holds {len(keys)} private keys.", remedy="Store one.")
    if not keys:
        raise _wrong_form(blocks, place)
    return usable_key(_loaded(keys[0], place=place, passphrase=passphrase), place)


def usable_key(private_key: object, place: str) -> rsa.RSAPrivateKey:
    """Return *private_key* if Salesforce takes its signatures.

    Raises KeyInvalidError or KeyTooSmallError.
    """
    if not isinstance(private_key, rsa.RSAPrivateKey):
        kind = _kind_of(private_key)
        raise KeyInvalidError(f"{place} holds {kind}, not an RSA key.", remedy=_NEED_RSA)
    if private_key.key_size < SMALLEST_KEY:
        raise KeyTooSmallError(
            f"{place} holds an RSA key of {private_key.key_size} bits; Salesforce requires 2048."
        )
    if private_key.key_size > LARGEST_KEY:
        raise KeyInvalidError(
            f"{place} holds an RSA key of {private_key.key_size} bits, more than {LARGEST_KEY}.",
            remedy=_NEED_RSA,
        )
    _prove(private_key, place)
    return private_key


def form_of(blocks: tuple[Block, ...]) -> str:
    """Return the words for what *blocks*, one or more, hold in place of what is looked for."""
    return _form_and_remedy(blocks)[0]


def _form_and_remedy(blocks: tuple[Block, ...]) -> tuple[str, str]:
    # What stands in the key's place explains more than a certificate beside it.
    shown = min(blocks, key=lambda block: block.label in _CERTIFICATES)
    return _FORMS.get(shown.label, ("a PEM block that is no private key", _NEED_PEM))


def _wrong_form(blocks: tuple[Block, ...], place: str) -> KeyInvalidError:
    if not blocks:
        message = f"{place} contains no recognizable private key."
        return KeyInvalidError(message, remedy=_NEED_PEM)
    form, remedy = _form_and_remedy(blocks)
    return KeyInvalidError(f"{place} holds {form}, not an RSA private key.", remedy=remedy)


def _loaded(block: Block, *, place: str, passphrase: bytes | None) -> object:
    if block.dek_info == UNKNOWN_CIPHER:
        raise KeyInvalidError(
            f"{place} holds a key that is encrypted with a cipher that is not supported.",
            remedy=f"Encrypt it again with {_ENCRYPT_AGAIN}.",
        )
    if not block.der:
        raise KeyInvalidError(f"{place} holds a damaged or truncated private key.", remedy=_DAMAGED)
    if block.is_encrypted:
        _check_encryption(block, place=place, passphrase=passphrase)
    try:
        return load_pem_private_key(
            block.pem(),
            # A passphrase for a key that is not encrypted does no harm, as in openssl.
            passphrase if block.is_encrypted else None,
            # The full check takes 32 ms; _prove takes its place.
            unsafe_skip_rsa_key_validation=True,
        )
    except (ValueError, TypeError, UnsupportedAlgorithm, InternalError):
        raise _unreadable(block, place) from None


def _check_encryption(block: Block, *, place: str, passphrase: bytes | None) -> None:
    if not passphrase:
        raise PassphraseWrongError(
            f"{place} holds an encrypted key, and there is no passphrase for it.",
            remedy="Name the entry with the passphrase in passphraseEntry, and fill it.",
        )
    is_pkcs8 = block.label == "ENCRYPTED PRIVATE KEY"
    if is_pkcs8 and rounds_of_key(block.der) > MOST_ROUNDS:
        raise KeyInvalidError(
            f"{place} holds a key with more than {MOST_ROUNDS} rounds of key derivation.",
            remedy="Encrypt it again with 'openssl pkcs8 -topk8 -iter 600000'.",
        )


def _unreadable(block: Block, place: str) -> KeyInvalidError | PassphraseWrongError:
    if block.is_encrypted:
        return PassphraseWrongError(
            f"{place} holds a key that the passphrase does not open.",
            remedy=f"{PassphraseWrongError.remedy} If it is right, encrypt the key again with "
            f"{_ENCRYPT_AGAIN}.",
        )
    return KeyInvalidError(f"{place} holds a damaged or truncated private key.", remedy=_DAMAGED)


def _kind_of(key: object) -> str:
    match key:
        case ec.EllipticCurvePrivateKey():
            return "an EC key"
        case dsa.DSAPrivateKey():
            return "a DSA key"
        case _:
            return "a key of another kind"


def _prove(private_key: rsa.RSAPrivateKey, place: str) -> None:
    """Raise KeyInvalidError unless the parts of the key belong together (RFC 8017, section 3.2).

    That the factors are prime is not proven: it takes long, and no damaged file has such parts.
    """
    if not belong_together(private_key.private_numbers()):
        raise KeyInvalidError(
            f"{place} holds a damaged private key: its parts do not match.",
            remedy=_DAMAGED,
        )


def belong_together(key: rsa.RSAPrivateNumbers) -> bool:
    """Whether the numbers are those of one RSA key; its factors are taken to be prime."""
    n, e = key.public_numbers.n, key.public_numbers.e
    if min(key.p, key.q) < 3 or key.p * key.q != n:
        return False
    return (
        e * key.d % (key.p - 1) == 1
        and e * key.d % (key.q - 1) == 1
        and (key.dmp1, key.dmq1) == (key.d % (key.p - 1), key.d % (key.q - 1))
        and key.iqmp * key.q % key.p == 1
    )
