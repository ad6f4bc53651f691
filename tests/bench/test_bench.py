"""The benchmark, from beginning to end, with so few connections that its times say nothing."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_CHECKOUT = Path(__file__).resolve().parents[2]
# Seconds; it takes 70. On a machine without the programs of the cluster it builds them first.
_PATIENCE = 3600
_CONNECTIONS = 12
_ROWS = [
    "all first tokens, s",
    "CPU per first token, ms",
    "API requests per first token",
    "memory, MiB",
    "restart, CPU s",
    "restart and proofs, CPU s",
    "logins in a restart",
    "idle, CPU s in 60 s",
    "10 new ones at once, p50 s",
    "10 new ones at once, p99 s",
    "one new one, p50 ms",
    "a changed key acts after, s",
    "renewals/s when 100 are asked",
    "CPU per renewal, ms",
    "CPU per verification, ms",
    "failed requests in an outage",
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    numbers = tmp_path_factory.mktemp("bench") / "numbers.json"
    return subprocess.run(
        [
            sys.executable,
            "hack/bench",
            "--quick",
            f"-n{_CONNECTIONS}",
            "--orgs=2",
            "--json",
            numbers,
        ],
        cwd=_CHECKOUT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )


@pytest.fixture
def rows(finished: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return the rows by name, as the file tells them."""
    assert finished.returncode == 0, finished.stdout + finished.stderr
    told = json.loads(Path(finished.args[-1]).read_text())
    return {row["name"]: row for row in told["rows"]}


@pytest.mark.cluster
def test_benchmark_measures_every_row(rows: dict[str, Any]) -> None:
    assert list(rows) == _ROWS
    assert all(math.isfinite(row["value"]) for row in rows.values())


@pytest.mark.cluster
def test_benchmark_shows_every_row(
    finished: subprocess.CompletedProcess[str], rows: dict[str, Any]
) -> None:
    shown = [line.split("|")[1].strip() for line in finished.stdout.splitlines() if "|" in line]

    assert shown[2:] == list(rows)


@pytest.mark.cluster
def test_benchmark_counts_the_requests_for_first_tokens(rows: dict[str, Any]) -> None:
    row = rows["API requests per first token"]

    assert row["value"] == 4
    assert row["note"] == (
        "12 create events, 12 create secrets, 12 get secrets, 12 patch salesforceconnections/status"
    )


@pytest.mark.cluster
def test_benchmark_counts_the_logins_of_a_restart(rows: dict[str, Any]) -> None:
    assert rows["logins in a restart"]["value"] == 0


@pytest.mark.cluster
@pytest.mark.parametrize(
    "name",
    [
        "all first tokens, s",
        "memory, MiB",
        "restart, CPU s",
        "restart and proofs, CPU s",
        "one new one, p50 ms",
        "10 new ones at once, p50 s",
        "a changed key acts after, s",
        "renewals/s when 100 are asked",
        "CPU per renewal, ms",
        "CPU per verification, ms",
        "failed requests in an outage",
    ],
)
def test_benchmark_saw_something_happen(rows: dict[str, Any], name: str) -> None:
    assert rows[name]["value"] > 0
