import pytest

from support.key_stores import tool


def test_without_keytool_a_test_fails_in_ci_and_is_skipped_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="CI must have it"):
        tool("keytool")

    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="keytool is not on the PATH"):
        tool("keytool")
