"""The parts of the benchmark that count and show."""

import asyncio
import json
import os
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from bench.api import Api, Resource
from bench.arrivals import Arrivals
from bench.audit import AuditLog
from bench.process import cpu_seconds, memory
from bench.rows import Row, percentile, table
from bench.waiting import BenchError, do_all, until

_OURS = "salesforce-token-operator/0.1.0"


def event(verb: str, resource: str, *, agent: str = _OURS, namespace: str = "bench") -> str:
    """Return a line of an audit log."""
    name, _, part = resource.partition("/")
    about = {"resource": name, "namespace": namespace} | ({"subresource": part} if part else {})
    told = {"stage": "ResponseComplete", "verb": verb, "userAgent": agent, "objectRef": about}
    return json.dumps(told) + "\n"


def test_requests_are_counted_by_kind(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_text(2 * event("get", "secrets") + event("patch", "salesforceconnections/status"))

    counts = AuditLog(log, "bench").counts()

    assert counts == {"get secrets": 2, "patch salesforceconnections/status": 1}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(event("get", "secrets", agent="kubectl/v1.37"), id="somebody else's"),
        pytest.param(event("get", "secrets", agent=f"like {_OURS}"), id="by one that names us"),
        pytest.param(event("get", "secrets", namespace="other"), id="in another namespace"),
        pytest.param(event("watch", "secrets"), id="a watch"),
        pytest.param(event("list", "secrets"), id="a list"),
        pytest.param(event("get", "secrets").replace("ResponseC", "C"), id="not answered yet"),
        pytest.param(event("get", "secrets")[:-9], id="half written"),
    ],
)
def test_other_requests_are_not_counted(tmp_path: Path, line: str) -> None:
    log = tmp_path / "audit.log"
    log.write_text(event("create", "events") + line)

    assert AuditLog(log, "bench").counts() == {"create events": 1}


def test_requests_before_the_mark_are_not_counted(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_text(event("get", "secrets"))
    audit = AuditLog(log, "bench")

    audit.mark()
    with log.open("a") as more:
        more.write(event("create", "events"))

    assert audit.counts() == {"create events": 1}


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        pytest.param("watch", True, id="a watch"),
        pytest.param("list", False, id="a list only"),
    ],
)
def test_resource_is_watched_when_the_watch_has_begun(
    tmp_path: Path, verb: str, expected: bool
) -> None:
    log = tmp_path / "audit.log"
    log.write_text(event("watch", "secrets") + event(verb, "salesforceconnections"))

    assert AuditLog(log, "bench").is_watched("salesforceconnections") is expected


def test_processor_time_is_that_of_the_process() -> None:
    before, at = cpu_seconds(os.getpid()), time.process_time()

    while time.process_time() < at + 0.05:
        pass
    time.sleep(0.1)  # is not counted

    used, passed = cpu_seconds(os.getpid()) - before, time.process_time() - at
    assert used == pytest.approx(passed, abs=0.02)


def test_memory_at_its_most_is_no_less_than_now() -> None:
    used = memory(os.getpid())

    assert used.peak >= used.resident >= used.proportional > 1


def test_table_is_markdown_with_one_line_a_row() -> None:
    rows = [Row(name="memory, MiB", value=1234.5, hold="≤ 190"), Row(name="logins", value=0.1234)]

    lines = table(rows).splitlines()

    assert lines[2:] == [
        "| memory, MiB | 1,234    | ≤ 190 |     |  |",
        "| logins      | 0.123    |       |     |  |",
    ]
    assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize(
    ("share", "value"),
    [
        pytest.param(0.5, 51, id="the middle"),
        pytest.param(0.99, 100, id="nearly the most"),
        pytest.param(1.0, 100, id="the most"),
    ],
)
def test_percentile_is_one_of_the_values(share: float, value: float) -> None:
    assert percentile(list(range(100, 0, -1)), share) == value


async def test_all_jobs_are_done_and_no_more_at_once_than_allowed() -> None:
    done, running, most = 0, 0, 0

    async def job() -> None:
        nonlocal done, running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        done += 1

    await do_all([job] * 20, "jobs", lambda _: None, at_once=3)

    assert (done, most) == (20, 3)


async def test_waiting_in_vain_says_what_for() -> None:
    async def never() -> bool:
        return False

    with pytest.raises(BenchError, match=r"^Waited 0 s for rain\.$"):
        await until(never, "rain", seconds=0)


class EndingWatches(Api):
    """An API server whose watches end after one event each."""

    def __init__(self, *names: str) -> None:
        super().__init__("https://127.0.0.1", ssl.create_default_context())
        self._names = iter(names)

    async def watch(self, path: str, query: Mapping[str, str]) -> AsyncIterator[Resource]:
        del path, query
        for name in self._names:
            yield {"type": "ADDED", "object": {"metadata": {"name": name}}}
            return


async def test_targets_are_seen_although_the_watch_ends() -> None:
    api = EndingWatches("one", "two")
    arrivals = Arrivals(api, "bench")
    watch = asyncio.create_task(arrivals.run())

    arrived = await arrivals.of(["one", "two"], seconds=5)

    watch.cancel()
    await api.close()
    assert arrived.keys() == {"one", "two"}


class GarbledWatches(EndingWatches):
    """An API server whose watches end in what is no JSON."""

    async def watch(self, path: str, query: Mapping[str, str]) -> AsyncIterator[Resource]:
        async for event in super().watch(path, query):
            yield event
        yield json.loads("{")


async def test_waiting_for_targets_ends_when_the_watch_has_failed() -> None:
    api = GarbledWatches("one")
    arrivals = Arrivals(api, "bench")
    watch = asyncio.create_task(arrivals.run())

    with pytest.raises(BenchError, match=r"^The watch of the targets failed: JSONDecodeError"):
        await arrivals.of(["one", "two"], seconds=60)

    assert (await arrivals.of(["one"], seconds=0)).keys() == {"one"}
    await watch
    await api.close()
