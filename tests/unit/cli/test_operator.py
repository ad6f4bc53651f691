"""The operator's command line: flags and environment become Settings, or one clear line."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from token_operator.cli.operator import main
from token_operator.settings import LogFormat, LogLevel, Settings

FLAGS = [
    "--namespace",
    "--allowed-host",
    "--ca-file",
    "--leader-election",
    "--lease-name",
    "--lease-namespace",
    "--listen-address",
    "--log-format",
    "--log-level",
    "--restart-workloads",
]
VARIABLES = [f"TOKEN_OPERATOR_{flag[2:].replace('-', '_').upper()}" for flag in FLAGS]


class Started:
    """Stands in for the operator: keeps its settings and ends with a code."""

    def __init__(self, code: int = 0) -> None:
        self.code = code
        self.settings: list[Settings] = []

    def __call__(self, settings: Settings) -> int:
        self.settings.append(settings)
        return self.code


@pytest.fixture(autouse=True)
def _environment_without_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    """Write a file with one self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a proxy")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "ca.pem"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return file


def settings_of(*arguments: str) -> Settings:
    """Return what the operator is started with."""
    started = Started()
    assert main(["run", *arguments], run=started) == 0
    (settings,) = started.settings
    return settings


def refusal_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the line that is printed instead of starting the operator."""
    started = Started()
    assert main(arguments, run=started) == 2
    assert started.settings == []
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith("error: ")
    return printed.err


def test_without_a_flag_everything_has_its_default() -> None:
    settings = settings_of()

    assert settings == Settings(
        namespaces=(),
        allowed_hosts=(),
        ca_file=None,
        leader_election=False,
        lease_name="salesforce-token-operator",
        lease_namespace=None,
        listen_host="127.0.0.1",
        listen_port=8080,
        log_format=LogFormat.TEXT,
        log_level=LogLevel.INFO,
        restart_workloads=False,
    )


EVERYTHING = Settings(
    namespaces=("shop", "crm"),
    allowed_hosts=("login.example.com", "other.example.com:8443"),
    leader_election=True,
    lease_name="one.lease",
    lease_namespace="ops",
    listen_host="0.0.0.0",  # noqa: S104 - what a pod does
    listen_port=9000,
    log_format=LogFormat.JSON,
    log_level=LogLevel.DEBUG,
    restart_workloads=True,
)


def test_every_flag_has_its_place_in_the_settings() -> None:
    line = (
        "--namespace shop --namespace crm --allowed-host login.example.com "
        "--allowed-host other.example.com:8443 --leader-election --lease-name one.lease "
        "--lease-namespace ops --listen-address 0.0.0.0:9000 --log-format json --log-level debug "
        "--restart-workloads"
    )

    assert settings_of(*line.split()) == EVERYTHING


def test_every_flag_is_an_environment_variable_too(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {
        "NAMESPACE": "shop, crm,shop,",
        "ALLOWED_HOST": "login.example.com,other.example.com:8443",
        "LEADER_ELECTION": "true",
        "LEASE_NAME": "one.lease",
        "LEASE_NAMESPACE": "ops",
        "LISTEN_ADDRESS": "0.0.0.0:9000",
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "debug",
        "RESTART_WORKLOADS": "true",
    }
    for name, value in environment.items():
        monkeypatch.setenv(f"TOKEN_OPERATOR_{name}", value)

    assert settings_of() == EVERYTHING


def test_ca_file_is_taken_from_flag_and_environment(
    ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings_of("--ca-file", str(ca_file)).ca_file == ca_file

    monkeypatch.setenv("TOKEN_OPERATOR_CA_FILE", str(ca_file))

    assert settings_of().ca_file == ca_file


def test_command_line_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_OPERATOR_NAMESPACE", "shop")
    monkeypatch.setenv("TOKEN_OPERATOR_LEADER_ELECTION", "true")

    settings = settings_of("--namespace", "crm", "--no-leader-election")

    assert settings.namespaces == ("crm",)
    assert settings.leader_election is False


@pytest.mark.parametrize("variable", VARIABLES)
def test_empty_variable_is_as_good_as_none(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "")

    assert settings_of() == Settings()


@pytest.mark.parametrize("word", ["false", "0", "no", "off"])
def test_variable_can_say_no(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_OPERATOR_LEADER_ELECTION", word)
    monkeypatch.setenv("TOKEN_OPERATOR_RESTART_WORKLOADS", word)

    assert settings_of() == Settings()


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        pytest.param("127.0.0.1:0", "127.0.0.1", 0, id="any free port"),
        pytest.param("localhost:65535", "localhost", 65535, id="a name"),
        pytest.param("[::]:8080", "::", 8080, id="IPv6"),
        pytest.param("[fe80::1%eth0]:8080", "fe80::1%eth0", 8080, id="IPv6 of one link"),
    ],
)
def test_listen_address_is_host_and_port(address: str, host: str, port: int) -> None:
    settings = settings_of("--listen-address", address)

    assert (settings.listen_host, settings.listen_port) == (host, port)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param("", "Missing command", id="no command"),
        pytest.param("walk", "No such command 'walk'", id="unknown command"),
        pytest.param("run --frobnicate", "No such option '--frobnicate'", id="unknown flag"),
        pytest.param("run now", "unexpected extra argument", id="extra word"),
        pytest.param("run --namespace", "--namespace", id="flag without its value"),
        pytest.param("run --namespace Shop", "'Shop' is not the name of", id="upper case"),
        pytest.param("run --namespace a,b", "'a,b' is not the name of", id="comma in a flag"),
        pytest.param(f"run --namespace {'a' * 64}", "at most 63", id="long namespace"),
        pytest.param("run --namespace -a-", "-a-", id="dash at the ends"),
        pytest.param("run --lease-namespace a.b", "'a.b' is not the name of", id="dot"),
        pytest.param("run --lease-name a..b", "'a..b' is not the name of", id="two dots"),
        pytest.param("run --allowed-host https://a.example.com", "is not a host", id="a URL"),
        pytest.param("run --allowed-host *.example.com", "is not a host", id="wildcard"),
        pytest.param("run --allowed-host a.example.com:99999", "is not a host", id="host port"),
        pytest.param("run --listen-address 8080", "is not HOST:PORT", id="port alone"),
        pytest.param("run --listen-address :8080", "is not HOST:PORT", id="no host"),
        pytest.param("run --listen-address localhost", "is not HOST:PORT", id="no port"),
        pytest.param("run --listen-address a:65536", "is not HOST:PORT", id="port too high"),
        pytest.param("run --listen-address a:-1", "is not HOST:PORT", id="port below zero"),
        pytest.param("run --listen-address ::1:8080", "is not HOST:PORT", id="no brackets"),
        pytest.param("run --log-format xml", "'xml' is not one of", id="log format"),
        pytest.param("run --log-level loud", "'loud' is not one of", id="log level"),
    ],
)
def test_mistake_is_one_clear_line(
    arguments: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in refusal_of(capsys, *arguments.split())


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TOKEN_OPERATOR_NAMESPACE", "shop,Crm"),
        ("TOKEN_OPERATOR_ALLOWED_HOST", "a.example.com,https://b"),
        ("TOKEN_OPERATOR_LEADER_ELECTION", "maybe"),
        ("TOKEN_OPERATOR_LISTEN_ADDRESS", "8080"),
        ("TOKEN_OPERATOR_LOG_LEVEL", "loud"),
        ("TOKEN_OPERATOR_RESTART_WORKLOADS", "maybe"),
    ],
)
def test_mistake_in_the_environment_names_the_variable(
    variable: str,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(variable, value)

    assert variable in refusal_of(capsys, "run")


def test_ca_file_that_is_missing_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refusal_of(capsys, "run", "--ca-file", str(tmp_path / "none.pem"))

    assert "none.pem' cannot be read: No such file or directory." in line


def test_directory_is_no_ca_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "cannot be read: Is a directory." in refusal_of(
        capsys, "run", "--ca-file", str(tmp_path)
    )


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x30\x82\x00\x01", b"-----BEGIN CERTIFICATE-----\nAA"]
)
def test_ca_file_without_a_certificate_is_refused(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(content)

    assert "contains no PEM certificate." in refusal_of(capsys, "run", "--ca-file", str(file))


def test_proxies_are_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy:3128")
    monkeypatch.setenv("NO_PROXY", "10.96.0.0/12,fd00:10:96::/112")

    proxies = settings_of().proxies

    assert proxies.route_to("https://login.salesforce.com") == "http://proxy:3128"
    assert proxies.route_to("https://10.96.0.1") is None
    assert proxies.route_to("https://[fd00:10:96::1]:6443") is None


def test_proxy_that_cannot_be_used_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://me:TOP-SECRET@proxy:1080")

    line = refusal_of(capsys, "run")

    assert line.startswith("error: HTTPS_PROXY names a SOCKS proxy, which is not supported.")
    assert "TOP-SECRET" not in line


def test_exit_code_is_that_of_the_operator() -> None:
    assert main(["run"], run=Started(code=7)) == 7


def test_help_names_each_flag_and_its_variable(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--help"]) == 0

    text = " ".join(capsys.readouterr().out.split())
    assert [word for word in [*FLAGS, *VARIABLES] if word not in text] == []


def test_module_can_be_run_like_the_program() -> None:
    operator = Path(__file__).parents[3] / "operator"
    ended = subprocess.run(
        [sys.executable, "-m", "token_operator", "--version"],
        env={**os.environ, "PYTHONPATH": str(operator)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ended.stdout.startswith("salesforce-token-operator, version ")
