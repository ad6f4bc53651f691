"""What makes a first login fail, and what the operator says of it."""

from collections.abc import Callable
from typing import Any

import pytest

from fakeorg import Readymade, faults, keys
from fakeorg.model.faults import Fault


def _settings(**settings: Any) -> Callable[[Readymade], None]:
    def change(ready: Readymade) -> None:
        for name, value in settings.items():
            setattr(ready.org.settings, name, value)

    return change


def _app(**fields: Any) -> Callable[[Readymade], None]:
    return lambda ready: ready.app.change(**fields)


def _user(name: str) -> Callable[[Readymade], None]:
    return lambda ready: setattr(ready.user, name, name != "active")


def _token_endpoint(fault: Fault) -> Callable[[Readymade], None]:
    return lambda ready: ready.org.fail("token", fault, None)


# Of a connection that never had a token: what the admin did, the reason, and the class.
REFUSALS = [
    pytest.param(_app(assigned=[]), "UserNotAssigned", "Transient", id="not assigned"),
    pytest.param(
        _app(policy="self-authorize"), "UserNotApproved", "Transient", id="never approved"
    ),
    pytest.param(_app(installed=False), "AppNotFound", "Transient", id="not installed"),
    pytest.param(_app(scopes=("api",)), "ScopeMissing", "Transient", id="no offline access"),
    pytest.param(_app(jwt_enabled=False), "GrantDisabled", "Terminal", id="grant disabled"),
    pytest.param(_app(ip_ranges=("10.0.0.0/8",)), "IPRestricted", "Terminal", id="address"),
    pytest.param(
        _app(certificates=(keys.key_pair("another").certificate,)),
        "SignatureRejected",
        "Transient",
        id="another certificate",
    ),
    pytest.param(
        lambda ready: ready.org.remove_app(ready.app),
        "ConsumerKeyUnknown",
        "Transient",
        id="app removed",
    ),
    pytest.param(_settings(locked=True), "OrgInactive", "Terminal", id="org locked"),
    pytest.param(_user("active"), "UserInactive", "Terminal", id="user deactivated"),
    pytest.param(_user("frozen"), "UserInactive", "Terminal", id="user frozen"),
    pytest.param(_user("login_hours_forbid"), "LoginHoursRestricted", "Terminal", id="login hours"),
    pytest.param(_settings(logins_per_hour=0), "LoginRateExceeded", "RateLimited", id="rate"),
    pytest.param(
        _token_endpoint(faults.UNAVAILABLE), "SalesforceUnavailable", "Transient", id="503"
    ),
    pytest.param(
        _token_endpoint(faults.SERVER_ERROR), "SalesforceUnavailable", "Transient", id="500"
    ),
    pytest.param(_token_endpoint(faults.RETRY), "SalesforceUnavailable", "Transient", id="retry"),
    pytest.param(_token_endpoint(faults.RESET), "NetworkError", "Transient", id="reset"),
    pytest.param(_token_endpoint(faults.HUGE), "AnswerInvalid", "Transient", id="huge"),
    pytest.param(_token_endpoint(faults.TRUNCATED), "AnswerInvalid", "Transient", id="truncated"),
    pytest.param(
        _token_endpoint(faults.WITHOUT_INSTANCE_URL),
        "AnswerInvalid",
        "Transient",
        id="no instance URL",
    ),
    pytest.param(_token_endpoint(faults.redirect()), "AnswerInvalid", "Transient", id="redirect"),
    pytest.param(
        _token_endpoint(faults.too_many_requests("7")),
        "LoginRateExceeded",
        "RateLimited",
        id="429",
    ),
]
