"""Faults on demand: what goes wrong, and the board that says when."""

import json
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Final

from fakeorg.model.exchange import Answer, json_answer, text_answer


@dataclass(frozen=True, slots=True)
class Respond:
    """Answer this instead of asking the endpoint."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Reset:
    """Drop the connection without an answer."""

    after_the_work: bool = False  # the token is issued, only the answer is lost


@dataclass(frozen=True, slots=True)
class Hang:
    """Be silent until released or for some seconds of real time, then answer as usual."""

    seconds: float | None = None
    after_the_work: bool = False  # the token is issued, only the answer is late
    released: "Future[None]" = field(default_factory=Future, repr=False)

    def release(self) -> None:
        """Let the silent requests go on."""
        if not self.released.done():
            self.released.set_result(None)


@dataclass(frozen=True, slots=True)
class Spoil:
    """Let the endpoint answer, then change the answer."""

    change: Callable[[Answer], Answer]


Fault = Respond | Reset | Hang | Spoil

RETRY: Final = Respond(
    json_answer(400, {"error": "unknown_error", "error_description": "retry your request"})
)
UNAVAILABLE: Final = Respond(
    text_answer(503, "<html><body><h1>We are down for maintenance.</h1></body></html>", "text/html")
)
SERVER_ERROR: Final = Respond(text_answer(500, "<html>Internal error</html>", "text/html"))
RESET: Final = Reset()
ANSWER_LOST: Final = Reset(after_the_work=True)
HUGE: Final = Respond(json_answer(200, {"access_token": "x" * (2 << 20)}))
TRUNCATED: Final = Spoil(lambda answer: replace(answer, body=answer.body[: len(answer.body) // 2]))


def redirect(to: str = "https://elsewhere.example/services/oauth2/token") -> Respond:
    """Return a 302 to another host."""
    return Respond(Answer(302, b"", (("Location", to),)))


def too_many_requests(retry_after: str = "7") -> Respond:
    """Return a 429 with Retry-After (seconds or an HTTP date)."""
    answer = text_answer(429, "Too many requests")
    return Respond(answer.with_header("Retry-After", retry_after))


def respond(status: int, body: bytes | str = b"", headers: dict[str, str] | None = None) -> Respond:
    """Return any answer at all."""
    content = body.encode() if isinstance(body, str) else body
    return Respond(Answer(status, content, tuple((headers or {}).items())))


def without(member: str) -> Spoil:
    """Take one member out of the JSON object that the endpoint answers."""

    def change(answer: Answer) -> Answer:
        content = json.loads(answer.body)
        if isinstance(content, dict):
            content.pop(member, None)
        return replace(answer, body=json.dumps(content).encode())

    return Spoil(change)


WITHOUT_INSTANCE_URL: Final = without("instance_url")


@dataclass(slots=True)
class _Planned:
    endpoint: str | None
    fault: Fault
    left: int | None


class FaultBoard:
    """The faults that are planned for one org, one host or everybody."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []
        self._outage: Fault | None = None

    def fail(self, endpoint: str | None, fault: Fault, times: int | None = 1) -> None:
        """Plan a fault for the next calls of an endpoint.

        The endpoint None means any, and times None means until the faults are cleared.
        """
        self._planned.append(_Planned(endpoint, fault, times))

    def outage(self, fault: Fault | None) -> None:
        """Let every call end with this fault, until None ends the outage."""
        self._outage = fault

    def clear(self) -> None:
        """Forget all faults and the outage, and release what hangs."""
        for planned in self._planned:
            if isinstance(planned.fault, Hang):
                planned.fault.release()
        self._planned.clear()
        self._outage = None

    def take(self, endpoint: str) -> Fault | None:
        """Return the fault for this call, if one is planned, and count it."""
        if self._outage is not None:
            return self._outage
        for planned in self._planned:
            if planned.endpoint in (None, endpoint) and planned.left != 0:
                planned.left = None if planned.left is None else planned.left - 1
                return planned.fault
        return None
