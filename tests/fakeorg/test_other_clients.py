"""Clients that were not written by us: simple-salesforce and curl."""

import subprocess
from collections.abc import Iterator

import pytest
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from fakeorg import FakeSalesforce, Readymade
from fakeorg.caller import GRANT_TYPE, Caller


@pytest.fixture
def web(fake: FakeSalesforce) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(fake.ca_file)
        session.proxies = {"https": fake.proxy_url}
        yield session


def simple_salesforce(
    ready: Readymade, web: requests.Session, domain: str, username: str | None = None
) -> Salesforce:
    return Salesforce(
        username=username or ready.user.username,
        consumer_key=ready.app.consumer_key,
        privatekey=ready.keys.private_key,
        domain=domain,
        session=web,
    )


@pytest.mark.parametrize("domain", ["login", "acme.my"])
def test_simple_salesforce_logs_in_and_queries(
    acme: Readymade, web: requests.Session, domain: str
) -> None:
    salesforce = simple_salesforce(acme, web, domain)

    answer = salesforce.query("SELECT Id, Name FROM Account")

    assert answer["records"][0]["Name"] == "Acme"
    assert salesforce.sf_instance == "acme.my.salesforce.com"
    assert acme.org.is_live(salesforce.session_id)
    assert [row.status for row in acme.org.logins] == ["Success"]
    assert acme.org.calls["rest"] == 1


def test_simple_salesforce_understands_a_refusal(acme: Readymade, web: requests.Session) -> None:
    with (
        pytest.warns(UserWarning, match="you may need to authorize this"),
        pytest.raises(SalesforceAuthenticationFailed, match="hasn't approved this consumer"),
    ):
        simple_salesforce(acme, web, "login", username="nobody@acme.example")


def test_curl_logs_in_through_the_proxy(
    fake: FakeSalesforce, acme: Readymade, caller: Caller
) -> None:
    url = "https://login.salesforce.com/services/oauth2/token"
    form = f"grant_type={GRANT_TYPE}&assertion={caller.assertion()}"
    command = ["curl", "--silent", "--show-error", "--fail-with-body"]
    command += ["--cacert", str(fake.ca_file), "--proxy", fake.proxy_url, "--data", "@-", url]

    done = subprocess.run(
        command, input=form, capture_output=True, text=True, timeout=30, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert '"token_type": "Bearer"' in done.stdout
    assert acme.org.successful_logins == 1
