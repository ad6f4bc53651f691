"""What the admin API reports about orgs and apps; never a token, a secret or a key."""

from fakeorg.model.app import App
from fakeorg.model.org import Org


def org_report(org: Org) -> dict[str, object]:
    """Return addresses, counts and members of an org."""
    return {
        "name": org.name,
        "kind": org.kind,
        "org_id": org.org_id,
        "login_url": org.login_url,
        "my_domain_url": org.my_domain_url,
        "login_host_url": org.login_host_url,
        "audiences": sorted(org.audiences),
        "calls": dict(org.calls),
        "logins": len(org.logins),
        "successful_logins": org.successful_logins,
        "live_sessions": [
            {"username": s.username, "expires_at": s.expires_at.isoformat()}
            for s in org.live_sessions
        ],
        "refresh_tokens": [
            {"username": a.username, "consumer_key": a.consumer_key, "uses": a.uses}
            for a in org.refresh_tokens
        ],
        "users": [{"username": u.username, "active": u.may_act} for u in org.users.values()],
        "apps": [app_report(app) for app in org.apps.values()],
    }


def app_report(app: App) -> dict[str, object]:
    """Return what may be shown of an app."""
    state = app.latest
    return {
        "name": state.name,
        "consumer_key": state.consumer_key,
        "certificates": len(state.certificates),
        "scopes": list(state.scopes),
        "policy": state.policy,
        "assigned": sorted(state.assigned),
        "approved": sorted(state.approved),
        "installed": state.installed,
        "blocked": state.blocked,
        "has_secret": state.consumer_secret is not None,
        "run_as": state.run_as,
        "client_credentials_enabled": state.client_credentials_enabled,
        "refresh_token_rotation": state.refresh_token_rotation,
        "pkce_required": state.pkce_required,
        "callback_urls": list(state.callback_urls),
    }
