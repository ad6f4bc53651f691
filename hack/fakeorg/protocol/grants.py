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


class Issued(NamedTuple):
    """What a successful login gives."""

    org: Org
    session: Session
    refresh_token: str | None = None
    is_signed: bool = False  # the answer has issued_at and signature


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """A request to the token endpoint and where it arrived."""

    call: Call
    place: Place
    directory: Directory
    org: Org | None  # None at a login host, if no org there knows the app
    claimed: Claimed
    now: datetime
    is_duplicate: bool = False  # another request with the same refresh token is being processed


@dataclass(frozen=True, slots=True)
class Grant:
    """One way to ask for a token."""

    name: str
    peek: Callable[[Call], Claimed]  # never raises
    log_in: Callable[[LoginRequest], Issued]  # raises RefusedError
    # Finds the user in an org, for a grant whose request does not name one; never raises.
    user_of: Callable[[Call, Org], str | None] | None = None

    def claimed_in(self, org: Org | None, call: Call) -> Claimed:
        """Return who a request says it is, as far as an org knows."""
        claimed = self.peek(call)
        if self.user_of is None or org is None:
            return claimed
        return claimed._replace(username=self.user_of(call, org))
