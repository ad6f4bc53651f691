"""Key stores as the JDK's keytool and openssl make them, and JKS stores made by hand."""

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from support import key_samples as sample
from token_operator.salesforce.keys.forms.der import Element

PASSPHRASE = "open sesame"
STORE_TYPES = ("PKCS12", "PKCS12 legacy", "JKS")
_KEY_PROTECTOR = bytes.fromhex("300e060a2b060104012a021101010500")


def tool(name: str) -> str:
    """Return the program; without it the test fails in CI, and is skipped elsewhere."""
    found = shutil.which(name)
    if found is None and os.environ.get("CI"):
        pytest.fail(f"{name} is not on the PATH: CI must have it (keytool is part of a JDK).")
    if found is None:
        pytest.skip(f"{name} is not on the PATH")
    return found


@dataclass(frozen=True)
class JavaStores:
    """Makes key stores with keytool in one directory."""

    directory: Path

    def keytool(self, *arguments: str, store_type: str = "PKCS12") -> bytes:
        legacy = ["-J-Dkeystore.pkcs12.legacy"] if store_type == "PKCS12 legacy" else []
        command = [tool("keytool"), *legacy, *arguments]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def add(self, path: Path, alias: str, *more: str, store_type: str = "PKCS12") -> None:
        """Add a key pair; *more* overrides, as keytool takes the last."""
        options = more or ("-keyalg", "RSA", "-keysize", "2048")
        self.keytool(
            *("-genkeypair", "-alias", alias, "-dname", f"CN={alias}", *options),
            *self._store(path, store_type),
            store_type=store_type,
        )

    def store(self, store_type: str, *aliases: str) -> Path:
        """Return a store with RSA keys under *aliases*, made once."""
        path = self.directory / f"{store_type}-{'-'.join(aliases)}"
        if not path.exists():
            for alias in aliases:
                self.add(path, alias, store_type=store_type)
        return path

    def certificate(self, path: Path, alias: str) -> x509.Certificate:
        pem = self.keytool(
            "-exportcert", "-rfc", "-alias", alias, "-keystore", str(path), *self._passphrase()
        )
        return x509.load_pem_x509_certificate(pem)

    def converted(self, path: Path, store_type: str) -> Path:
        target = path.with_name(f"{path.name}-as-{store_type}")
        self.keytool(
            *("-importkeystore", "-noprompt", "-srckeystore", str(path)),
            *("-srcstorepass", PASSPHRASE, "-destkeystore", str(target)),
            *("-deststoretype", store_type.removesuffix(" legacy"), "-deststorepass", PASSPHRASE),
            store_type=store_type,
        )
        return target

    def _store(self, path: Path, store_type: str) -> tuple[str, ...]:
        kind = ("-storetype", store_type.removesuffix(" legacy"))
        return (*kind, "-keystore", str(path), *self._passphrase())

    def _passphrase(self) -> tuple[str, str]:
        return "-storepass", PASSPHRASE


def openssl_store(directory: Path, *options: str, passphrase: str = PASSPHRASE) -> bytes:
    """Return the sample key and its certificate as ``openssl pkcs12 -export`` writes them."""
    key, certificate, store = (directory / name for name in ("key.pem", "cert.pem", "openssl.p12"))
    key.write_bytes(sample.pkcs8())
    certificate.write_bytes(sample.certificate())
    command = [tool("openssl"), "pkcs12", "-export", "-name", "sf", "-inkey", str(key)]
    command += ["-in", str(certificate), "-out", str(store), "-passout", f"pass:{passphrase}"]
    done = subprocess.run([*command, *options], capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return store.read_bytes()


def secret_of(passphrase: str) -> bytes:
    return passphrase.encode("utf-16-be")


def protected(pkcs8: bytes, passphrase: str = PASSPHRASE, *, header: bytes = b"") -> bytes:
    """Return a key as Sun's KeyProtector stores it."""
    secret, salt = secret_of(passphrase), bytes(range(20))
    stream, last = b"", salt
    while len(stream) < len(pkcs8):
        last = hashlib.sha1(secret + last).digest()  # noqa: S324 - what the form prescribes
        stream += last
    enciphered = bytes(a ^ b for a, b in zip(pkcs8, stream, strict=False))
    digest = hashlib.sha1(secret + pkcs8).digest()  # noqa: S324 - what the form prescribes
    sealed = salt + enciphered + digest
    octets = b"\x04\x82" + len(sealed).to_bytes(2, "big") + sealed
    body = (header or _KEY_PROTECTOR) + octets
    return b"\x30\x82" + len(body).to_bytes(2, "big") + body


def jks(
    *entries: bytes, version: int = 2, more: bytes = b"", passphrase: str = PASSPHRASE
) -> bytes:
    """Return a JKS store of *entries*, with *more* behind them, and its digest."""
    numbers = (0xFEEDFEED, version, len(entries))
    body = b"".join(number.to_bytes(4, "big") for number in numbers) + b"".join(entries) + more
    secret = secret_of(passphrase)
    return body + hashlib.sha1(secret + b"Mighty Aphrodite" + body).digest()  # noqa: S324 - as above


def jks_key(alias: str, key: bytes, certificate: bytes = b"", *, version: int = 2) -> bytes:
    chain = [jks_certificate(certificate, version=version)] if certificate else []
    head = (1).to_bytes(4, "big") + _text(alias) + bytes(8)
    return head + _sized(key) + len(chain).to_bytes(4, "big") + b"".join(chain)


def jks_trusted(alias: str, certificate: bytes) -> bytes:
    return (2).to_bytes(4, "big") + _text(alias) + bytes(8) + jks_certificate(certificate)


def jks_certificate(der: bytes, *, version: int = 2) -> bytes:
    return (_text("X.509") if version == 2 else b"") + _sized(der)


def _text(text: str) -> bytes:
    return len(text.encode()).to_bytes(2, "big") + text.encode()


def _sized(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


def _seq(*parts: bytes, tag: int = 0x30) -> bytes:
    return Element(tag, b"".join(parts)).encoded()


def _oid(digits: str) -> bytes:
    return _seq(bytes.fromhex(digits), tag=0x06)


def _enciphered(plain: bytes, rounds: int, passphrase: str, *, tag: int) -> tuple[bytes, bytes]:
    """Return an algorithm that says *rounds* (PBES2), and *plain* enciphered with 1000."""
    salt, vector = bytes(8), bytes(16)
    kdf = PBKDF2HMAC(hashes.SHA256(), 32, salt, min(rounds, 1000))
    key = kdf.derive(passphrase.encode())
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    text = encryptor.update(padder.update(plain) + padder.finalize())
    prf = _seq(_oid("2a864886f70d0209"), b"\x05\x00")
    number = _seq(rounds.to_bytes(rounds.bit_length() // 8 + 1, "big"), tag=0x02)
    derivation = _seq(_oid("2a864886f70d01050c"), _seq(_seq(salt, tag=0x04), number, prf))
    cipher = _seq(_oid("60864801650304012a"), _seq(vector, tag=0x04))
    algorithm = _seq(_oid("2a864886f70d01050d"), _seq(derivation, cipher))
    return algorithm, _seq(text, tag=tag)


def hidden_key_store(*, open_key: bytes, rounds: int, passphrase: str = PASSPHRASE) -> bytes:
    """Return a store with a key inside its encrypted part that asks for *rounds*.

    Another, *open_key* (PKCS#8), stands behind it in the open, unless it is empty.
    """
    shrouded = _seq(*_enciphered(open_key or bytes(16), rounds, passphrase, tag=0x04))
    bag = _oid("2a864886f70d010c0a0102") + _seq(shrouded, tag=0xA0)
    algorithm, text = _enciphered(_seq(_seq(bag)), 1000, passphrase, tag=0x80)
    info = _seq(_oid("2a864886f70d010701"), algorithm, text)
    encrypted = _oid("2a864886f70d010706") + _seq(_seq(b"\x02\x01\x00", info), tag=0xA0)
    key = _seq(_oid("2a864886f70d010c0a0101"), _seq(open_key, tag=0xA0))
    safe = _seq(_seq(encrypted), _seq(_data(_seq(key if open_key else b""))))
    return _seq(b"\x02\x01\x03", _seq(_data(safe)))


def _data(contents: bytes) -> bytes:
    return _oid("2a864886f70d010701") + _seq(_seq(contents, tag=0x04), tag=0xA0)
