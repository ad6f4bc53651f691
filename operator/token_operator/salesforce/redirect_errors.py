"""What a refusal in a redirect means (Salesforce Help: remoteaccess_oauth_flow_errors)."""

from typing import Final

from token_operator.domain import failures as f
from token_operator.salesforce.hosts import host_of
from token_operator.salesforce.refusals import LoginContext, failure_for
from token_operator.salesforce.wording import cleaned


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


def approval_error(code: str, description: str, context: LoginContext) -> f.FailureError:
    """Return the failure that the error in a redirect stands for."""
    host = host_of(context.login_url)
    kind = _BY_CODE.get(code.lower())
    if kind is None:
        return failure_for(code, description, host=host, context=context)
    quoted = cleaned(f"{code}: {description}", context.secrets)
    return kind(f"{host} refused the approval ({quoted}).")
