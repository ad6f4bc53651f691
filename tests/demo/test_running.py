"""The step runner: what a step that goes wrong looks like to the person who watches."""

import pytest

from demo.running import Look, Step, StepFailedError, run_steps, wait_until
from demo.shell import Shell
from demo.target import entries_shown, fingerprint, shortened
from demo.terminal import Terminal


def good() -> str:
    return "all is well"


def bad() -> str:
    raise StepFailedError(expected="a blue sky", seen="rain")


def test_steps_are_ticked_with_what_was_seen(capsys: pytest.CaptureFixture[str]) -> None:
    went_well = run_steps([Step("Look out", good)], Terminal())

    assert went_well
    assert capsys.readouterr().out == "\n1. Look out\n ✓ all is well\n"


def test_failed_step_says_what_was_expected_and_seen(capsys: pytest.CaptureFixture[str]) -> None:
    went_well = run_steps([Step("Look up", bad)], Terminal())

    shown = capsys.readouterr().out
    assert not went_well
    assert " ✗ Look up\n" in shown
    assert "expected: a blue sky\n" in shown
    assert "seen:     rain\n" in shown


def test_failed_step_ends_the_demo(capsys: pytest.CaptureFixture[str]) -> None:
    went_well = run_steps([Step("Look up", bad), Step("Go out", good)], Terminal())

    assert not went_well
    assert "Go out" not in capsys.readouterr().out


def test_waiting_returns_what_was_seen_in_the_end() -> None:
    looks = iter([Look(False, "not yet"), Look(True, "there")])

    assert wait_until(lambda: next(looks), "it", seconds=5) == "there"


def test_waiting_gives_up_with_the_last_look() -> None:
    with pytest.raises(StepFailedError) as failure:
        wait_until(lambda: Look(False, "still dark"), "light", seconds=0)

    assert failure.value.expected == "light within 0 s"
    assert failure.value.seen == "still dark"


def test_failed_command_fails_the_step_with_its_error(shell: Shell) -> None:
    with pytest.raises(StepFailedError) as failure:
        shell.show("echo broken >&2; exit 3")

    assert failure.value.seen == "exit status 3: broken"


def test_command_is_shown_as_it_runs(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.show("echo one two | tr a-z A-Z")

    assert capsys.readouterr().out == "   $ echo one two | tr a-z A-Z\n     ONE TWO\n"


def test_token_is_left_out_of_shown_entries() -> None:
    entries = "access_token: 00DQOQVwoXyQyoI!AQ8AQFZ.secret_part\napi_version: 66.0\n"

    shown = entries_shown(entries)

    assert shown == "access_token: 00DQOQVwoXyQyoI!... (redacted)\napi_version: 66.0\n"


def test_long_answer_is_shortened() -> None:
    assert shortened("a" * 101) == "a" * 100 + " ..."
    assert shortened("short") == "short"


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        pytest.param("", "", id="no Secret"),
        pytest.param('{"metadata": {}}', "", id="no annotations"),
        pytest.param(
            '{"metadata": {"annotations": {"salesforce-token.dev/fingerprint": "sha256:9f"}}}',
            "sha256:9f",
            id="a target",
        ),
    ],
)
def test_fingerprint_is_read_from_the_annotation(secret: str, expected: str) -> None:
    assert fingerprint(secret) == expected
