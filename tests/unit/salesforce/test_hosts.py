import time

import pytest

from token_operator.domain.failures import HostNotAllowedError
from token_operator.salesforce.hosts import (
    AllowedHosts,
    host_of,
    parse_extra,
)
from token_operator.salesforce.login_urls import better_login_url

LOGIN_URLS = [
    "https://login.salesforce.com",
    "https://test.salesforce.com",
    "https://test.salesforce.com/",
    "HTTPS://Login.Salesforce.com",
    "https://mycompany.my.salesforce.com",
    "https://mycompany--uat.sandbox.my.salesforce.com",
    "https://mycompany--uat.my.salesforce.com",
    "https://mycompany--uat.cs42.my.salesforce.com",
    "https://acme-dev-ed.develop.my.salesforce.com",
    "https://acme.scratch.my.salesforce.com",
    "https://acme.trailblaze.my.salesforce.com",
    "https://acme.demo.my.salesforce.com",
    "https://acme.patch.my.salesforce.com",
    "https://acme.free.my.salesforce.com",
    "https://acme.stage.my.salesforce.com",
    "https://acme.my.site.com",
    "https://acme.my.site.com/customers",
    "https://acme--uat.sandbox.my.site.com/customers/eu/",
    "https://agency.my.salesforce.mil",
    "https://agency--uat.sandbox.my.salesforce.mil",
    "https://login.sfcrmproducts.cn",
    "https://test.sfcrmproducts.cn",
    "https://acme.my.sfcrmproducts.cn",
    "https://acme--uat.sandbox.my.sfcrmproducts.cn",
]

LEGACY_INSTANCES = [
    "https://na139.salesforce.com",
    "https://cs42.salesforce.com",
    "https://eu6.salesforce.com",
]

HOSTILE_URLS = [
    "http://login.salesforce.com",
    "login.salesforce.com",
    "",
    "https://",
    "https://yourorg.my.salesforce.com.evil.com",
    "https://evilsalesforce.com",
    "https://evil.com",
    "https://login.salesforce.com@evil.com",
    "https://user:secret-password@login.salesforce.com",
    "https://login.salesforce.com:8443",
    "https://login.salesforce.com:443",
    "https://login.salesforce.com.",
    "https://yourorg.evil.my.salesforce.com",
    "https://login.salesforce.com\n",
    "https://login.salesforce.com\n.evil.com",
    "https://login.salesforce.com\t",
    " https://login.salesforce.com",
    "https://lοgin.salesforce.com",  # noqa: RUF001 - a Greek letter, on purpose
    "https://acme.my.saleſforce.com",  # noqa: RUF001 - a long s, on purpose
    "https://login.salesforce.com?x=1",
    "https://login.salesforce.com#x",
    "https://login.salesforce.com\\@evil.com",
    "https://evil.com\\.my.salesforce.com",
    "https://acme.lightning.force.com",
    "https://acme.salesforce-setup.com",
    "https://acme.visualforce.com",
    "https://acme.develop.builder.salesforce-experience.com",
    "https://api.salesforce.com",
    "https://-acme.my.salesforce.com",
    "https://.my.salesforce.com",
    "https://my.salesforce.com",
    "https://127.0.0.1",
    "https://[::1]",
]


@pytest.mark.parametrize("url", LOGIN_URLS)
def test_tokens_may_be_asked_from_hosts_of_salesforce(url: str) -> None:
    AllowedHosts().check_login_url(url)


@pytest.mark.parametrize(
    "url", [url for url in LOGIN_URLS if url.count("/") == 2] + LEGACY_INSTANCES
)
def test_tokens_may_be_used_at_hosts_of_salesforce(url: str) -> None:
    AllowedHosts().check_instance_url(url)


@pytest.mark.parametrize("url", HOSTILE_URLS)
def test_no_token_is_asked_from_or_used_at_another_host(url: str) -> None:
    with pytest.raises(HostNotAllowedError, match=r"spec\.org\.loginURL") as login:
        AllowedHosts().check_login_url(url)
    with pytest.raises(HostNotAllowedError, match="instance_url") as instance:
        AllowedHosts().check_instance_url(url)

    for caught in (login, instance):
        assert caught.value.message.isprintable()
        assert caught.value.message.isascii()
        assert "secret-password" not in caught.value.sentence()


@pytest.mark.parametrize("url", LEGACY_INSTANCES)
def test_no_token_is_asked_from_a_legacy_instance(url: str) -> None:
    with pytest.raises(HostNotAllowedError):
        AllowedHosts().check_login_url(url)


@pytest.mark.parametrize(
    ("url", "problem", "better"),
    [
        ("acme.lightning.force.com", "serves Lightning pages", "acme.my.salesforce.com"),
        (
            "acme--dev.sandbox.lightning.force.com/lightning/page/home",
            "serves Lightning pages",
            "acme--dev.sandbox.my.salesforce.com",
        ),
        ("acme.my.salesforce-setup.com/lightning", "serves Setup pages", "acme.my.salesforce.com"),
        (
            "acme-dev-ed.develop.my.salesforce-setup.com",
            "serves Setup pages",
            "acme-dev-ed.develop.my.salesforce.com",
        ),
        ("acme.salesforce-setup.com", "serves Setup pages", "acme.my.salesforce.com"),
        ("acme--c.vf.force.com", "serves Visualforce pages", "acme.my.salesforce.com"),
        (
            "acme--dev--c.sandbox.vf.force.com",
            "serves Visualforce pages",
            "acme--dev.sandbox.my.salesforce.com",
        ),
        ("acme--c.visualforce.com", "serves Visualforce pages", "acme.my.salesforce.com"),
        (
            "acme.develop.builder.salesforce-experience.com",
            "serves the site builder",
            "acme.develop.my.salesforce.com",
        ),
        ("na139.salesforce.com", "is an instance", "login.salesforce.com"),
        ("cs12.salesforce.com", "is an instance", "test.salesforce.com"),
        ("Acme.my.salesforce.com:443", "without a port", "acme.my.salesforce.com"),
        ("acme.my.salesforce.com/x", "without a path", "acme.my.salesforce.com"),
        ("acme.my.salesforce.com.", "without a dot at the end", "acme.my.salesforce.com"),
        ("login.salesforce.com/customers", "without a path", "login.salesforce.com"),
        ("agency.my.salesforce.mil:443", "without a port", "agency.my.salesforce.mil"),
    ],
)
def test_refused_login_url_is_told_with_the_one_to_use(url: str, problem: str, better: str) -> None:
    with pytest.raises(HostNotAllowedError) as refused:
        AllowedHosts().check_login_url(f"https://{url}")

    assert (
        f"spec.org.loginURL names the host '{url.lower().split('/')[0]}'" in refused.value.message
    )
    assert problem in refused.value.message
    assert f"Set spec.org.loginURL to https://{better}" in refused.value.advice
    assert "--allowed-host" not in refused.value.sentence()
    AllowedHosts().check_login_url(f"https://{better}")


@pytest.mark.parametrize("url", [one for one in HOSTILE_URLS if "evil" in one])
def test_no_login_url_is_proposed_for_a_foreign_host(url: str) -> None:
    assert better_login_url(url) is None


@pytest.mark.parametrize(
    "url",
    [
        f"https://login.salesforce.com/id/{'0' * 18}/{'1' * 18}",
        "https://acme.my.salesforce.com/id/x",
        "https://acme.my.site.com/customers",
        "https://api.salesforce.com",
        "https://api.gov.salesforce.com",
        "https://na139.salesforce.com/id/x",
        "https://sso.acme.example:8443/customers",
    ],
)
def test_urls_of_salesforce_in_an_answer_are_published(url: str) -> None:
    AllowedHosts(["sso.acme.example:8443"]).check_answered_url("id", url)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.com/id/x",
        "https://api.salesforce.com.evil.com",
        "https://api.salesforce.com:8443",
        "https://acme.my.salesforce.com@evil.com/id/x",
        "https://sso.acme.example",
        "https://acme.my.salesforce.com/../x",
        "https://acme.my.salesforce.com/id?to=evil.com",
    ],
)
def test_foreign_url_in_an_answer_is_refused_with_its_member(url: str) -> None:
    with pytest.raises(HostNotAllowedError, match="sfdc_community_url in Salesforce's answer"):
        AllowedHosts().check_answered_url("sfdc_community_url", url)


@pytest.mark.parametrize(
    "url",
    [
        "https://login.salesforce.com/customers",
        "https://acme.my.salesforce.com/x",
        "https://acme.my.site.com/a/../b",
        "https://acme.my.site.com/./b",
        "https://acme.my.site.com//b",
        "https://acme.my.site.com/a%2fb",
        "https://acme.my.site.com/a b",
    ],
)
def test_only_a_site_may_have_a_path_and_only_a_plain_one(url: str) -> None:
    with pytest.raises(HostNotAllowedError):
        AllowedHosts().check_login_url(url)


def test_an_instance_url_has_no_path() -> None:
    with pytest.raises(HostNotAllowedError):
        AllowedHosts().check_instance_url("https://acme.my.site.com/customers")


def test_a_refusal_names_the_host() -> None:
    with pytest.raises(HostNotAllowedError, match=r"'evil\.com'"):
        AllowedHosts().check_login_url("https://evil.com/path")


@pytest.mark.parametrize(
    ("extra", "url"),
    [
        ("sf.example.com", "https://sf.example.com"),
        ("sf.example.com", "https://sf.example.com:443"),
        ("SF.Example.com:443", "https://sf.example.com/gateway"),
        ("127.0.0.1:8443", "https://127.0.0.1:8443"),
        ("fakeorg:8443", "https://fakeorg:8443/customers"),
    ],
)
def test_an_admin_can_add_a_host(extra: str, url: str) -> None:
    AllowedHosts([extra]).check_login_url(url)


@pytest.mark.parametrize(
    ("extra", "url"),
    [
        ("sf.example.com", "https://sf.example.com:8443"),
        ("sf.example.com:8443", "https://sf.example.com"),
        ("sf.example.com:8443", "https://sf.example.com:8444"),
        ("sf.example.com:8443", "https://x.sf.example.com:8443"),
        ("login.salesforce.com:8443", "https://login.salesforce.com:443"),
    ],
)
def test_an_added_host_is_allowed_at_its_port_only(extra: str, url: str) -> None:
    with pytest.raises(HostNotAllowedError):
        AllowedHosts([extra]).check_instance_url(url)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://sf.example.com",
        "sf.example.com/",
        "*.example.com",
        "sf.example.com:",
        "sf.example.com:0",
        "sf.example.com:65536",
        "sf.example.com:http",
        "user@sf.example.com",
        "sf.example.com.",
        "sf..example.com",
        "-sf.example.com",
        "sf.example.com\n.evil",
        "\N{KELVIN SIGN}.example.com",
        "[::1]:8443",
    ],
)
def test_an_added_host_of_another_form_is_refused_with_the_right_form(text: str) -> None:
    with pytest.raises(ValueError, match="give HOST or HOST:PORT"):
        parse_extra(text)


def test_an_added_host_without_port_means_443() -> None:
    assert parse_extra(" SF.example.com ") == ("sf.example.com", 443)


@pytest.mark.parametrize(
    "url",
    [
        "https://" + "a" * 100_000,
        "https://" + "a-" * 50_000 + ".my.salesforce.com",
        "https://" + "a." * 50_000 + "my.salesforce.com",
        "https://" + "a" * 65 + ".my.salesforce.com",
        "https://acme.my.site.com" + "/a" * 50_000,
        "https://acme.my.site.com/" + "a" * 100_000,
        "https://" + "a" * 63 + ".sandbox" * 5_000,
    ],
    ids=lambda url: f"{len(url)} characters",
)
def test_a_long_hostile_host_is_refused_at_once_and_shown_cut(url: str) -> None:
    started = time.monotonic()

    with pytest.raises(HostNotAllowedError) as caught:
        AllowedHosts().check_login_url(url)

    # Matching with a nested quantifier took minutes; this is no measurement.
    assert time.monotonic() - started < 5
    assert len(caught.value.message) < 500


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Login.salesforce.com/services", "login.salesforce.com"),
        ("https://u:p@host.example:8443/x", "host.example:8443"),
        ("not a url", "not?a?url"),
        ("", ""),
        ("https://a\nb", "a?b"),
    ],
)
def test_a_host_is_shown_without_password_and_control_characters(url: str, host: str) -> None:
    assert host_of(url) == host
