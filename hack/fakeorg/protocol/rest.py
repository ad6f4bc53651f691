"""The REST API, as far as a client needs it to prove that its token works."""

import re
from typing import Final

from fakeorg.model.exchange import Answer, Call, json_answer
from fakeorg.model.org import Org
from fakeorg.protocol.bearer import live_session, note_activity

_VERSIONED: Final = re.compile(r"/services/data/v(\d{2}\.0)(?:/(.*))?")
_API_SCOPES: Final = frozenset({"api", "full"})
_OLDEST_VERSION: Final = 31.0
_SEASONS: Final = ("Spring", "Summer", "Winter")


def versions(version: str) -> Answer:
    """Answer the list of API versions, for which nobody needs to log in."""
    entry = {"label": _label(version), "url": f"/services/data/v{version}", "version": version}
    return json_answer(200, [entry])


def rest(call: Call, org: Org) -> Answer:
    """Answer a request below /services/data, which needs a token."""
    session = live_session(call, org)
    if session is None:
        return rest_error(401, "INVALID_SESSION_ID", "Session expired or invalid")
    if not _API_SCOPES & set(session.scopes):
        message = "This session is not valid for use with the REST API"
        return rest_error(401, "INVALID_SESSION_ID", message)
    if not org.allocation.take(org.clock.now(), org.settings.daily_api_requests):
        return rest_error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    note_activity(org, session)
    return _with_usage(_resource(call, org), org)


def rest_error(status: int, code: str, message: str) -> Answer:
    """Return an error in the form of the REST API."""
    return json_answer(status, [{"message": message, "errorCode": code}])


def _resource(call: Call, org: Org) -> Answer:
    match = _VERSIONED.fullmatch(call.path)
    if match is None or not _OLDEST_VERSION <= float(match[1]) <= float(org.settings.api_version):
        return rest_error(404, "NOT_FOUND", "The requested resource does not exist")
    root = f"/services/data/v{match[1]}"
    match (match[2] or "").strip("/"):
        case "":
            return json_answer(200, {name: f"{root}/{name}" for name in ("limits", "query")})
        case "limits":
            return json_answer(200, {"DailyApiRequests": _usage(org)})
        case "query" | "queryAll":
            return _query(call, root)
        case _:
            return rest_error(404, "NOT_FOUND", "The requested resource does not exist")


def _query(call: Call, root: str) -> Answer:
    found = re.search(r"\bfrom\s+(\w+)", call.query.get("q", ""), re.IGNORECASE)
    if found is None:
        return rest_error(400, "MALFORMED_QUERY", "unexpected token: <EOF>")
    record_id = "001xx000003DGb2AAG"
    attributes = {"type": found[1], "url": f"{root}/sobjects/{found[1]}/{record_id}"}
    record = {"attributes": attributes, "Id": record_id, "Name": "Acme"}
    return json_answer(200, {"totalSize": 1, "done": True, "records": [record]})


def _usage(org: Org) -> dict[str, int]:
    maximum = org.settings.daily_api_requests
    return {"Max": maximum, "Remaining": maximum - org.allocation.used}


def _with_usage(answer: Answer, org: Org) -> Answer:
    usage = f"api-usage={org.allocation.used}/{org.settings.daily_api_requests}"
    return answer.with_header("Sforce-Limit-Info", usage)


def _label(version: str) -> str:
    # v66.0 is Spring '26, and there are three releases a year.
    releases = round(float(version)) - 66
    season, year = _SEASONS[releases % 3], 26 + (releases + (releases % 3 == 2)) // 3
    return f"{season} '{year}"
