"""The admin API and the command line, as curl and a shell see them."""

import json
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fakeorg import FakeSalesforce, Readymade, keys
from fakeorg.caller import Caller, refusal

HACK = Path(__file__).parents[2] / "hack"


@pytest.fixture
def admin(fake: FakeSalesforce, acme: Readymade) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=fake.admin_url, trust_env=False) as client:
        yield client


def test_root_lists_all_routes(admin: httpx.Client) -> None:
    routes = admin.get("/").json()

    assert "GET /history" in routes
    assert "PUT /orgs/{org}/apps/{app}/certificate" in routes


def test_history_tells_the_logins_of_all_orgs_or_of_one(
    admin: httpx.Client, caller: Caller
) -> None:
    caller.log_in()
    caller.log_in(aud="nowhere")

    assert [row["status"] for row in admin.get("/history").json()] == [
        "Success",
        "audience is invalid",
    ]
    assert len(admin.get("/history?org=acme").json()) == 2
    assert admin.get("/history?org=other").json() == []


def test_orgs_are_shown_without_any_secret(
    admin: httpx.Client, caller: Caller, acme: Readymade
) -> None:
    acme.app.change(consumer_secret="a consumer secret")
    token = caller.token()
    (shown,) = admin.get("/orgs").json()

    assert shown["login_url"] == acme.org.login_url
    assert shown["calls"] == {"token": 1}
    assert len(shown["live_sessions"]) == 1
    assert admin.get("/orgs/acme").json()["org_id"] == acme.org.org_id
    assert token not in json.dumps(shown)
    assert "a consumer secret" not in json.dumps(shown)


def test_clock_can_be_moved_stopped_and_reset(admin: httpx.Client, fake: FakeSalesforce) -> None:
    fake.clock.freeze()
    before = fake.clock.now()
    moved = admin.post("/clock", json={"advance": 60}).json()["now"]

    assert moved == fake.clock.now().isoformat()
    assert (fake.clock.now() - before).total_seconds() == 60
    admin.post("/clock", json={"resume": True})
    assert fake.clock.now() > before
    admin.post("/clock", json={"freeze": True})
    assert fake.clock.now() == fake.clock.now()
    admin.post("/clock", json={"reset": True})
    assert admin.get("/clock").json()["now"] < moved


def test_sessions_can_be_killed(admin: httpx.Client, caller: Caller, acme: Readymade) -> None:
    token = caller.token()

    assert admin.post("/orgs/acme/kill-sessions", json={"username": "x"}).json() == {"killed": 0}
    assert admin.post("/orgs/acme/kill-sessions").json() == {"killed": 1}
    assert not acme.org.is_live(token)


@pytest.mark.parametrize("path", ["/orgs/acme/outage", "/outage"])
def test_outage_can_be_switched(admin: httpx.Client, caller: Caller, path: str) -> None:
    admin.post(path, json={"on": True})
    before = caller.log_in().status_code
    admin.post(path, json={"on": False})

    assert (before, caller.log_in().status_code) == (503, 200)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"fault": "retry"}, 400),
        ({"fault": "503"}, 503),
        ({"fault": "500"}, 500),
        ({"fault": "429", "retry_after": 9}, 429),
        ({"fault": "redirect"}, 302),
        ({"fault": "huge"}, 200),
        ({"fault": "truncated"}, 200),
        ({"fault": "without", "member": "scope"}, 200),
        ({"fault": "hang", "seconds": 0.01}, 200),
        ({"fault": "respond", "status": 418, "headers": {"X": "y"}, "body": "tea"}, 418),
    ],
    ids=lambda value: value["fault"] if isinstance(value, dict) else "",
)
def test_faults_can_be_planned_by_name(
    admin: httpx.Client, caller: Caller, fault: dict[str, object], status: int
) -> None:
    planned = admin.post("/orgs/acme/faults", json=fault | {"endpoint": "token"})

    assert planned.status_code == 200
    assert caller.log_in().status_code == status
    assert caller.log_in().status_code == 200


def test_faults_can_be_cleared(admin: httpx.Client, caller: Caller) -> None:
    admin.post("/faults", json={"fault": "503", "times": None, "host": "127.0.0.1"})
    before = caller.log_in().status_code
    admin.delete("/faults?host=127.0.0.1")

    assert (before, caller.log_in().status_code) == (503, 200)


def test_certificate_can_be_replaced(admin: httpx.Client, caller: Caller, acme: Readymade) -> None:
    new = keys.key_pair("another")
    admin.put("/orgs/acme/apps/integration/certificate", content=new.certificate)

    assert refusal(caller.log_in())[2] == "invalid assertion"
    assert caller.present(caller.signed_by(new.private_key)).status_code == 200


def test_settings_apps_and_users_can_be_changed(
    admin: httpx.Client, caller: Caller, acme: Readymade
) -> None:
    admin.patch("/orgs/acme/settings", json={"session_timeout": 30, "audiences": ["https://x"]})
    admin.patch(f"/orgs/acme/apps/{acme.app.consumer_key}", json={"scopes": ["refresh_token"]})
    admin.patch(f"/orgs/acme/users/{acme.user.username}", json={"active": False})

    assert acme.org.settings.session_timeout.total_seconds() == 30
    assert "https://x" in acme.org.audiences
    assert acme.app.latest.scopes == ("refresh_token",)
    assert refusal(caller.log_in())[2] == "inactive user"


def test_orgs_apps_and_users_can_be_added(admin: httpx.Client, fake: FakeSalesforce) -> None:
    made = admin.post("/orgs", json={"name": "uat", "kind": "sandbox"})
    admin.post("/orgs/uat/users", json={"username": "bot@uat.example"})
    app = admin.post(
        "/orgs/uat/apps",
        json={"name": "app", "consumer_secret": "hidden", "assigned": ["bot@uat.example"]},
    ).json()
    org = fake.directory.orgs["uat"]

    assert made.status_code == 201
    assert made.json()["my_domain_url"] == "https://uat.sandbox.my.salesforce.com"
    assert set(org.users) == {"bot@uat.example"}
    assert set(org.apps) == {app["consumer_key"]}
    assert org.apps[app["consumer_key"]].latest.consumer_secret == "hidden"


def test_proxy_can_be_taken_down(admin: httpx.Client, fake: FakeSalesforce) -> None:
    assert admin.post("/proxy", json={"down": True}).json()["down"] is True
    assert fake.proxy.is_down
    assert admin.post("/proxy", json={"down": False}).json()["down"] is False


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/orgs/acme/faults", {"fault": "flood"}, 400),
        ("POST", "/orgs/acme/faults", {"fault": "respond"}, 400),
        ("POST", "/orgs/acme/faults", {"fault": "respond", "status": 1, "headers": 1}, 400),
        ("PATCH", "/orgs/acme/settings", {"session_timeot": 3}, 400),
        ("PATCH", "/orgs/acme/settings", {"session_timeout": "long"}, 400),
        ("PATCH", "/orgs/acme/apps/integration", {"scopes": "api"}, 400),
        ("PATCH", "/orgs/acme/apps/none", {}, 404),
        ("PATCH", "/orgs/acme/users/none", {}, 404),
        ("POST", "/orgs", {}, 400),
        ("POST", "/orgs", {"name": "acme"}, 400),
        ("POST", "/clock", [], 400),
        ("GET", "/orgs/none", None, 404),
    ],
)
def test_wrong_request_is_told_what_is_wrong(
    admin: httpx.Client, method: str, path: str, body: object, status: int
) -> None:
    answer = admin.request(method, path, json=body)

    assert answer.status_code == status
    assert answer.json()["error"]


def test_command_runs_an_org_that_is_ready_for_logins(tmp_path: Path) -> None:
    ca_file, key_file = tmp_path / "ca.pem", tmp_path / "key.pem"
    command = [sys.executable, str(HACK / "fakeorg"), "--session-timeout", "30"]
    command += ["--ca-file", str(ca_file), "--private-key", str(key_file), "--verbose"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        context = ssl.create_default_context(cafile=str(ca_file))
        url = f"{told['org']['login_url']}/services/oauth2/token"
        httpx.post(url, verify=context, data={"grant_type": "x"}, trust_env=False)
        history = httpx.get(f"{told['admin']}/history", trust_env=False)
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)

    assert [row["status"] for row in history.json()] == ["grant type not supported"]
    assert "grant type not supported" in errors
    assert told["org"]["users"][0]["username"] == "integration@acme.example"
    assert told["org"]["apps"][0]["consumer_key"].startswith("3MVG9")
    assert "BEGIN CERTIFICATE" in ca_file.read_text()
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert (process.returncode, "Traceback" in errors) == (0, False)


def test_command_says_in_one_line_that_a_port_is_taken(fake: FakeSalesforce) -> None:
    done = subprocess.run(
        [sys.executable, str(HACK / "fakeorg"), "--port", str(fake.port)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.startswith("fakeorg: ")
    assert done.stderr.count("\n") == 1


def test_module_prints_its_help() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fakeorg", "--help"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env={"PYTHONPATH": str(HACK)},
    )

    assert "--session-timeout SECONDS" in done.stdout
    assert "HTTPS_PROXY=" in done.stdout
