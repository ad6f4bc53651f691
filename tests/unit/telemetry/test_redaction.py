"""What has the shape of a secret does not come through; the rest does, unchanged."""

import base64

import pytest

from token_operator.telemetry.redaction import redact

SESSION = "AQ4AQPzr.Zz_session9x"
OPAQUE = f"00D5g000008abcdEAA!{SESSION}"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl-_x"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowKEYBODY\nAAA=\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        pytest.param(f"got {OPAQUE}, then", "got <redacted>, then", id="opaque token"),
        pytest.param(f"'{OPAQUE}'", "'<redacted>'", id="quoted token"),
        pytest.param(f"sid={OPAQUE.replace('!', '%21')}&x", "sid=<redacted>&x", id="in a URL"),
        pytest.param(OPAQUE.replace("!", "\\!"), "<redacted>", id="escaped for a shell"),
        pytest.param(OPAQUE.replace("!", "\\u0021"), "<redacted>", id="escaped as JSON"),
        pytest.param(f"\\n{OPAQUE}", "\\n<redacted>", id="after an escaped line break"),
        pytest.param(f"assertion={JWT}&x", "assertion=<redacted>&x", id="JWT in a form"),
        pytest.param(f"\\n{JWT} end", "\\n<redacted> end", id="JWT after an escape"),
        pytest.param(f"a {JWT} b {JWT}", "a <redacted> b <redacted>", id="two of them"),
        pytest.param(
            "url='http://me:S3CRET%23@proxy:3128'", "url='http://<redacted>@proxy:3128'", id="login"
        ),
        pytest.param("https://a.example/x@y", "https://a.example/x@y", id="no login"),
        pytest.param(f"key: {KEY}!", "key: <redacted>!", id="PEM key"),
        pytest.param(repr(KEY), "'<redacted>'", id="PEM key on one line"),
        pytest.param(KEY[:50], "<redacted>", id="PEM key that is cut"),
        pytest.param(
            f"tls.key: {base64.b64encode(KEY.encode()).decode()}",
            "tls.key: <redacted>",
            id="PEM key as in a Secret",
        ),
    ],
)
def test_secret_is_taken_out(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("The org is 00D5g000008abcdEAA.", id="an org id is no token"),
        pytest.param("shop/crm: token sha256:0123456789abcdef renewed!", id="a fingerprint"),
        pytest.param("eyJ is how a JWT begins; login.salesforce.com", id="no JWT"),
        pytest.param("Store an RSA PRIVATE KEY in PEM form.", id="no key"),
        pytest.param("-----BEGIN CERTIFICATE-----\nMIID", id="a certificate is public"),
    ],
)
def test_harmless_text_is_left_as_it_is(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("part", ["eyJ", "eyJ.", "00D", "00Da!", "-----BEGIN PRIVATE KEY "])
def test_long_hostile_text_is_no_work(part: str) -> None:
    # A quadratic pattern would run for hours here.
    assert SESSION not in redact(part * 1_000_000)
