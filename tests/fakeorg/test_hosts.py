"""Which org a host name or a port leads to (behaviour 57), and the proxy that leads there."""

import socket
import ssl
import threading
from collections.abc import Iterator

import httpx
import pytest
from cryptography.x509 import load_pem_x509_certificate

from fakeorg import FakeSalesforce, OrgSettings, Readymade, readymade_org
from fakeorg.caller import Caller, refusal


@pytest.fixture
def by_name(fake: FakeSalesforce, acme: Readymade) -> Iterator[Caller]:
    with Caller(fake, acme, by_proxy=True) as made:
        yield made


def login_at(caller: Caller, base: str, **changes: object) -> httpx.Response:
    return caller.present(caller.assertion(**changes), base)


def test_login_host_finds_the_org_by_app_and_user(fake: FakeSalesforce, by_name: Caller) -> None:
    globex = readymade_org(fake, "globex")

    with Caller(fake, globex, by_proxy=True) as other:
        answers = [login_at(one, "https://login.salesforce.com") for one in (by_name, other)]

    assert [answer.json()["instance_url"] for answer in answers] == [
        "https://acme.my.salesforce.com",
        "https://globex.my.salesforce.com",
    ]


def test_app_that_two_orgs_share_is_found_by_the_user(
    fake: FakeSalesforce, acme: Readymade, by_name: Caller
) -> None:
    globex = fake.add_org("globex")
    user = globex.add_user("integration@globex.example")
    globex.add_app(
        consumer_key=acme.app.consumer_key,
        certificates=acme.app.latest.certificates,
        assigned=[user.username],
    )

    answer = login_at(by_name, "https://login.salesforce.com", sub=user.username)

    assert answer.json()["instance_url"] == globex.my_domain_url


def test_production_app_is_not_approved_at_the_test_host(by_name: Caller) -> None:
    answer = login_at(by_name, "https://test.salesforce.com", aud="https://test.salesforce.com")

    assert refusal(answer)[2] == "user hasn't approved this consumer"


def test_sandbox_logs_in_at_the_test_host(fake: FakeSalesforce) -> None:
    sandbox = readymade_org(fake, "acme--dev", kind="sandbox")

    with Caller(fake, sandbox, by_proxy=True) as caller:
        answer = login_at(caller, "https://test.salesforce.com")

    assert answer.json()["instance_url"] == "https://acme--dev.sandbox.my.salesforce.com"
    assert answer.json()["id"].startswith("https://test.salesforce.com/id/00D")


def test_app_of_one_org_is_not_found_at_the_my_domain_of_another(
    fake: FakeSalesforce, by_name: Caller
) -> None:
    globex = readymade_org(fake, "globex").org

    assert refusal(login_at(by_name, globex.my_domain_url))[1] == "app_not_found"


def test_org_may_forbid_the_login_host(by_name: Caller, acme: Readymade) -> None:
    acme.org.settings.generic_login = False

    assert login_at(by_name, "https://login.salesforce.com").status_code == 400
    assert by_name.log_in().status_code == 200


def test_site_with_a_path_takes_logins(by_name: Caller, acme: Readymade) -> None:
    site = acme.org.add_site("customers")
    root = acme.org.add_site(host="help.acme.example")

    assert login_at(by_name, site.url, aud=site.url).status_code == 200
    assert login_at(by_name, root.url, aud=root.url).status_code == 200
    assert login_at(by_name, "https://acme.my.site.com/others").status_code == 404


def test_host_name_wins_over_the_port(fake: FakeSalesforce, acme: Readymade) -> None:
    globex = readymade_org(fake, "globex")

    with Caller(fake, globex) as caller:
        form = {"grant_type": "none"}
        caller.http.post(
            f"{acme.org.login_url}/services/oauth2/token",
            data=form,
            headers={"Host": globex.org.my_domain},
        )

    assert (acme.org.calls["token"], globex.org.calls["token"]) == (0, 1)


def test_localhost_is_as_good_as_the_address(caller: Caller, acme: Readymade) -> None:
    base = f"https://localhost:{acme.org.port}"
    answer = login_at(caller, base, aud=base)

    assert answer.json()["instance_url"] == base


def test_main_port_acts_as_the_login_host(caller: Caller, fake: FakeSalesforce) -> None:
    assert login_at(caller, fake.login_url).status_code == 200


def test_unknown_host_is_not_served(caller: Caller, fake: FakeSalesforce) -> None:
    answer = caller.http.get(f"{fake.login_url}/", headers={"Host": "unknown.example"})

    assert answer.status_code == 404


def test_certificate_is_for_the_name_that_is_asked_for(fake: FakeSalesforce) -> None:
    context = ssl.create_default_context(cafile=str(fake.ca_file))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with (
        socket.create_connection(("127.0.0.1", fake.port)) as plain,
        context.wrap_socket(plain, server_hostname="any.name.example") as tls,
    ):
        names = tls.getpeercert()

    assert names is not None
    assert ("DNS", "any.name.example") in names["subjectAltName"]


def test_authority_vouches_for_a_server_that_is_not_its_own(fake: FakeSalesforce) -> None:
    made = load_pem_x509_certificate(fake.authority.server_certificate("localhost").encode())

    made.verify_directly_issued_by(load_pem_x509_certificate(fake.ca_file.read_bytes()))


def test_unknown_authority_is_refused(fake: FakeSalesforce) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{fake.login_url}/services/data/", trust_env=False)


def test_proxy_counts_tunnels_and_refuses_foreign_hosts(
    fake: FakeSalesforce, by_name: Caller
) -> None:
    by_name.log_in()

    with pytest.raises(httpx.ProxyError, match="502"):
        by_name.http.get("https://foreign.example/")
    assert fake.proxy.connections == {"acme.my.salesforce.com": 1, "foreign.example": 1}


def test_proxy_leads_to_loopback_ports_of_ours_only(
    fake: FakeSalesforce, acme: Readymade, by_name: Caller
) -> None:
    assert login_at(by_name, acme.org.login_url).status_code == 200
    with pytest.raises(httpx.ProxyError, match="502"):
        by_name.http.get(f"https://127.0.0.1:{fake.admin_port}/")


def test_proxy_makes_tunnels_only(fake: FakeSalesforce) -> None:
    with httpx.Client(proxy=fake.proxy_url, trust_env=False) as http:
        assert http.get("http://acme.my.salesforce.com/").status_code == 405


def test_proxy_that_is_down_drops_open_tunnels_and_new_ones(
    fake: FakeSalesforce, by_name: Caller
) -> None:
    assert by_name.log_in().status_code == 200
    fake.proxy_down()
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            by_name.log_in()
    fake.proxy_down(down=False)

    assert by_name.log_in().status_code == 200


def test_org_can_be_changed_while_many_log_in(fake: FakeSalesforce) -> None:
    settings = OrgSettings(logins_per_hour=10_000)
    ready = readymade_org(fake, "busy", settings=settings)
    statuses: list[int] = []

    def log_in_often() -> None:
        with Caller(fake, ready) as caller:
            statuses.extend(caller.log_in().status_code for _ in range(20))

    threads = [threading.Thread(target=log_in_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(50):
        ready.org.add_app(name=f"app {number}")
        ready.org.kill_sessions()
        assert len(ready.org.live_sessions) <= 1
    for thread in threads:
        thread.join()

    assert statuses == [200] * 80


def test_two_orgs_cannot_have_one_name(fake: FakeSalesforce, acme: Readymade) -> None:
    with pytest.raises(ValueError, match="there is an org named acme"):
        fake.add_org("acme")
