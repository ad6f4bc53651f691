"""The Salesforce Pub/Sub API client has the entries of the preset PubSub as its metadata."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.client_scene import ClientScene
from support.example import command_of, environment_of
from support.program import Program
from support.pubsub import PubSub
from token_operator.domain.connection import Preset

EXAMPLE = "client-pubsub"


@pytest.fixture
def pubsub(scene: ClientScene, start: Callable[..., Program], tmp_path: Path) -> PubSub:
    return PubSub(scene, start, tmp_path / "pubsub")


@pytest.fixture
def publisher(scene: ClientScene, start: Callable[..., Program], pubsub: PubSub) -> Program:
    """Start the client that publishes an event for each line, with the files as they are then."""
    environment = scene.environment() | {"PUBSUB_ENDPOINT": pubsub.endpoint}
    return start(("node", "publish.mjs", str(scene.folder)), environment, folder=pubsub.folder)


def test_publisher_goes_on_across_a_renewal(scene: ClientScene, publisher: Program) -> None:
    for number in (1, 2):
        scene.publish(Preset.PUB_SUB)

        assert publisher.ask(f"order {number}") == "published"
        # GetTopic, GetSchema and Publish: the org was asked about each.
        assert scene.ready.org.calls["userinfo"] == 3 * number


def test_subscriber_of_the_example_misses_nothing_across_a_renewal(
    scene: ClientScene, start: Callable[..., Program], pubsub: PubSub, publisher: Program
) -> None:
    scene.publish(Preset.PUB_SUB)
    environment = environment_of(EXAMPLE, scene) | {"PUBSUB_ENDPOINT": pubsub.endpoint}
    subscriber = start(command_of(EXAMPLE, scene), environment, folder=pubsub.folder)
    assert pubsub.server.next_line() == "subscribed to /event/Order__e"
    publisher.ask("order 1")
    assert next_payload(subscriber)["Number__c"] == "order 1"

    # The stream's token is dead when the next event is there, so the event comes by a new stream.
    scene.publish(Preset.PUB_SUB)
    publisher.ask("order 2")

    assert pubsub.server.next_line() == "subscribed to /event/Order__e"
    assert next_payload(subscriber)["Number__c"] == "order 2"


def next_payload(subscriber: Program) -> Any:
    """Return the next event that it prints; the client prints what it does, too."""
    while not (line := subscriber.next_line()).startswith('{"CreatedDate"'):
        pass
    return json.loads(line)


@pytest.mark.parametrize(
    ("entry", "value", "details"),
    [
        pytest.param("accesstoken", "00Dxx!dead", "accesstoken: Bad_OAuth_Token", id="token"),
        pytest.param(
            "tenantid",
            "00Dxx0000001gERAAY",
            "tenantid: not the org of the token",
            id="org",
        ),
        pytest.param(
            "instanceurl",
            "https://globex.my.salesforce.com",
            "instanceurl: not of the org",
            id="instance URL",
        ),
    ],
)
def test_wrong_entry_is_refused(
    scene: ClientScene, publisher: Program, entry: str, value: str, details: str
) -> None:
    scene.publish(Preset.PUB_SUB)
    scene.mounted.write(scene.entries() | {entry: value})

    assert publisher.ask("order 1") == f"UNAUTHENTICATED {details}"


def test_dead_token_is_refused_until_the_files_have_the_next(
    scene: ClientScene, publisher: Program
) -> None:
    scene.publish(Preset.PUB_SUB)
    scene.ready.org.kill_sessions()

    assert publisher.ask("order 1") == "UNAUTHENTICATED accesstoken: Bad_OAuth_Token"
    scene.publish(Preset.PUB_SUB)
    assert publisher.ask("order 1") == "published"
