"""What a successful login answers (behaviours 28, 30, 34-36)."""

import base64
import hashlib
import hmac
import re

import pytest

from fakeorg import FakeSalesforce, Readymade
from fakeorg.caller import Caller
from fakeorg.model.ids import checksum


def test_answer_has_five_members_and_no_lifetime(caller: Caller, acme: Readymade) -> None:
    answer = caller.log_in()

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json()) == {"access_token", "scope", "instance_url", "id", "token_type"}
    assert answer.json()["scope"] == "api id"
    assert answer.json()["token_type"] == "Bearer"


def test_opaque_token_begins_with_the_short_org_id(caller: Caller, acme: Readymade) -> None:
    token = caller.token()

    assert re.fullmatch(r"00D[A-Za-z0-9]{12}![A-Za-z0-9._]{96,}", token)
    assert token.startswith(acme.org.org_id[:15] + "!")


def test_identity_url_holds_the_long_ids(caller: Caller, acme: Readymade) -> None:
    identity = caller.log_in().json()["id"]

    assert identity.endswith(f"/id/{acme.org.org_id}/{acme.user.user_id}")
    assert len(acme.org.org_id) == len(acme.user.user_id) == 18
    assert acme.user.user_id.startswith("005")


@pytest.mark.parametrize(
    ("short", "suffix"),
    [("00Dxx0000001gPL", "EAY"), ("00526000004wk0w", "AAA"), ("00D260000001G7l", "EAE")],
)
def test_checksum_of_an_id_is_salesforces(short: str, suffix: str) -> None:
    assert checksum(short) == suffix


def test_ids_stay_the_same_from_one_run_to_the_next() -> None:
    with FakeSalesforce() as one, FakeSalesforce() as other:
        assert one.add_org("acme").org_id == other.add_org("acme").org_id


def test_org_may_add_instant_and_signature(caller: Caller, acme: Readymade) -> None:
    acme.app.change(consumer_secret="the secret of the app")
    acme.org.settings.issued_at_in_answer = True
    answer = caller.log_in().json()

    text = (answer["id"] + answer["issued_at"]).encode()
    digest = hmac.new(b"the secret of the app", text, hashlib.sha256).digest()
    assert re.fullmatch(r"\d{13}", answer["issued_at"])
    assert answer["signature"] == base64.b64encode(digest).decode()


def test_site_user_is_told_the_site(caller: Caller, acme: Readymade) -> None:
    site = acme.org.add_site("customers")
    acme.org.add_user("customer@acme.example", site=site)
    acme.app.assign("customer@acme.example")
    answer = caller.log_in(sub="customer@acme.example").json()

    assert answer["sfdc_community_url"] == "https://acme.my.site.com/customers"
    assert answer["sfdc_community_id"] == site.site_id
    assert "sfdc_community_url" not in caller.log_in().json()


def test_agent_scope_adds_the_address_of_the_gateway(caller: Caller, acme: Readymade) -> None:
    acme.app.change(scopes=("api", "sfap_api", "refresh_token"))

    assert caller.log_in().json()["api_instance_url"] == "https://api.salesforce.com"


def test_instance_url_may_point_anywhere(caller: Caller, acme: Readymade) -> None:
    acme.org.settings.instance_url = "https://acme.my.salesforce.com.evil.example"

    assert caller.log_in().json()["instance_url"] == acme.org.settings.instance_url


def test_instance_url_is_reachable_the_way_the_login_came_in(
    caller: Caller, fake: FakeSalesforce, acme: Readymade
) -> None:
    with Caller(fake, acme, by_proxy=True) as by_name:
        at_login_host = by_name.present(by_name.assertion(), acme.org.login_host_url)
        by_port = caller.present(caller.assertion(), fake.login_url)

        assert by_name.log_in().json()["instance_url"] == "https://acme.my.salesforce.com"
        assert at_login_host.json()["instance_url"] == "https://acme.my.salesforce.com"
    assert caller.log_in().json()["instance_url"] == acme.org.login_url
    assert by_port.json()["instance_url"] == acme.org.login_url
