"""What a refusal in a redirect means (Salesforce Help: remoteaccess_oauth_flow_errors)."""

from typing import Final, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from token_operator.domain import failures as f
from token_operator.salesforce.hosts import host_of
from token_operator.salesforce.refusals import LoginContext, failure_for
from token_operator.salesforce.wording import cleaned


class RedirectError(NamedTuple):
    """The error in a redirect URL, decoded (a plus is a space)."""

    code: str
    description: str


class ApprovalDeniedError(f.UserNotApprovedError):
    """A person chose Deny."""

    remedy = "Run the command again and choose Allow, as the integration user."


# These codes mean the same whatever their description says.
_BY_CODE: Final[dict[str, type[f.FailureError]]] = {
    "access_denied": ApprovalDeniedError,
    "oauth_app_blocked": f.AppBlockedError,
    "oauth_app_access_denied": f.UserNotAssignedError,
    "oauth_ec_app_not_found": f.AppNotFoundError,
}


def error_in(pasted: str) -> RedirectError | None:
    """Return the error in a redirect URL; None where it tells none."""
    text = pasted.strip().strip("\"'<>")
    if text[:10].lower().startswith(("http%3a", "https%3a")):
        text = unquote(text)
    told = parse_qs(urlsplit(text).query) if "?" in text else {}
    if "error" not in told:
        return None
    return RedirectError(told["error"][0], told.get("error_description", [""])[0])


def refusal_of(told: RedirectError, context: LoginContext) -> f.FailureError:
    """Return the failure that an error in a redirect stands for."""
    host = host_of(context.login_url)
    kind = _BY_CODE.get(told.code.lower())
    if kind is None:
        return failure_for(told.code, told.description, host=host, context=context)
    quoted = cleaned(f"{told.code}: {told.description}", context.secrets)
    return kind(f"{host} refused the approval ({quoted}).")
