"""What the CEL rules of the schema accept and refuse, rule by rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from support.crd_samples import ABSENT, Changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """One rule: the field it speaks of, what it says, and resources on either side of it."""

    field: str
    says: str
    good: tuple[Changes, ...]
    bad: tuple[Changes, ...]


def _law(field: str, says: str, *, good: Sequence[object], bad: Sequence[object]) -> Law:
    """Return a rule about the value of one field."""
    return Law(
        field=field,
        says=says,
        good=tuple({field: each} for each in good),
        bad=tuple({field: each} for each in bad),
    )


def _cross(field: str, says: str, *, good: list[Changes], bad: list[Changes]) -> Law:
    """Return a rule about several fields."""
    return Law(field=field, says=says, good=tuple(good), bad=tuple(bad))


_REF: Final = {"name": "crm-app", "key": "entry"}
_TARGET_REF: Final = {"name": "crm-token", "key": "entry"}
_KEYS: Final = "spec.auth.jwtBearer.keys"
_LOGIN_URL: Final = "spec.org.loginURL"
_TARGET: Final = "spec.targets[0]"
_SECRET: Final = (
    "must be the name of a Secret: lower case letters, digits, '-' and '.', such as crm-key"
)
_ENTRY: Final = (
    "must be the name of an entry of a Secret: letters, digits, '-', '_' and '.', such as tls.key"
)
_QUALIFIED: Final = (
    "names are at most 63 letters, digits, '-', '_' and '.', after a DNS name and / if there is a"
    " prefix, such as team or acme.example/team"
)
_PLACEHOLDERS: Final = (
    "access_token instance_url instance_host token_type org_id user_id username scope issued_at"
    " expires_at api_version identity_url community_url api_instance_url login_url"
)
_REFERENCES: Final = (
    "spec.auth.consumerKeyRef",
    "spec.auth.consumerSecretRef",
    "spec.auth.jwtBearer.usernameRef",
    "spec.auth.refreshToken.refreshTokenRef",
)
_SECRETS: Final = (
    *(f"{reference}.name" for reference in _REFERENCES),
    f"{_KEYS}[0].secretName",
    f"{_TARGET}.secretName",
)
_ENTRIES: Final = (
    *(f"{reference}.key" for reference in _REFERENCES),
    f"{_KEYS}[0].privateKeyEntry",
    f"{_KEYS}[0].certificateEntry",
    f"{_KEYS}[0].passphraseEntry",
)

_NAMES: Final = (
    # The API server names no field for a rule of the whole resource; the message does.
    _cross(
        "",
        "metadata.name must be at most 63 characters, because it becomes the value of the label"
        " salesforce-token.dev/connection",
        good=[{"metadata.name": "a" * 63}],
        bad=[{"metadata.name": "a" * 64}],
    ),
    *(
        _law(field, _SECRET, good=["a", "my.app-1"], bad=["My-App", "a..b", "-a", "a_b"])
        for field in _SECRETS
    ),
    *(
        _law(field, _ENTRY, good=["tls.key", "A_b-1", ".env"], bad=["a/b", "a b", ".", "..a"])
        for field in _ENTRIES
    ),
    _law(
        "spec.restartWorkloads[0].name",
        "must be the name of a workload: lower case letters, digits, '-' and '.', such as billing",
        good=["billing", "billing.v2"],
        bad=["Billing", "a..b", "billing-"],
    ),
)

_ORG: Final = (
    _law(
        _LOGIN_URL,
        "must start with https://, for example https://login.salesforce.com"
        " or https://acme.my.salesforce.com",
        good=[
            "https://login.salesforce.com",
            "https://acme--dev.sandbox.my.salesforce.com",
            "https://acme.my.site.com/partners",
            "https://acme.my.salesforce.mil",
            "https://127.0.0.1:8443",
        ],
        bad=["http://login.salesforce.com", "login.salesforce.com", ""],
    ),
    _law(
        _LOGIN_URL,
        "must not contain user information; remove user:password@",
        good=["https://acme.my.salesforce.com"],
        bad=["https://user:password@acme.my.salesforce.com", "https://a@acme.my.salesforce.com"],
    ),
    _law(
        _LOGIN_URL,
        "must not have a query, a fragment or an escape; end it before ?, # or %",
        good=["https://acme.my.site.com/a-b_c"],
        bad=["https://a.example?x=1", "https://a.example/#x", "https://a.example/%2e%2e"],
    ),
    _law(
        _LOGIN_URL,
        "must be the login URL alone, without a trailing slash and without /services/oauth2/token",
        good=["https://acme.my.site.com/services"],
        bad=["https://a.example/", "https://a.example/services/oauth2/token"],
    ),
    _law(
        _LOGIN_URL,
        "must name a host, for example https://acme.my.salesforce.com",
        good=["https://a", "https://a.example:443"],
        bad=["https://", "https://-a.example", "https://a_b.example", "https://a.example:x"],
    ),
    _law(
        _LOGIN_URL,
        "must name the host in lower case",
        good=["https://acme.my.site.com/Partners"],
        bad=["https://Acme.my.salesforce.com"],
    ),
    _cross(
        _LOGIN_URL,
        "clientCredentials works at the My Domain only: set https://<My Domain>.my.salesforce.com,"
        " not login or test",
        good=[
            {"spec.auth.clientCredentials": {}, _LOGIN_URL: "https://acme.my.salesforce.com"},
            {_LOGIN_URL: "https://login.salesforce.com"},
        ],
        bad=[
            {"spec.auth.clientCredentials": {}, _LOGIN_URL: f"https://{host}"}
            for host in (
                "login.salesforce.com",
                "test.salesforce.com",
                "login.sfcrmproducts.cn",
                "test.sfcrmproducts.cn",
            )
        ]
        # The default of the login URL is no My Domain either.
        + [{"spec.auth.clientCredentials": {}, "spec.org": ABSENT}],
    ),
    _law(
        "spec.org.audience",
        "must be https:// and a host in lower case, without a trailing slash,"
        " such as https://login.salesforce.com",
        good=["https://login.salesforce.com", "https://acme.my.site.com/Partners"],
        bad=["login.salesforce.com", "https://login.salesforce.com/", "https://A.example", ""],
    ),
    _law(
        "spec.org.expectedOrgID",
        "must be an organization ID of 15 or 18 letters and digits that begins with 00D",
        good=["00Dxx0000001gER", "00Dxx0000001gERAAY"],
        bad=["005xx0000001gER", "00Dxx0000001gERA", "00Dxx0000001gE-", ""],
    ),
    _law(
        "spec.org.apiVersion",
        'must be a REST API version such as "65.0"',
        good=["65.0", "100.0"],
        bad=["65", "v65.0", "65.1", "6.0", ""],
    ),
)

_AUTH: Final = (
    _cross(
        "spec.auth",
        "set exactly one of jwtBearer, clientCredentials, refreshToken",
        good=[{}, {"spec.auth.clientCredentials": {}}],
        bad=[
            {"spec.auth.jwtBearer": ABSENT},
            {
                "spec.auth.clientCredentials": {},
                "spec.auth.refreshToken": {"refreshTokenRef": _REF},
            },
        ],
    ),
    _cross(
        "spec.auth",
        "set exactly one of consumerKey, consumerKeyRef",
        good=[{"spec.auth.consumerKeyRef": _REF}, {"spec.auth.consumerKey": "3MVG9"}],
        bad=[
            {"spec.auth.consumerKey": ABSENT},
            {"spec.auth.consumerKeyRef": _REF, "spec.auth.consumerKey": "3MVG9"},
        ],
    ),
    _cross(
        "spec.auth",
        "clientCredentials needs consumerSecretRef: set the Secret and entry of the consumer"
        " secret",
        good=[
            {"spec.auth.clientCredentials": {}, "spec.auth.consumerSecretRef": _REF},
            {"spec.auth.consumerSecretRef": ABSENT},
        ],
        bad=[{"spec.auth.clientCredentials": {}, "spec.auth.consumerSecretRef": ABSENT}],
    ),
    _law(
        "spec.auth.consumerKey",
        "must be a consumer key as Salesforce shows it: letters, digits, '.' and '_'",
        good=["3MVG9.a_b"],
        bad=["3MVG9 ", "3MVG9\n", "<consumer key>"],
    ),
    _law(
        "spec.auth.jwtBearer.username",
        "must be the username alone: remove blanks and quotes, as in integration@acme.example",
        good=["integration@acme.example", "o'brien@acme.example", "i+crm{1}@acme.example"],
        bad=[
            " integration@acme.example",
            "integration@acme.example\n",
            "the integration@acme.example",
            "integration@acme.example\u00a0",
            '"integration@acme.example"',
            "'integration@acme.example'",
            "`integration@acme.example`",
            "\u201cintegration@acme.example\u201d",
        ],
    ),
    _law(
        "spec.auth.jwtBearer.username",
        "must be the username itself, not a template that was not rendered",
        good=["{i}@acme.example"],
        bad=["{{username}}", "${USERNAME}", "i@${DOMAIN}"],
    ),
    _cross(
        "spec.auth.jwtBearer",
        "set exactly one of username, usernameRef",
        good=[
            {"spec.auth.jwtBearer.usernameRef": _REF},
            {"spec.auth.jwtBearer.username": "integration@acme.example"},
        ],
        bad=[
            {"spec.auth.jwtBearer.username": ABSENT},
            {
                "spec.auth.jwtBearer.usernameRef": _REF,
                "spec.auth.jwtBearer.username": "integration@acme.example",
            },
        ],
    ),
    _cross(
        "spec.auth.jwtBearer",
        "keys must differ: omit one, or name the next key of the rotation",
        good=[
            {_KEYS: [{"secretName": "a"}, {"secretName": "b"}]},
            {_KEYS: [{"secretName": "a"}, {"secretName": "a", "privateKeyEntry": "next.key"}]},
        ],
        bad=[{_KEYS: [{"secretName": "a"}, {"secretName": "a", "format": "Auto"}]}],
    ),
    _cross(
        f"{_KEYS}[0]",
        "alias is for key stores: omit it, or set format PKCS12 or JKS",
        good=[
            {f"{_KEYS}[0].format": "Auto", f"{_KEYS}[0].alias": "sf"},
            {f"{_KEYS}[0].format": "PKCS12", f"{_KEYS}[0].alias": "sf"},
            {f"{_KEYS}[0].format": "JKS", f"{_KEYS}[0].alias": "sf"},
            {f"{_KEYS}[0].format": "PEM"},
        ],
        bad=[{f"{_KEYS}[0].format": "PEM", f"{_KEYS}[0].alias": "sf"}],
    ),
)

_TOKEN: Final = (
    _law(
        "spec.token.lifetime",
        "must be a duration like 30m or 1h30m between 1m and 24h",
        good=["1m", "24h", "1h30m", "60s", "60000ms"],
        bad=["59s", "24h1s", "0s", "1d", "90", "-5m", "1.5h", ""],
    ),
    _law(
        "spec.token.verifyInterval",
        "must be 0s (off) or a duration like 90s or 5m between 5s and 24h",
        good=["0s", "0m", "5s", "24h"],
        bad=["4s", "1ms", "24h1s", "off", "0", "-5s", ""],
    ),
)

_TARGETS: Final = (
    _cross(
        "spec.targets",
        "a target must not be a source Secret (spec.auth.jwtBearer.keys[].secretName);"
        " use a Secret of its own",
        good=[{f"{_KEYS}[0].secretName": "other"}],
        bad=[
            {f"{_KEYS}[0].secretName": "crm-token"},
            {_KEYS: [{"secretName": "a"}, {"secretName": "crm-token"}]},
        ],
    ),
    _cross(
        "spec.targets",
        "a target must not be a source Secret (spec.auth.jwtBearer.usernameRef);"
        " use a Secret of its own",
        good=[{"spec.auth.jwtBearer.usernameRef": _REF}],
        bad=[{"spec.auth.jwtBearer.usernameRef": _TARGET_REF}],
    ),
    _cross(
        "spec.targets",
        "a target must not be a source Secret (spec.auth.consumerKeyRef, consumerSecretRef);"
        " use a Secret of its own",
        good=[{"spec.auth.consumerKeyRef": _REF}, {"spec.auth.consumerSecretRef": _REF}],
        bad=[
            {"spec.auth.consumerKeyRef": _TARGET_REF},
            {"spec.auth.consumerSecretRef": _TARGET_REF},
        ],
    ),
    _cross(
        "spec.targets",
        "a target must not be a source Secret (spec.auth.refreshToken.refreshTokenRef);"
        " use a Secret of its own",
        good=[{"spec.auth.refreshToken.refreshTokenRef": _REF}],
        bad=[{"spec.auth.refreshToken.refreshTokenRef": _TARGET_REF}],
    ),
    _cross(
        _TARGET,
        "presets: [] without data makes the target empty; omit presets for [Default]",
        good=[
            {f"{_TARGET}.presets": []},
            {f"{_TARGET}.presets": ABSENT, f"{_TARGET}.data": ABSENT},
            {f"{_TARGET}.presets": ["JSON"], f"{_TARGET}.data": ABSENT},
        ],
        bad=[
            {f"{_TARGET}.presets": [], f"{_TARGET}.data": ABSENT},
            {f"{_TARGET}.presets": [], f"{_TARGET}.data": {}},
        ],
    ),
    _law(
        f"{_TARGET}.labels",
        "labels salesforce-token.dev/* and app.kubernetes.io/managed-by are set by the operator;"
        " leave them out",
        good=[{}, {"app.kubernetes.io/part-of": "shop"}],
        bad=[{"salesforce-token.dev/watch": "true"}, {"app.kubernetes.io/managed-by": "me"}],
    ),
    _law(
        f"{_TARGET}.labels",
        f"label {_QUALIFIED}",
        good=[{"acme.example/team": "a", "team": "a"}],
        bad=[{"a b": "c"}, {"a/b/c": "d"}, {"a" * 64: "b"}, {"": "a"}],
    ),
    _law(
        f"{_TARGET}.labels",
        "label values are empty, or letters, digits, '-', '_' and '.' that begin and end with a"
        " letter or digit",
        good=[{"a": ""}, {"a": "b-c_d.E"}],
        bad=[{"a": "-b"}, {"a": "b "}, {"a": "b/c"}],
    ),
    _law(
        f"{_TARGET}.annotations",
        "annotations salesforce-token.dev/* are set by the operator and"
        " kubernetes.io/service-account* by Kubernetes; leave them out",
        good=[{}, {"reloader.stakater.com/match": "true"}],
        bad=[
            {"salesforce-token.dev/identity": "x"},
            {"kubernetes.io/service-account.name": "default"},
        ],
    ),
    _law(
        f"{_TARGET}.annotations",
        f"annotation {_QUALIFIED}",
        good=[{"acme.example/Team": "any value: {}"}],
        bad=[{"a b": "c"}, {"a" * 64: "b"}],
    ),
    _law(
        f"{_TARGET}.data",
        "entry names are at most 253 letters, digits, '-', '_' and '.', and neither '.' nor begin"
        " with '..', such as token.txt",
        good=[{"a" * 253: "b"}, {".env": "x", "A_b-c.d": "x"}],
        bad=[{"a" * 254: "b"}, {"a/b": "c"}, {".": "x"}, {"..a": "x"}, {"": "x"}],
    ),
    _law(
        f"{_TARGET}.data",
        f"unknown placeholder. Known are: {_PLACEHOLDERS}; write $$ for a dollar sign",
        good=[{"a": f"${{{name}}}"} for name in _PLACEHOLDERS.split()]
        + [{"a": "costs $$5, $${access_token}\n"}, {"a": ""}],
        bad=[{"a": "${token}"}, {"a": "$5"}, {"a": "$"}, {"a": "${access_token"}, {"a": "${}"}],
    ),
)

LAWS: Final = (*_NAMES, *_ORG, *_AUTH, *_TOKEN, *_TARGETS)
