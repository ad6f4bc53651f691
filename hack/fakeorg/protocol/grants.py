"""What a grant is to the token endpoint."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from fakeorg.model.directory import Directory, Place
from fakeorg.model.exchange import Call
from fakeorg.model.org import Org
from fakeorg.model.session import Session


class Claimed(NamedTuple):
    """Who a request says it is, before anything is verified."""

    consumer_key: str | None = None
    username: str | None = None


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """A request to the token endpoint and where it arrived."""

    call: Call
    place: Place
    directory: Directory
    org: Org | None  # None at a login host, if no org there knows the app
    claimed: Claimed
    now: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """One way to ask for a token."""

    name: str
    peek: Callable[[Call], Claimed]  # never raises
    log_in: Callable[[LoginRequest], tuple[Org, Session]]  # raises RefusedError
