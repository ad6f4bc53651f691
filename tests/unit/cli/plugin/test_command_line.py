"""What is wrong with a command line is told in one line, with exit code 2."""

from pathlib import Path

import pytest

from token_operator.cli.plugin.completion import complete_for_kubectl
from token_operator.cli.plugin.main import main, program

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: here, user: me}}]
clusters: [{name: here, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: me, user: {token: abc}}]
"""
DOCUMENT = Path(__file__).parents[4] / "docs" / "kubectl-salesforce.md"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nonsense"], "No such command 'nonsense'."),
        (["renew"], "Missing argument 'NAME'."),
        (["check"], "Give either NAME or -f FILE."),
        (["check", "crm", "-f", "x"], "Give either NAME or -f FILE."),
        (["check", "-f", "/nonexistent"], "'/nonexistent' cannot be read: No such file"),
        (["check", "crm", "--allowed-host", "https://x"], "is not a host: give HOST or HOST:PORT"),
        (["check", "crm", "--ca-file", "/nonexistent"], "cannot be read"),
        (["status", "crm", "-A"], "NAME and --all-namespaces cannot be combined."),
        (["status", "-n", "A_B"], "is not the name of a namespace"),
        (["renew", "crm", "--timeout", "soon"], "'soon' is not a duration like 30m or 1h30m."),
        (["keygen", "a", "--bits", "1024"], "'1024' is not one of '2048', '4096'."),
        (["keygen", "a", "--days", "0"], "0 is not in the range"),
        (["keygen", "a", "--subject", "x" * 65], "--subject has at most 64"),
        (
            ["keygen", "a", "--certificate-file", "/nonexistent/x"],
            "'/nonexistent' is not a directory.",
        ),
        (["import", "/nonexistent"], "cannot be read"),
        (["authorize", "crm", "--port", "0"], "0 is not in the range"),
    ],
)
def test_wrong_command_line_is_told_in_one_line(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2

    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith("error: ")
    assert told in line


@pytest.mark.parametrize(
    "arguments",
    [["status"], ["renew", "crm"], ["check", "crm"], ["authorize", "crm"], ["rotate-key", "crm"]],
    ids=lambda words: words[0],
)
def test_proxy_that_cannot_be_used_is_refused_by_every_command(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG)
    monkeypatch.setenv("HTTPS_PROXY", "http://me:TOP-SECRET#1@proxy:3128")

    assert main([*arguments, "--kubeconfig", str(kubeconfig)]) == 2

    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith("error: HTTPS_PROXY contains a '#' that must be encoded.")
    assert "TOP-SECRET" not in line


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind: Secret", "holds no SalesforceConnection, not one"),
        ("a: [", "is not valid YAML at line"),
        ("kind: SalesforceConnection", "has no metadata.name"),
    ],
)
def test_file_without_one_connection_is_refused(
    tmp_path: Path, text: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text)

    assert main(["check", "-f", str(file)]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--context", "nowhere"], ["--kubeconfig", "/nonexistent"]], ids=str
)
def test_kubeconfig_that_cannot_be_used_is_not_good(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "kubeconfig"
    empty.write_text('{"apiVersion": "v1", "kind": "Config", "contexts": [], "clusters": []}')
    if "--kubeconfig" not in arguments:
        arguments = [*arguments, "--kubeconfig", str(empty)]

    assert main(["status", *arguments]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "The kubeconfig cannot be used" in line


def test_kubectl_is_answered_with_commands_flags_and_a_directive(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert complete_for_kubectl(["ro"]) == 0
    assert capsys.readouterr().out == (
        "rotate-key\tReplace the key of a connection without downtime.\n:4\n"
    )
    complete_for_kubectl(["status", "--all"])
    assert capsys.readouterr().out.startswith("--all-namespaces\tShow connections in all")


@pytest.mark.parametrize("shell", ["zsh", "fish", "bash"])
def test_script_of_each_shell_is_printed(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert "_KUBECTL_SALESFORCE_COMPLETE" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["", *program.commands])
def test_help_in_the_document_is_what_the_program_prints(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    main([*([name] if name else []), "--help"])

    assert f"```text\n{capsys.readouterr().out}```" in DOCUMENT.read_text()
