"""A request and an answer as plain values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

JSON_TYPE: Final = "application/json;charset=UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP request; header names are lower case."""

    method: str
    path: str
    host: str  # the Host header, with its port if there is one
    port: int  # the local port the request came in on
    ip: str
    headers: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str] = field(repr=False)
    form: Mapping[str, str] = field(repr=False)

    def parameter(self, name: str) -> str | None:
        """Return a form field, or else a query parameter."""
        return self.form.get(name, self.query.get(name))


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP response."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: tuple[tuple[str, str], ...] = ()

    def with_header(self, name: str, value: str) -> "Answer":
        """Return the same answer with one more header."""
        return replace(self, headers=(*self.headers, (name, value)))


def json_answer(status: int, content: object) -> Answer:
    """Return an answer with a JSON body, which nobody may store."""
    return Answer(
        status,
        json.dumps(content).encode(),
        (("Content-Type", JSON_TYPE), ("Cache-Control", "no-store")),
    )


def text_answer(status: int, text: str, content_type: str = "text/plain") -> Answer:
    """Return an answer with a text body."""
    return Answer(status, text.encode(), (("Content-Type", f"{content_type};charset=UTF-8"),))
