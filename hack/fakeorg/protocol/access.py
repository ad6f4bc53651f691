"""Who may use an app: the checks that the grants share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import TypeVar

from fakeorg.model.app import AppState
from fakeorg.model.directory import Place
from fakeorg.model.org import Org
from fakeorg.model.user import User
from fakeorg.protocol import refusals
from fakeorg.protocol.grants import LoginRequest
from fakeorg.protocol.refusals import Refusal, RefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A login of a user with an app that is known."""

    org: Org
    app: AppState
    username: str | None
    ip: str
    now: datetime

    @property
    def user(self) -> User | None:
        """The user, if the org has one of this name."""
        return self.org.users.get(self.username or "")


A = TypeVar("A", bound=Access)


def admit(access: A, checks: Iterable[Callable[[A], Refusal | None]]) -> User:
    """Return the user of a login that passes all checks, or raise RefusedError."""
    for check in checks:
        refusal = check(access)
        if refusal is not None:
            raise RefusedError(refusal)
    if access.user is None:
        raise RefusedError(refusals.NOT_APPROVED)
    return access.user


def app_is_not_installed(access: Access) -> Refusal | None:
    """Refuse an external client app that is not installed in the org."""
    return None if access.app.installed else refusals.APP_NOT_FOUND


def org_is_locked(access: Access) -> Refusal | None:
    """Refuse everybody in a locked org."""
    settings = access.org.settings
    if not settings.locked:
        return None
    return Refusal(settings.inactive_org_error, "inactive organization")


def user_is_unknown(access: Access) -> Refusal | None:
    """Refuse a username that the org does not have."""
    if access.user is not None:
        return None
    if access.org.settings.unknown_user_error == "authentication failure":
        return refusals.AUTHENTICATION_FAILURE
    return refusals.NOT_APPROVED


def user_is_inactive(access: Access) -> Refusal | None:
    """Refuse a deactivated or frozen user."""
    if access.user is None or access.user.may_act:
        return None
    return Refusal(access.org.settings.inactive_user_error, "inactive user")


def login_hours_forbid(access: Access) -> Refusal | None:
    """Refuse a user outside the login hours of the profile."""
    forbidden = access.user is not None and access.user.login_hours_forbid
    return refusals.LOGIN_HOURS if forbidden else None


def user_is_not_assigned(access: Access) -> Refusal | None:
    """Refuse a user whom no admin pre-authorized, if the app asks for that."""
    admin_approved = access.app.policy == "admin-approved"
    if admin_approved and access.username not in access.app.assigned:
        return refusals.NOT_ASSIGNED
    return None


def user_has_not_approved(access: Access) -> Refusal | None:
    """Refuse a user who never approved the app, if users approve it themselves."""
    self_authorize = access.app.policy == "self-authorize"
    if self_authorize and access.username not in access.app.approved:
        return refusals.NOT_APPROVED
    return None


def address_is_outside(access: Access) -> Refusal | None:
    """Refuse an address outside the IP ranges of the app."""
    ranges = access.app.ip_ranges
    inside = any(ip_address(access.ip) in ip_network(one) for one in ranges)
    return refusals.IP_RESTRICTED if ranges and not inside else None


def logins_are_too_many(access: Access) -> Refusal | None:
    """Refuse logins beyond the hourly rate of one user."""
    username = access.username or ""
    tries = access.org.rate.in_last_hour(username, access.now)
    return refusals.RATE_EXCEEDED if tries > access.org.settings.logins_per_hour else None


def app_of(request: LoginRequest) -> tuple[Org, AppState]:
    """Return the app that a request names and its org, or raise RefusedError."""
    consumer_key = request.claimed.consumer_key or ""
    app = request.org.apps.get(consumer_key) if request.org else None
    state = app.seen(request.now) if app else None
    if state is not None and state.blocked:
        raise RefusedError(refusals.CONSUMER_KEY_UNKNOWN)
    if request.org is not None and state is not None:
        return request.org, state
    known_elsewhere = any(consumer_key in org.apps for org in request.directory.all_orgs())
    if not known_elsewhere or app is not None:
        raise RefusedError(refusals.CONSUMER_KEY_UNKNOWN)
    raise RefusedError(_refusal_at_the_wrong_org(request.place))


def _refusal_at_the_wrong_org(place: Place) -> Refusal:
    at_login_host = place.kind == "login host"
    return refusals.NOT_APPROVED if at_login_host else refusals.APP_NOT_FOUND
