"""Which endpoint of which org a call is for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from fakeorg.model.access_token import published_key
from fakeorg.model.directory import Directory, Place, site_at
from fakeorg.model.exchange import Answer, Call, json_answer, text_answer
from fakeorg.model.faults import Fault
from fakeorg.model.org import Org
from fakeorg.protocol import parallel
from fakeorg.protocol.approval_page import success_page
from fakeorg.protocol.authorize import authorize
from fakeorg.protocol.bearer import bearer_token, org_of_token
from fakeorg.protocol.client_secret import credentials
from fakeorg.protocol.data_cloud import exchange
from fakeorg.protocol.introspect import introspect
from fakeorg.protocol.rest import rest, rest_error, versions
from fakeorg.protocol.revoke import revoke
from fakeorg.protocol.token import org_at_login_host, token
from fakeorg.protocol.userinfo import identity, userinfo

Endpoint = Literal[
    "token",
    "authorize",
    "exchange",
    "rest",
    "userinfo",
    "identity",
    "revoke",
    "introspect",
    "keys",
    "success",
    "other",
]

_BY_PATH: dict[str, Endpoint] = {
    "/services/oauth2/token": "token",
    "/services/oauth2/authorize": "authorize",
    "/services/oauth2/success": "success",
    "/services/a360/token": "exchange",
    "/services/oauth2/userinfo": "userinfo",
    "/services/oauth2/revoke": "revoke",
    "/services/oauth2/introspect": "introspect",
    "/id/keys": "keys",
}


@dataclass(frozen=True, slots=True)
class Routed:
    """A call with the endpoint and the org that are to answer it."""

    call: Call
    place: Place
    endpoint: Endpoint
    org: Org | None
    directory: Directory
    is_duplicate: bool = False  # another with the same refresh token is being processed

    @property
    def seconds_of_work(self) -> float:
        """How long the call is worked on, in seconds of real time."""
        return 0 if self.is_duplicate else parallel.seconds_of_work(self.call, self.org)

    def answer(self) -> Answer:
        """Let the endpoint answer, while nothing else in the directory changes."""
        with self.directory.lock:
            answer = _ANSWERS[self.endpoint](self)
            self.end()
            return answer

    def end(self) -> None:
        """Record that nothing is done for this call any more."""
        with self.directory.lock:
            parallel.end(self.call, self.org)

    def take_fault(self) -> Fault | None:
        """Return the fault planned for this call: the org's, the host's or everybody's."""
        with self.directory.lock:
            host = self.call.host.rsplit(":", 1)[0].lower()
            boards = [self.directory.host_faults[host], self.directory.faults]
            if self.org is not None:
                boards.insert(0, self.org.faults)
            return next((f for board in boards if (f := board.take(self.endpoint))), None)


def route(call: Call, directory: Directory) -> Routed | None:
    """Return who answers a call, and count it; None for a host that is not ours."""
    with directory.lock:
        place = directory.locate(call.host, call.port)
        if place is None:
            return None
        call = _without_site_path(_without_double_slash(call), place)
        endpoint = _endpoint(call.path)
        org = place.org or _org_at_login_host(call, place, endpoint, directory)
        if org is not None:
            org.calls[endpoint] += 1
        is_duplicate = endpoint == "token" and not parallel.begin(call, org)
        return Routed(call, place, endpoint, org, directory, is_duplicate)


def _without_double_slash(call: Call) -> Call:
    # The Salesforce CLI puts a path after an instance URL that ends with a slash.
    return replace(call, path="/" + call.path.lstrip("/"))


def _without_site_path(call: Call, place: Place) -> Call:
    if place.kind != "site" or place.org is None:
        return call
    site = site_at(place.org, call.host, call.path)
    if site is None:
        return replace(call, path="/no-such-site")
    return replace(call, path=call.path[len(site.path) + 1 :] if site.path else call.path)


def _endpoint(path: str) -> Endpoint:
    if path.startswith("/services/data"):
        return "rest"
    fixed = _BY_PATH.get(path.rstrip("/"))
    if fixed is None and path.startswith("/id/"):
        return "identity"
    return fixed or "other"


def _org_at_login_host(
    call: Call, place: Place, endpoint: Endpoint, directory: Directory
) -> Org | None:
    match endpoint:
        case "authorize":
            orgs = directory.at_login_host(place.org_kind)
            return next((org for org in orgs if call.parameter("client_id") in org.apps), None)
        case "exchange":
            return org_of_token(call.parameter("subject_token"), place, directory)
        case "token":
            return org_at_login_host(call, place, directory)
        case "revoke":
            return org_of_token(call.parameter("token"), place, directory)
        case "introspect":
            orgs = directory.at_login_host(place.org_kind)
            return next((org for org in orgs if credentials(call)[0] in org.apps), None)
        case _:
            return org_of_token(bearer_token(call), place, directory)


def _rest(routed: Routed) -> Answer:
    if routed.call.path.rstrip("/") == "/services/data":
        orgs = [routed.org] if routed.org else routed.directory.all_orgs()
        return versions(orgs[0].settings.api_version if orgs else "66.0")
    if routed.org is None or routed.place.kind == "login host":
        return rest_error(401, "INVALID_SESSION_ID", "Session expired or invalid")
    return rest(routed.call, routed.org)


def _keys(routed: Routed) -> Answer:
    orgs = [routed.org] if routed.org else routed.directory.at_login_host(routed.place.org_kind)
    return json_answer(200, {"keys": [published_key(org) for org in orgs]})


_ANSWERS: dict[Endpoint, Callable[[Routed], Answer]] = {
    "token": lambda r: token(r.call, r.place, r.org, r.directory, r.is_duplicate),
    "authorize": lambda r: authorize(r.call, r.place, r.directory),
    "success": lambda _: success_page(),
    "exchange": lambda r: exchange(r.call, r.org),
    "rest": _rest,
    "userinfo": lambda r: userinfo(r.call, r.place, r.org),
    "identity": lambda r: identity(r.call, r.place, r.org),
    "revoke": lambda r: revoke(r.call, r.org),
    "introspect": lambda r: introspect(r.call, r.place, r.org),
    "keys": _keys,
    "other": lambda _: text_answer(
        404, "<html><body>URL No Longer Exists</body></html>", "text/html"
    ),
}
