"""The REST API, as far as a client needs it to prove that its token works."""

import re
from typing import Final

from fakeorg.model.exchange import Answer, Call, json_answer
from fakeorg.model.org import Org
from fakeorg.protocol.bearer import bearer_token, live_session, note_activity

_VERSIONED: Final = re.compile(r"/services/data/v(\d{2}\.0)(?:/(.*))?")
_USER: Final = re.compile(r"sobjects/User/(005[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?)")
_SELECT: Final = re.compile(
    r"\bselect\s+(?P<fields>.+?)\s+from\s+(?P<object>\w+)", re.IGNORECASE | re.DOTALL
)
_PLAIN_COLUMN: Final[dict[str, object]] = {"aggregate": False, "custom": False, "joinColumns": []}
_API_SCOPES: Final = frozenset({"api", "full"})
_OLDEST_VERSION: Final = 31.0
_ENDED: Final = {
    "INVALID_SESSION_ID": "Session expired or invalid",
    "INVALID_AUTH_HEADER": "INVALID_HEADER_TYPE",
    "INVALID_JWT_FORMAT": "Invalid JWT Signature.",
}
_SEASONS: Final = ("Spring", "Summer", "Winter")


def versions(version: str) -> Answer:
    """Answer the list of API versions, for which nobody needs to log in."""
    entry = {"label": _label(version), "url": f"/services/data/v{version}", "version": version}
    return json_answer(200, [entry])


def rest(call: Call, org: Org) -> Answer:
    """Answer a request below /services/data, which needs a token."""
    session = live_session(call, org)
    if session is None:
        return _ended(call, org)
    if not _API_SCOPES & set(session.scopes):
        message = "This session is not valid for use with the REST API"
        return rest_error(401, "INVALID_SESSION_ID", message)
    if not org.allocation.take(org.clock.now(), org.settings.daily_api_requests):
        return rest_error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    note_activity(org, session)
    return _with_usage(_resource(call, org), org)


def _ended(call: Call, org: Org) -> Answer:
    is_jwt = (bearer_token(call) or "").startswith("eyJ")
    code = org.settings.jwt_death if is_jwt else "INVALID_SESSION_ID"
    return rest_error(401, code, _ENDED[code])


def rest_error(status: int, code: str, message: str) -> Answer:
    """Return an error in the form of the REST API."""
    return json_answer(status, [{"message": message, "errorCode": code}])


def _resource(call: Call, org: Org) -> Answer:
    match = _VERSIONED.fullmatch(call.path)
    if match is None or not _OLDEST_VERSION <= float(match[1]) <= float(org.settings.api_version):
        return _not_found()
    root = f"/services/data/v{match[1]}"
    match (match[2] or "").strip("/"):
        case "":
            names = ("limits", "query", "sobjects")
            return json_answer(200, {name: f"{root}/{name}" for name in names})
        case "limits":
            return json_answer(200, {"DailyApiRequests": _usage(org)})
        case "query" | "queryAll":
            return _query(call, root)
        case resource if user_path := _USER.fullmatch(resource):
            return _user(user_path[1], org, root)
        case _:
            return _not_found()


def _not_found() -> Answer:
    return rest_error(404, "NOT_FOUND", "The requested resource does not exist")


def _user(user_id: str, org: Org, root: str) -> Answer:
    """Answer the record of a user, from which the Salesforce CLI reads whose a token is."""
    user = next((one for one in org.users.values() if one.user_id[:15] == user_id[:15]), None)
    if user is None:
        return _not_found()
    attributes = {"type": "User", "url": f"{root}/sobjects/User/{user.user_id}"}
    names = {"Username": user.username, "Name": "Integration User", "Email": user.username}
    record = {"attributes": attributes, "Id": user.user_id, **names, "IsActive": user.may_act}
    return json_answer(200, record)


def _query(call: Call, root: str) -> Answer:
    found = _SELECT.search(call.query.get("q", ""))
    if found is None:
        return rest_error(400, "MALFORMED_QUERY", "unexpected token: <EOF>")
    if call.query.get("columns") == "true":
        return _columns(found["fields"], found["object"])
    record_id = "001xx000003DGb2AAG"
    attributes = {"type": found["object"], "url": f"{root}/sobjects/{found['object']}/{record_id}"}
    record = {"attributes": attributes, "Id": record_id, "Name": "Acme"}
    return json_answer(200, {"totalSize": 1, "done": True, "records": [record]})


def _columns(fields: str, of_object: str) -> Answer:
    """Answer what the columns of a query are instead of its records, as the CLI asks after it."""
    names = [name.strip() for name in fields.split(",")]
    columns = [{"columnName": n, "displayName": n, **_PLAIN_COLUMN} for n in names]
    return json_answer(200, {"columnMetadata": columns, "entityName": of_object, "groupBy": False})


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
