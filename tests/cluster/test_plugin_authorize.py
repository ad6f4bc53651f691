"""`kubectl salesforce authorize`: the one-time approval, in a real browser and without one."""

import base64
import gc
import re
import socket
import ssl
import subprocess
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

import cluster
from fakeorg import FakeSalesforce, Readymade, readymade_org
from support.browser import Browser, a_browser
from support.crd_samples import ABSENT
from support.operator_process import free_port
from support.plugin import Plugin
from support.stage import Stage
from support.waiting import eventually

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module", autouse=True)
def _connections_of_chromium_end_silently() -> Iterator[None]:
    # asyncio waits 30 s for the other side of a TLS shutdown; the fake org ends before.
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def plugin(control_plane: cluster.ControlPlane) -> Plugin:
    return Plugin(control_plane.kubectl, control_plane.kubeconfig)


@pytest.fixture(scope="module")
def browser(fake: FakeSalesforce, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    # It ends before the fake org does, as it keeps connections to it.
    with a_browser(tmp_path_factory.mktemp("browser")) as running:
        yield running


class Approving:
    """A connection whose app waits for approval, and the command that asks for it."""

    def __init__(self, plugin: Plugin, fake: FakeSalesforce, stage: Stage, folder: Path) -> None:
        self.plugin = plugin
        self.fake = fake
        self.stage = stage
        self.folder = folder
        self.port = free_port()
        self.callback = f"http://localhost:{self.port}/OauthRedirect"
        self.app = stage.ready.app
        self.app.change(
            policy="self-authorize",
            assigned=[],
            callback_urls=(self.callback,),
            require_secret_for_code=False,
            require_secret_for_refresh=False,
            pkce_required=True,
        )

    def connect_with_refresh_token(self) -> None:
        """Apply a connection that keeps a refresh token."""
        ref = {"refreshTokenRef": {"name": "crm-app", "key": "refresh-token"}}
        grant = {"spec.auth.jwtBearer": ABSENT, "spec.auth.refreshToken": ref}
        self.stage.connect(changes=grant)

    def flags(self) -> list[str]:
        """Return the flags that lead to the fake org."""
        org = f"--allowed-host=127.0.0.1:{self.stage.ready.org.port}"
        return [org, f"--ca-file={self.fake.ca_file}", f"--port={self.port}"]

    def start(self, *more: str) -> tuple[subprocess.Popen[str], str]:
        """Start the command; return it, and the URL that it opened in the browser."""
        opened, opener = self.folder / "opened", self.folder / "opener"
        opener.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
        opener.chmod(0o755)
        process = self.plugin.start(
            "authorize",
            "crm",
            *self.flags(),
            *more,
            namespace=self.stage.namespace,
            variables={"BROWSER": str(opener)},
        )
        eventually(lambda: opened.exists() and opened.read_text(), timeout=20)
        return process, opened.read_text()


@pytest.fixture
def approving(
    plugin: Plugin,
    fake: FakeSalesforce,
    make_stage: Callable[[Readymade], Stage],
    tmp_path: Path,
) -> Approving:
    stage = make_stage(readymade_org(fake, f"approving{len(fake.orgs)}"))
    stage.give_key()
    return Approving(plugin, fake, stage, tmp_path)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Return exit code and outputs of a command that ends by itself."""
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def test_approval_in_the_browser_stores_the_refresh_token(
    approving: Approving, browser: Browser
) -> None:
    approving.connect_with_refresh_token()
    process, url = approving.start()

    browser.open(url)
    browser.shows("Allow Access?")
    browser.click("#allow")

    browser.shows("You may close this window.")
    assert browser.address().startswith(approving.callback)
    code, out, err = ended(process)
    assert (code, err) == (0, "")
    secret = approving.stage.secret("crm-app")
    assert secret is not None
    assert secret["metadata"]["labels"] == {"salesforce-token.dev/watch": "true"}
    stored = base64.b64decode(secret["data"]["refresh-token"]).decode()
    assert stored
    assert stored not in out
    assert f"Approved by {approving.stage.ready.user.username}." in out


def test_approval_in_the_browser_lets_a_jwt_bearer_connection_in(
    approving: Approving, browser: Browser
) -> None:
    approving.stage.connect()
    process, url = approving.start()

    browser.open(url)
    browser.click("#allow")

    browser.shows("Approval received")
    assert ended(process)[0] == 0
    username = approving.stage.ready.user.username
    assert username in approving.app.latest.approved
    annotations = approving.stage.connection()["metadata"]["annotations"]
    assert "salesforce-token.dev/renew-requested-at" in annotations


def test_denial_in_the_browser_is_told_there_and_at_the_command(
    approving: Approving, browser: Browser
) -> None:
    approving.connect_with_refresh_token()
    process, url = approving.start()

    browser.open(url)
    browser.click("#deny")

    browser.shows("Not approved")
    code, _, err = ended(process)
    assert code == 1
    assert err.startswith("error: ")
    assert approving.stage.secret("crm-app") is None


# --- Without a browser ---


@pytest.mark.parametrize("form", ["redirect URL", "encoded URL", "code", "encoded code"])
def test_what_is_pasted_is_understood_encoded_or_not(approving: Approving, form: str) -> None:
    approving.connect_with_refresh_token()
    process = start_pasting(approving)
    redirect = allowed(approving, printed_url(process))
    code = redirect.partition("code=")[2].partition("&")[0]
    pasted = {
        "redirect URL": redirect,
        "encoded URL": str(httpx.URL("http://x", params={"u": redirect})).partition("u=")[2],
        "code": httpx.QueryParams(f"c={code}")["c"],
        "encoded code": code,
    }[form]

    out, err = process.communicate(f"{pasted}\n", timeout=30)

    assert process.returncode == 0, out + err
    assert "refresh-token" in approving.stage.entries("crm-app")


def test_answer_to_another_approval_is_not_taken(approving: Approving) -> None:
    approving.connect_with_refresh_token()
    process = start_pasting(approving)
    redirect = allowed(approving, printed_url(process))
    foreign = re.sub(r"state=[^&]*", "state=other", redirect)

    _, err = process.communicate(f"{foreign}\n", timeout=30)

    assert process.returncode == 1
    assert "No usable redirect URL was pasted." in err
    assert approving.stage.secret("crm-app") is None


@pytest.mark.parametrize(
    ("error", "description", "reason"),
    [
        ("OAUTH_APP_BLOCKED", "this app is blocked by admin", "AppBlocked"),
        (
            "OAUTH_APP_ACCESS_DENIED",
            "user is not admin approved to access this app",
            "UserNotAssigned",
        ),
        (
            "OAUTH_EC_APP_NOT_FOUND",
            "External client app is not installed in this org",
            "AppNotFound",
        ),
        ("access_denied", "end-user denied authorization", "UserNotApproved"),
        ("invalid_scope", "the requested scope is not allowed", "ScopeMissing"),
    ],
)
def test_refusal_in_the_redirect_becomes_reason_and_remedy(
    approving: Approving, error: str, description: str, reason: str
) -> None:
    approving.stage.connect()
    process = start_pasting(approving)
    state = httpx.URL(printed_url(process)).params["state"]
    query = httpx.QueryParams(error=error, error_description=description, state=state)

    _, err = process.communicate(f"{approving.callback}?{query}\n", timeout=30)

    assert process.returncode == 1
    assert f"error: {reason}: " in err
    assert len(err.split(". ")) > 1


def test_approval_by_another_user_is_refused(approving: Approving) -> None:
    other = approving.stage.ready.org.add_user("other@acme.example")
    approving.stage.connect()
    process = start_pasting(approving)
    redirect = allowed(approving, printed_url(process), username=other.username)

    _, err = process.communicate(f"{redirect}\n", timeout=30)

    assert process.returncode == 1
    assert "The approval was given by other@acme.example" in err


def test_error_that_anybody_sends_a_browser_with_ends_nothing(approving: Approving) -> None:
    approving.connect_with_refresh_token()
    process, url = approving.start()
    denied = f"{approving.callback}?error=access_denied"

    with httpx.Client(trust_env=False) as http:
        strangers = [http.get(f"{denied}{state}") for state in ("", "&state=other")]
        redirect = allowed(approving, url)
        page = http.get(redirect)

    assert [one.status_code for one in strangers] == [400, 400]
    assert "Approval received" in page.text
    assert ended(process)[0] == 0
    assert "refresh-token" in approving.stage.entries("crm-app")


def test_approval_without_the_consumer_secret_is_proven_by_a_login_for_jwt_bearer(
    approving: Approving,
) -> None:
    approving.app.change(require_secret_for_code=True)
    approving.stage.connect()
    process = start_pasting(approving)
    redirect = allowed(approving, printed_url(process))

    out, err = process.communicate(f"{redirect}\n", timeout=30)

    assert (process.returncode, err) == (0, "")
    assert "The code could not be exchanged: 127.0.0.1" in out
    assert "name it in spec.auth.consumerSecretRef" in out
    assert f"Approved: a login as {approving.stage.ready.user.username} works." in out
    assert "The operator is logging in" in out


def test_text_that_is_no_code_approves_nothing(approving: Approving) -> None:
    approving.stage.connect()
    process = start_pasting(approving)

    out, err = process.communicate("looks-like-a-code\n", timeout=30)

    assert process.returncode == 1
    assert "The code could not be exchanged: 127.0.0.1" in out
    assert "Approved" not in out
    assert "error: UserNotApproved: " in err
    assert "renew-requested-at" not in str(approving.stage.connection()["metadata"])


def test_app_that_must_be_installed_is_named(approving: Approving) -> None:
    approving.stage.ready.org.settings.missing_app_error = "invalid_client"
    approving.app.change(installed=False)
    approving.stage.connect()
    process = start_pasting(approving)
    tls = ssl.create_default_context(cafile=approving.fake.ca_file)
    with httpx.Client(verify=tls, trust_env=False) as http:
        page = http.get(printed_url(process)).text
    shown = "invalid_client: app must be installed into org"
    assert all(word in page for word in shown.split(": "))

    _, err = process.communicate(f"{shown}\n", timeout=30)

    assert process.returncode == 1
    assert "error: AppNotFound: " in err


def test_refresh_token_without_the_consumer_secret_that_the_app_wants_says_what_to_do(
    approving: Approving,
) -> None:
    approving.app.change(require_secret_for_code=True)
    approving.connect_with_refresh_token()
    process = start_pasting(approving)
    redirect = allowed(approving, printed_url(process))

    _, err = process.communicate(f"{redirect}\n", timeout=30)

    assert process.returncode == 1
    assert "error: ClientCredentialsInvalid: " in err
    assert "The app asks for its consumer secret: name it in spec.auth.consumerSecretRef" in err
    assert approving.stage.secret("crm-app") is None


def test_port_that_is_taken_is_told(approving: Approving) -> None:
    approving.stage.connect()
    with socket.create_server(("127.0.0.1", approving.port)):
        line = approving.plugin.refused(
            "authorize", "crm", *approving.flags(), namespace=approving.stage.namespace
        )

    assert f"Port {approving.port} of this machine is taken" in line


def start_pasting(approving: Approving) -> subprocess.Popen[str]:
    """Start the command as on a machine without a browser."""
    return approving.plugin.start(
        "authorize",
        "crm",
        "--no-browser",
        *approving.flags(),
        namespace=approving.stage.namespace,
    )


def printed_url(process: subprocess.Popen[str]) -> str:
    """Return the URL that the command prints."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip().startswith("https://"):
            return line.strip()
    raise AssertionError(process.communicate()[1])


def allowed(approving: Approving, url: str, *, username: str = "") -> str:
    """Allow the access, as a user in a browser elsewhere; return the redirect URL."""
    username = username or approving.stage.ready.user.username
    tls = ssl.create_default_context(cafile=approving.fake.ca_file)
    with httpx.Client(verify=tls, trust_env=False) as http:
        answer = http.post(url, data={"username": username, "decision": "allow"})
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]
