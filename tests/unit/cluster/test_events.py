"""Events: what is posted for the user."""

from datetime import timedelta

from support.builders import NOON, UID, a_connection
from support.fake_api import EVENTS, FakeApi
from token_operator.cluster.api import Api
from token_operator.cluster.events import post_event
from token_operator.domain.outbox import Notice


async def test_event_is_about_the_connection(api: Api, server: FakeApi) -> None:
    notice = Notice(reason="TokenMinted", message="A new access token was minted.")

    await post_event(api, a_connection(), notice, NOON)

    body = server.requests[0].body
    assert server.requests[0].path == EVENTS.format("shop")
    assert body["involvedObject"] == {
        "apiVersion": "salesforce-token.dev/v1alpha1",
        "kind": "SalesforceConnection",
        "namespace": "shop",
        "name": "crm",
        "uid": UID,
    }
    assert body["metadata"]["name"].startswith("crm.")
    assert (body["type"], body["reason"]) == ("Normal", "TokenMinted")
    assert body["firstTimestamp"] == body["lastTimestamp"] == "2026-11-23T12:00:00Z"


async def test_warning_is_marked_as_one_and_a_long_message_is_cut(
    api: Api, server: FakeApi
) -> None:
    notice = Notice(reason="TokenDied", message="x" * 2000, is_warning=True)

    await post_event(api, a_connection(), notice, NOON)

    assert server.requests[0].body["type"] == "Warning"
    assert len(server.requests[0].body["message"]) == 1024


async def test_two_events_have_two_names(api: Api, server: FakeApi) -> None:
    notice = Notice(reason="TokenMinted", message="A new access token was minted.")

    await post_event(api, a_connection(), notice, NOON)
    await post_event(api, a_connection(), notice, NOON)

    assert len(server.objects) == 2


def of_a_series(count: int, series: str = "crm-token") -> Notice:
    return Notice(reason="TargetContested", message="Again.", series=series, count=count)


async def test_events_of_one_series_are_one_event_with_a_count(api: Api, server: FakeApi) -> None:
    later = NOON + timedelta(minutes=1)

    await post_event(api, a_connection(), of_a_series(3), NOON)
    await post_event(api, a_connection(), of_a_series(4), later)

    (event,) = server.objects.values()
    assert (event["count"], event["reason"]) == (4, "TargetContested")
    assert event["firstTimestamp"] == "2026-11-23T12:00:00Z"
    assert event["lastTimestamp"] == "2026-11-23T12:01:00Z"


async def test_two_series_have_two_events(api: Api, server: FakeApi) -> None:
    await post_event(api, a_connection(), of_a_series(3), NOON)
    await post_event(api, a_connection(), of_a_series(3, series="other"), NOON)

    assert len(server.objects) == 2
