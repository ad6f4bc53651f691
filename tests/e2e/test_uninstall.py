"""A release that is uninstalled leaves what workloads use, and takes it up again.

The last tests of the node: nobody renews while there is no operator.
"""

import pytest

from support.client_pod import ClientPod
from support.release import PATIENCE, VERSIONS, Release
from support.stage import Stage
from support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("nothing_is_lost")]

_CRD = "salesforceconnections.salesforce-token.dev"


def test_client_goes_on_while_nothing_is_installed_and_is_served_again_afterwards(
    release: Release, client: ClientPod, steady: Stage
) -> None:
    connection, target = steady.connection(), steady.secret()

    left = release.uninstall()
    answered = client.answers()
    eventually(lambda: client.answers() > answered + 5, timeout=PATIENCE, poll=1)

    assert left == [f"customresourcedefinition.apiextensions.k8s.io/{_CRD}"]
    assert release.pods() == []
    assert steady.connection() == connection
    assert steady.secret() == target

    release.apply("install", VERSIONS[1])
    eventually(release.leader, timeout=PATIENCE)
