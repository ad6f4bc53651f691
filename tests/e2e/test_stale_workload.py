"""A workload that cannot read a Secret again is restarted on a real node, and misses no query."""

from collections.abc import Callable

import pytest

from cluster.progress import Report
from fakeorg import FakeSalesforce, OrgSettings
from node import images
from support.kubectl import Kubectl
from support.release import PATIENCE
from support.stage import Stage
from support.stale_workload import NAME, StaleWorkload
from support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("nothing_is_lost")]


@pytest.fixture
def stage(
    make_stage: Callable[[FakeSalesforce, str, OrgSettings], Stage], fake: FakeSalesforce
) -> Stage:
    """Connect to an org whose every login gives another token, and which is asked to renew."""
    made = make_stage(fake, "stale", OrgSettings(unique_tokens=True))
    presets = ["Environment", "HTTPHeader"]
    workloads = [{"kind": "Deployment", "name": NAME}]
    made.connect(
        changes={
            "spec.targets": [{"secretName": "crm-token", "presets": presets}],
            "spec.restartWorkloads": workloads,
        }
    )
    made.settled()
    return made


@pytest.fixture
def workload(
    stage: Stage, fake: FakeSalesforce, kubectl: Kubectl, proxy: str, report: Report
) -> StaleWorkload:
    made = StaleWorkload(kubectl, stage.namespace)
    made.start(image=images.base(report), proxy=proxy, authorities=fake.ca_file.read_text())
    return made


def test_workload_with_the_token_in_its_environment_and_by_subpath_is_restarted_for_another(
    stage: Stage, workload: StaleWorkload
) -> None:
    _uses_the_token_of_now(stage, workload)

    for turn in ("once", "twice"):
        _renew(stage, turn)
        _uses_the_token_of_now(stage, workload)

    assert workload.failures() == []
    assert stage.ready.org.successful_logins == 3
    eventually(lambda: stage.reasons().count("WorkloadRestarted") == 2)


def _renew(stage: Stage, value: str) -> None:
    stage.ask_to_renew(value)
    eventually(lambda: stage.status().get("lastHandledRenewRequest") == value, timeout=PATIENCE)


def _uses_the_token_of_now(stage: Stage, workload: StaleWorkload) -> None:
    _, _, token = stage.status()["token"]["fingerprint"].partition(":")
    eventually(lambda: workload.tokens() == {token}, timeout=PATIENCE, poll=0.5)
