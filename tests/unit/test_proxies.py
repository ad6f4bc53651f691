"""Which proxy a host is reached through: the rules of Go's net/http/httpproxy, and no traceback."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from token_operator.proxies import NO_PROXIES, ProxyInvalidError, proxies_of, proxy_url

PROXY = "http://proxy:3128"
SECRET = "TOP-SECRET"


def route(no_proxy: str, url: str) -> str | None:
    return proxies_of({"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}).route_to(url)


@pytest.mark.parametrize(
    ("no_proxy", "direct", "by_proxy"),
    [
        ("acme.example", "https://acme.example", "https://notacme.example"),
        ("acme.example", "https://my.acme.example", "https://acme.example.org"),
        (".acme.example", "https://my.acme.example", "https://acme.example"),
        ("*.acme.example", "https://my.acme.example", "https://acme.example"),
        ("ACME.Example", "https://acme.example", "https://other.example"),
        ("acme.example:8443", "https://acme.example:8443", "https://acme.example"),
        ("acme.example:443", "https://acme.example", "https://acme.example:8443"),
        ("10.96.0.1", "https://10.96.0.1:6443", "https://10.96.0.2:6443"),
        ("10.96.0.1:6443", "https://10.96.0.1:6443", "https://10.96.0.1"),
        ("10.96.0.0/12", "https://10.97.0.1", "https://10.112.0.1"),
        ("10.96.7.7/12", "https://10.97.0.1", "https://10.112.0.1"),
        ("10.96.0.0/12", "https://[::ffff:10.97.0.1]", "https://[fd00::1]"),
        ("fd00:10:96::/112", "https://[fd00:10:96::1]:443", "https://[fd00:10:97::1]"),
        ("[fd00:10:96::1]", "https://[fd00:10:96::1]", "https://[fd00:10:96::2]"),
        ("[fd00:10:96::1]:6443", "https://[fd00:10:96::1]:6443", "https://[fd00:10:96::1]"),
        ("fd00:10:96:0::1", "https://[fd00:10:96::1]", "https://[fd00:10:96::2]"),
        ("a.example,fd00::/8, b.example c.example", "https://c.example", "https://d.example"),
        ("a.example:" + "1" * 5000, "https://127.0.0.1", "https://a.example"),
        ("10.96.0.0/12:443", "https://127.0.0.1", "https://10.96.0.1"),
        (",,", "https://127.0.0.1:6443", "https://a.example"),
        ("[fd00::/8,acme.example", "https://acme.example", "https://a.example"),
    ],
)
def test_host_in_no_proxy_is_reached_directly(no_proxy: str, direct: str, by_proxy: str) -> None:
    assert (route(no_proxy, direct), route(no_proxy, by_proxy)) == (None, PROXY)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "[::1]"])
def test_loopback_is_reached_directly(host: str) -> None:
    assert route("", f"https://{host}:6443") is None


def test_star_exempts_every_host() -> None:
    assert route("*", "https://a.example") is None
    assert route("*", "https://10.0.0.1") is None


def test_url_with_faults_has_no_proxy() -> None:
    assert [route("", one) for one in ("", "https://[", "https://a:b", "ftp://a")] == [None] * 4


def test_scheme_chooses_the_variable() -> None:
    found = proxies_of({"https_proxy": "http://s:1", "HTTP_PROXY": "http://p:2"})

    assert found.route_to("https://a.example") == "http://s:1"
    assert found.route_to("http://a.example") == "http://p:2"
    assert found.route_to("http://127.0.0.1") is None


def test_capitals_go_before_small_letters_and_empty_is_unset() -> None:
    assert proxies_of({"HTTPS_PROXY": PROXY, "https_proxy": "http://b:1"}).https == PROXY
    assert proxies_of({"HTTPS_PROXY": "", "https_proxy": "http://b:1"}).https == "http://b:1"
    assert proxies_of({"HTTPS_PROXY": " "}) == NO_PROXIES


def test_all_proxy_stands_in() -> None:
    found = proxies_of({"ALL_PROXY": PROXY})

    assert found.route_to("https://a.example") == PROXY
    assert found.route_to("http://a.example") is None


@pytest.mark.parametrize(
    "environment",
    [
        {"HTTPS_PROXY": PROXY, "ALL_PROXY": "socks5h://127.0.0.1:1080"},
        {"HTTPS_PROXY": PROXY, "HTTP_PROXY": "socks5://127.0.0.1:1080"},
        {"HTTP_PROXY": "http://p:99999"},
        {"HTTPS_PROXY": "socks5h://127.0.0.1:1080", "NO_PROXY": "*"},
    ],
)
def test_proxy_that_no_request_uses_is_not_judged(environment: dict[str, str]) -> None:
    wanted = PROXY if environment.get("HTTPS_PROXY") == PROXY else None

    assert proxies_of(environment).route_to("https://a.example") == wanted


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy"])
def test_proxy_without_tls_is_judged_where_it_is_used(variable: str) -> None:
    found = proxies_of({variable: f"socks5://me:{SECRET}@proxy"})

    with pytest.raises(ProxyInvalidError, match=f"{variable} names a SOCKS proxy") as refused:
        found.route_to("http://a.example")
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("proxy:3128", PROXY),
        (" http://proxy:3128/ ", PROXY),
        ("HTTP://proxy:3128/path", PROXY),
        ("http://proxy", "http://proxy:80"),
        ("http://proxy:", "http://proxy:80"),
        ("https://proxy", "https://proxy:443"),
        ("http://10.0.0.1:3128", "http://10.0.0.1:3128"),
        ("http://[fd00::1]:3128", "http://[fd00::1]:3128"),
        ("http://[fd00::1]", "http://[fd00::1]:80"),
        ("http://me:a%23b@proxy:1", "http://me:a%23b@proxy:1"),
        ("http://me:a:b@c@proxy:1", "http://me:a%3Ab%40c@proxy:1"),
        ("http://me@proxy:1", "http://me:@proxy:1"),
        ("http://:token@proxy:1", "http://:token@proxy:1"),
        ("http://me:p%FFx@proxy:1", "http://me:p%FFx@proxy:1"),
        ("http://m\u00e9:p@proxy:1", "http://m%C3%A9:p@proxy:1"),
    ],
)
def test_proxy_url_has_one_form(text: str, wanted: str) -> None:
    assert proxy_url(text, "HTTPS_PROXY") == wanted
    assert proxy_url(wanted, "HTTPS_PROXY") == wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"socks5://me:{SECRET}@proxy:1080", "SOCKS proxy, which is not supported"),
        (f"socks5h://{SECRET}:1080", "SOCKS proxy"),
        (f"ftp://{SECRET}", "not an http or https URL"),
        (f"http://me:{SECRET}#x@proxy:3128", "a '#' that must be encoded"),
        (f"http://me:{SECRET}/x@proxy:3128", "a '/' that must be encoded"),
        (f"me:{SECRET}?x@proxy:3128", "a '?' that must be encoded"),
        (f"http://proxy:3128#{SECRET}", "a '#' that must be encoded"),
        ("http://proxy:99999", "a port that is not from 1 to 65535"),
        (f"http://proxy:{SECRET}", "a port that is not from 1 to 65535"),
        ("http://proxy:0", "a port that is not from 1 to 65535"),
        ("http://proxy:\u0663", "a port that is not from 1 to 65535"),
        (f"http://me:{SECRET} @proxy:3128", "a blank or a control character"),
        (f"http://proxy\r\nX: {SECRET}", "a blank or a control character"),
        ("http://", "does not name a host"),
        (f"http://[{SECRET}]:1", "does not name a host"),
        ("http://[fd00::1", "does not name a host"),
        ("http://fd00::1", "a port that is not from 1 to 65535"),
        ("http://[]]:1", "does not name a host"),
        ("http://me:p@:1", "does not name a host"),
        ("http://pr\u00f6xy:1", "does not name a host"),
    ],
)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "all_proxy"])
def test_proxy_that_cannot_be_used_is_refused_without_its_value(
    variable: str, text: str, words: str
) -> None:
    with pytest.raises(ProxyInvalidError) as refused:
        proxies_of({variable: text})

    shown = str(refused.value)
    assert shown.startswith(f"{variable} ")
    assert words in shown
    assert "http://HOST:PORT" in shown
    assert SECRET not in shown


@given(text=st.text(max_size=60), no_proxy=st.text(max_size=60), host=st.text(max_size=30))
def test_no_text_is_a_traceback(text: str, no_proxy: str, host: str) -> None:
    exempt = proxies_of({"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy})
    assert exempt.route_to(f"https://{host}") in (None, PROXY)
    try:
        url = proxy_url(text, "HTTPS_PROXY")
    except ProxyInvalidError:
        return
    assert url.startswith(("http://", "https://"))
    assert proxy_url(url, "HTTPS_PROXY") == url


def test_proxy_does_not_show_in_a_repr() -> None:
    assert SECRET not in repr(proxies_of({"HTTPS_PROXY": f"http://me:{SECRET}@proxy"}))
