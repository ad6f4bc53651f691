import base64
import json
import subprocess
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from support import key_samples as sample
from support.key_material import load, material, refusal
from token_operator.domain.failures import (
    KeyInvalidError,
    PassphraseWrongError,
)
from token_operator.salesforce.keys.loading import is_plain, load_local_key
from token_operator.salesforce.keys.loading import load as load_signer

BOM = b"\xef\xbb\xbf"


def one_line(pem: bytes, glue: bytes) -> bytes:
    return glue.join(pem.splitlines())


def under(label: str, pem: bytes) -> bytes:
    """Return the content of *pem* under another label."""
    found = pem.splitlines()[0].removeprefix(b"-----BEGIN ").removesuffix(b"-----")
    return pem.replace(found, label.encode())


def in_a_program(pem: bytes, before: bytes, after: bytes) -> bytes:
    return b"\n".join(before + line + after for line in pem.splitlines())


def store_under_a_label() -> bytes:
    body = base64.encodebytes(sample.key_store())
    return b"-----BEGIN PRIVATE KEY-----\n" + body + b"-----END PRIVATE KEY-----\n"


FORMS: dict[str, Callable[[], bytes]] = {
    "PKCS#8": sample.pkcs8,
    "PKCS#1": sample.pkcs1,
    "CRLF": lambda: sample.pkcs8().replace(b"\n", b"\r\n"),
    "CR only": lambda: sample.pkcs8().replace(b"\n", b"\r"),
    "base64 of PEM": lambda: base64.b64encode(sample.pkcs8()),
    "base64 of PEM, wrapped": lambda: base64.encodebytes(sample.pkcs1()),
    "base64 of base64 of PEM": lambda: base64.b64encode(base64.b64encode(sample.pkcs8())),
    "urlsafe base64 of PEM without padding": lambda: base64.urlsafe_b64encode(
        sample.pkcs8()
    ).rstrip(b"="),
    "base64 of PKCS#8 DER": lambda: base64.b64encode(sample.der_of(sample.pkcs8())),
    "base64 of PKCS#1 DER": lambda: base64.b64encode(sample.der_of(sample.pkcs1())),
    "PKCS#8 DER": lambda: sample.der_of(sample.pkcs8()),
    "PKCS#1 DER": lambda: sample.der_of(sample.pkcs1()),
    "escaped line breaks": lambda: one_line(sample.pkcs8(), b"\\n"),
    "escaped CRLF": lambda: one_line(sample.pkcs8(), b"\\r\\n"),
    "twice escaped line breaks": lambda: one_line(sample.pkcs8(), b"\\\\n"),
    "a JSON string": lambda: json.dumps(sample.pkcs8().decode()).encode(),
    "a JSON string with escaped slashes": lambda: (
        json.dumps(sample.pkcs8().decode()).replace("/", "\\/").encode()
    ),
    "one line with spaces": lambda: one_line(sample.pkcs1(), b" "),
    "one line without anything": lambda: one_line(sample.pkcs8(), b""),
    "double quotes": lambda: b'"' + sample.pkcs8() + b'"\n',
    "single quotes around base64": lambda: b" '" + base64.b64encode(sample.pkcs8()) + b"'\n",
    "white space around": lambda: b"\n\n  " + sample.pkcs8() + b"  \n\n",
    "indented": lambda: b"  " + sample.pkcs8().replace(b"\n", b"\n  "),
    "byte order mark": lambda: BOM + sample.pkcs8(),
    "byte order mark before base64": lambda: BOM + base64.b64encode(sample.pkcs8()),
    "PKCS#1 under the label of PKCS#8": lambda: under("PRIVATE KEY", sample.pkcs1()),
    "PKCS#8 under the label of PKCS#1": lambda: under("RSA PRIVATE KEY", sample.pkcs8()),
    "PKCS#8 under the label of EC": lambda: under("EC PRIVATE KEY", sample.pkcs8()),
    "PKCS#1 under the label of an encrypted key": lambda: under(
        "ENCRYPTED PRIVATE KEY", sample.pkcs1()
    ),
    "lines that end in a backslash": lambda: in_a_program(sample.pkcs8(), b"", b"\\"),
    "lines that end in an escaped break and a backslash": lambda: in_a_program(
        sample.pkcs8(), b"", b"\\n\\"
    ),
    "lines that end in a backslash and CRLF": lambda: in_a_program(
        sample.pkcs8(), b"", b"\\"
    ).replace(b"\n", b"\r\n"),
    "lines in quotes": lambda: in_a_program(sample.pkcs8(), b'  "', b'\\n",'),
    "lines in single quotes and a backslash": lambda: in_a_program(sample.pkcs8(), b"'", b"' \\"),
    "no line break at the end": lambda: sample.pkcs8().rstrip(b"\n"),
    "UTF-16 with a mark": lambda: sample.pkcs8().decode().encode("utf-16"),
    "UTF-16BE with a mark": lambda: b"\xfe\xff" + sample.pkcs8().decode().encode("utf-16-be"),
    "UTF-32 with a mark": lambda: sample.pkcs8().decode().encode("utf-32"),
    "base64 of UTF-16 with a mark": lambda: base64.b64encode(
        sample.pkcs8().decode().encode("utf-16")
    ),
    "certificate before": lambda: sample.certificate() + sample.pkcs8(),
    "certificate after": lambda: sample.pkcs8() + sample.certificate(),
    "chain around": lambda: (
        sample.certificate(sample.rsa_key("authority")) + sample.pkcs8() + sample.certificate()
    ),
    "bag attributes": lambda: b"Bag Attributes\n  friendlyName: sf\n" + sample.pkcs8(),
}

ENCRYPTED_FORMS: dict[str, Callable[[], bytes]] = {
    "encrypted PKCS#8": sample.encrypted_pkcs8,
    "legacy encrypted PKCS#1": sample.encrypted_pkcs1,
    "encrypted PKCS#8 under the label of PKCS#8": lambda: under(
        "PRIVATE KEY", sample.encrypted_pkcs8()
    ),
    "legacy with lines that end in a backslash": lambda: in_a_program(
        sample.encrypted_pkcs1(), b"", b"\\"
    ),
    "encrypted PKCS#8, base64": lambda: base64.b64encode(sample.encrypted_pkcs8()),
    "encrypted PKCS#8 DER": lambda: sample.der_of(sample.encrypted_pkcs8()),
    "encrypted PKCS#8 in one line": lambda: one_line(sample.encrypted_pkcs8(), b""),
    "legacy with escaped breaks": lambda: one_line(sample.encrypted_pkcs1(), b"\\n"),
    "legacy in one line": lambda: one_line(sample.encrypted_pkcs1(), b" "),
    "legacy in one line without anything": lambda: one_line(sample.encrypted_pkcs1(), b""),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_a_key_is_read_in_every_form_people_bring(form: Callable[[], bytes]) -> None:
    found = load(form())

    assert found.private_key().private_numbers() == sample.rsa_key().private_numbers()
    assert (found.place.secret_name, found.place.entry) == ("crm-key", "tls.key")


@pytest.mark.parametrize("form", ENCRYPTED_FORMS.values(), ids=ENCRYPTED_FORMS.keys())
def test_an_encrypted_key_is_read_with_its_passphrase(form: Callable[[], bytes]) -> None:
    found = load(form(), passphrase_entry="password")

    assert found.private_key().private_numbers() == sample.rsa_key().private_numbers()


@pytest.mark.parametrize("form", ENCRYPTED_FORMS.values(), ids=ENCRYPTED_FORMS.keys())
def test_an_encrypted_key_without_passphrase_is_refused(form: Callable[[], bytes]) -> None:
    found = refusal(form())

    assert isinstance(found, PassphraseWrongError)
    assert "passphraseEntry" in found.advice


@pytest.mark.parametrize("form", ENCRYPTED_FORMS.values(), ids=ENCRYPTED_FORMS.keys())
def test_a_wrong_passphrase_is_refused_and_not_shown(form: Callable[[], bytes]) -> None:
    entries = {"tls.key": form(), "password": b"marked-wrong-passphrase"}

    with pytest.raises(PassphraseWrongError) as caught:
        load_local_key(material(entries, passphrase_entry="password"))

    assert "marked-wrong" not in "".join(traceback.format_exception(caught.value))


def test_a_legacy_key_of_another_cipher_is_read(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(sample.pkcs1())
    command = ["openssl", "rsa", "-traditional", "-des3", "-passout", "pass:open sesame"]
    made = subprocess.run(
        [*command, "-in", str(tmp_path / "key.pem")], capture_output=True, check=True
    )

    assert b"DES-EDE3-CBC" in made.stdout
    assert load(made.stdout, passphrase_entry="password").fingerprint.startswith("SHA256:")


def test_a_key_encrypted_by_openssl_with_many_rounds_is_read_up_to_a_bound(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(sample.pkcs8())

    def encrypted(*options: str) -> bytes:
        command = ["openssl", "pkcs8", "-topk8", "-passout", "pass:open sesame", *options]
        return subprocess.run(
            [*command, "-in", str(tmp_path / "key.pem")], capture_output=True, check=True
        ).stdout

    load(encrypted("-iter", "10000"), passphrase_entry="password")
    content = bytearray(sample.der_of(encrypted("-iter", "70000")))
    rounds = content.index(b"\x02\x03" + (70000).to_bytes(3, "big"))
    content[rounds + 2] = 0x7F
    found = refusal(bytes(content), passphrase_entry="password")

    assert isinstance(found, KeyInvalidError)
    assert "rounds" in found.message


def test_a_passphrase_for_a_key_that_is_not_encrypted_does_no_harm() -> None:
    load(sample.pkcs8(), passphrase_entry="password")


def test_the_fingerprint_is_what_openssl_prints(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(sample.pkcs8())
    command = "openssl pkey -pubout -outform DER -in key.pem | openssl dgst -sha256 -binary"
    digest = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, check=True)  # noqa: S602

    assert load(sample.pkcs8()).fingerprint == f"SHA256:{base64.b64encode(digest.stdout).decode()}"


def test_neither_material_nor_key_can_be_printed() -> None:
    key = load(sample.pkcs8())
    shown = repr(material({"tls.key": b"MARKED"})) + repr(key)

    assert "MARKED" not in shown
    assert "private_der" not in shown
    assert repr(key.private_der)[2:40] not in shown


@pytest.mark.parametrize(
    ("content", "plain"),
    [
        pytest.param(sample.pkcs8, True, id="PKCS#8"),
        pytest.param(sample.pkcs1, True, id="PKCS#1"),
        pytest.param(lambda: b"\n" + sample.pkcs8(), True, id="white space before"),
        pytest.param(sample.encrypted_pkcs8, False, id="encrypted PKCS#8"),
        pytest.param(sample.encrypted_pkcs1, False, id="encrypted PKCS#1"),
        pytest.param(
            lambda: sample.pkcs8() + sample.encrypted_pkcs8(), False, id="an encrypted one too"
        ),
        pytest.param(sample.key_store, False, id="key store"),
        pytest.param(lambda: b"", False, id="nothing"),
    ],
)
def test_only_a_plain_key_is_read_without_a_thread(
    content: Callable[[], bytes], plain: bool
) -> None:
    assert is_plain(material({"tls.key": content()})) is plain


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param({"tls.key": sample.pkcs8()}, id="a plain key"),
        pytest.param({"keystore.p12": sample.key_store(), "pw": sample.PASSPHRASE}, id="a store"),
    ],
)
async def test_signer_is_loaded_whatever_the_form_takes(entries: dict[str, bytes]) -> None:
    passphrase = "pw" if "pw" in entries else None

    signer = await load_signer(material(entries, passphrase_entry=passphrase))

    assert signer.bits == 2048
    assert len(await signer.sign(b"header.claims")) == 256


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda: under("PRIVATE KEY", sample.encrypted_pkcs8()), id="encrypted"),
        pytest.param(store_under_a_label, id="a key store"),
        pytest.param(lambda: sample.pkcs8() + b"x" * 65_536, id="too much"),
    ],
)
def test_what_takes_long_is_not_read_at_once_whatever_its_label(
    content: Callable[[], bytes],
) -> None:
    assert not is_plain(material({"tls.key": content()}))
