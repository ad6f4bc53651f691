"""What the image is built from is pinned, hashed and no more than needed."""

import tomllib
from pathlib import Path

from locks import problems_of

_CHECKOUT = Path(__file__).parents[2]
_DOCKERFILE = (_CHECKOUT / "Dockerfile").read_text()


def _commands() -> list[str]:
    logical_lines = _DOCKERFILE.replace("\\\n", " ").splitlines()
    return [part.strip() for line in logical_lines for part in line.split("&&")]


def test_build_backend_is_locked_as_the_project_asks_for_it() -> None:
    wanted = tomllib.loads((_CHECKOUT / "pyproject.toml").read_text())["build-system"]["requires"]

    assert list(problems_of(_CHECKOUT / "requirements-build.txt", wanted)) == []


def test_whatever_comes_from_an_index_has_a_hash_and_nothing_is_resolved() -> None:
    commands = _commands()
    installs = [one for one in commands if "pip" in one and " install " in one]

    assert len(installs) == 3
    for one in installs:
        assert "--no-deps" in one, one
        assert "--require-hashes" in one or "dist/*.whl" in one, one


def test_image_is_not_built_from_a_lock_that_lacks_something() -> None:
    assert any("/opt/venv/bin/python check" in one for one in _commands())


def test_every_file_that_is_copied_is_in_the_context() -> None:
    ignored = (_CHECKOUT / ".dockerignore").read_text().splitlines()
    copied = [
        word.rstrip("/")
        for line in _DOCKERFILE.splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    ]

    assert ignored[1] == "*"
    assert {f"!{path}" for path in copied} <= {line.rstrip("/") for line in ignored}


def test_last_stage_runs_as_a_number_that_is_not_root() -> None:
    last_stage = _DOCKERFILE.rpartition("\nFROM ")[2]

    assert "\nUSER 65532:65532\n" in last_stage
    assert "\nRUN " not in last_stage
