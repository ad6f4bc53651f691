"""What a successful login gives: the session that is there, or a new one."""

from datetime import datetime, timedelta

from fakeorg.model.access_token import jwt_token
from fakeorg.model.app import AppState
from fakeorg.model.ids import opaque_token
from fakeorg.model.org import Org
from fakeorg.model.session import Session, SessionKey


def log_in(org: Org, app: AppState, key: SessionKey, now: datetime) -> Session:
    """Return the live session of this user, app and scopes, or open one."""
    session = org.sessions.newest(key, now)
    if session is None or not _is_shared(org, app):
        session = _new_session(org, app, key, now)
        org.sessions.open(session)
    elif org.settings.login_slides:
        session.slide(now, always=True)
    return session


def _is_shared(org: Org, app: AppState) -> bool:
    if app.jwt_format:
        return org.settings.jwt_issued_again
    return not org.settings.unique_tokens


def _new_session(org: Org, app: AppState, key: SessionKey, now: datetime) -> Session:
    first = not org.sessions.has_seen(key)
    opened_at = now - (org.settings.first_login_age if first else timedelta())
    return Session(
        token=jwt_token(org, app, key, opened_at) if app.jwt_format else opaque_token(org.org_id),
        username=key.username,
        consumer_key=key.consumer_key,
        scopes=key.scopes,
        approval=key.approval,
        opened_at=opened_at,
        idle_since=opened_at,
        timeout=app.session_timeout or org.settings.session_timeout,
        fixed_end=_whole_second(opened_at + app.jwt_lifetime) if app.jwt_format else None,
    )


def _whole_second(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)
