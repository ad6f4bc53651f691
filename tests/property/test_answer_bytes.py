"""Whatever bytes a host answers: a token, a proof or a failure with a reason, never a crash."""

import json
from datetime import timedelta

import httpx
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from support.loopback import NOON
from token_operator.domain.failures import FailureError
from token_operator.domain.grants import GrantName
from token_operator.domain.token import AccessToken
from token_operator.salesforce.hosts import AllowedHosts
from token_operator.salesforce.login_answers import token_from_answer
from token_operator.salesforce.refusals import LoginContext
from token_operator.salesforce.transport import Answer, retry_after_of
from token_operator.salesforce.wording import LONGEST_QUOTE, cleaned

# No test asserts a time, and a loaded machine is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
CONTEXT = LoginContext(login_url="https://login.salesforce.com", grant=GrantName.JWT_BEARER)
JSON = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.just("a"), st.integers(), max_size=1)
)
MEMBERS = st.dictionaries(
    st.sampled_from(
        [
            *("access_token", "instance_url", "id", "scope", "token_type", "expires_in"),
            *("error", "error_description", "sfdc_community_url", "api_instance_url"),
        ]
    ),
    JSON
    | st.just("https://acme.my.salesforce.com")
    | st.just("a.eyJleHAiOjFlOTk5fQ.c")
    | st.just("a.eyJleHAiOjE3OTU1MjUyMDB9.c"),
)


def outcome(status: int, body: bytes) -> AccessToken | FailureError:
    answer = Answer(status=status, body=body, host="login.salesforce.com", received_at=NOON)
    try:
        return token_from_answer(
            answer, now=NOON, offset=timedelta(), context=CONTEXT, hosts=AllowedHosts()
        )
    except FailureError as failure:
        return failure


@unhurried
@given(st.sampled_from([200, 400, 401]), st.binary(max_size=1000))
@example(200, b"[" * 100_000)
@example(200, b'{"access_token": ' + b"[" * 100_000)
@example(200, b'{"expires_in": ' + b"9" * 10_000 + b"}")
def test_any_bytes_are_a_token_or_a_failure(status: int, body: bytes) -> None:
    assert isinstance(outcome(status, body), AccessToken | FailureError)


@unhurried
@given(st.sampled_from([200, 400]), MEMBERS)
def test_any_members_are_a_token_or_a_failure(status: int, members: dict[str, object]) -> None:
    found = outcome(status, json.dumps(members).encode())

    assert isinstance(found, AccessToken | FailureError)
    if isinstance(found, FailureError):
        assert found.message.isprintable()
        assert len(found.message) < 400


@unhurried
@given(st.text(), st.lists(st.text(min_size=1), max_size=3))
def test_a_quote_is_short_and_printable(text: str, secrets: list[str]) -> None:
    quoted = cleaned(text, secrets)

    assert quoted.isprintable()
    assert len(quoted) <= LONGEST_QUOTE


@unhurried
@given(st.text(st.characters(codec="latin-1"), max_size=50))
@example("Fri, 31 Dec 9999 23:59:59 GMT")
@example("Mon, 01 Jan 0001 00:00:00 GMT")
def test_any_retry_after_is_a_bounded_time_or_none(text: str) -> None:
    headers = httpx.Headers([(b"Retry-After", text.encode("latin-1"))])
    answer = Answer(status=429, headers=headers, body=b"", host="h", received_at=NOON)
    wait = retry_after_of(answer)

    assert wait is None or timedelta() <= wait <= timedelta(minutes=15)
