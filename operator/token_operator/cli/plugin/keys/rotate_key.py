"""``kubectl salesforce rotate-key``: a next key beside the present one, then in its place."""

import asyncio
import contextlib
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypedDict, Unpack

import click

from token_operator.cli.plugin.cluster import Cluster, Raw
from token_operator.cli.plugin.errors import NotGoodError
from token_operator.cli.plugin.keys.certificate_file import (
    CertificateFileType,
    shown,
    write_certificate,
)
from token_operator.cli.plugin.keys.instructions import for_a_next_key
from token_operator.cli.plugin.keys.keygen import (
    DEFAULT_DAYS,
    LONGEST_SUBJECT,
    MOST_DAYS,
    print_summary,
)
from token_operator.cli.plugin.keys.new_key import make_key, tls_secret
from token_operator.cli.plugin.kubeconfig import Place, opened
from token_operator.cli.plugin.options import cluster_options, connection_argument
from token_operator.clock import SystemClock
from token_operator.cluster.api import ConflictError
from token_operator.cluster.statuses import status_from
from token_operator.domain.status import AuthStatus

# Room for the date behind the name of the connection.
_LONGEST_STEM: Final = 200
_ATTEMPTS: Final = 5


class _Options(TypedDict):
    """What click hands over, each checked by its type."""

    bits: str
    days: int
    certificate_file: Path | None


@click.command(name="rotate-key", short_help="Replace the key of a connection without downtime.")
@connection_argument()
@click.option("--finish", is_flag=True, help="Remove the old key once the next key is in use.")
@click.option("--bits", type=click.Choice(["2048", "4096"]), default="2048", show_default=True)
@click.option(
    "--days",
    type=click.IntRange(1, MOST_DAYS),
    default=DEFAULT_DAYS,
    show_default=True,
    help="Validity of the new certificate in days.",
)
@click.option(
    "--certificate-file",
    type=CertificateFileType(),
    metavar="FILE",
    help="Write the certificate to FILE instead of printing it.",
)
@cluster_options
def rotate_key(*, name: str, finish: bool, place: Place, **options: Unpack[_Options]) -> int:
    """Add a next key to connection NAME and show what to upload.

    The operator tries the next key when Salesforce refuses the present one, so the certificate
    may be replaced in the app at any time. When 'kubectl salesforce status NAME' shows that the
    next key is in use, --finish takes the old one out of the connection.
    """
    if finish:
        return asyncio.run(_finish(place, name))
    return asyncio.run(_begin(place, name, options))


async def _begin(place: Place, name: str, options: _Options) -> int:
    bits, file, now = options["bits"], options["certificate_file"], SystemClock().now()
    async with opened(place) as cluster:
        raw = await cluster.connection(name)
        keys = _keys_of(raw)
        if len(keys) > 1:
            raise NotGoodError(
                f"{name} has a next key already (Secret {keys[1]['secretName']}): upload its "
                f"certificate, then 'kubectl salesforce rotate-key {name} --finish'."
            )
        secret = next_name(name, now)
        key = make_key(
            bits=int(bits), subject=secret[:LONGEST_SUBJECT], now=now, days=options["days"]
        )
        next_keys = [*keys, {"secretName": secret}]
        # Judged before the Secret is made: nothing is left behind by a refusal.
        await cluster.patch_connection(name, _change(raw, next_keys), dry_run=True)
        await _stored(cluster, tls_secret(secret, key), secret)
        await _put_keys(cluster, name, keys, next_keys)
    write_certificate(key, file)
    click.echo(f"Stored a next key of {bits} bits in Secret {secret}, and added it to {name}.")
    print_summary(key)
    click.echo(for_a_next_key(secret, key.certificate.decode(), shown_as=shown(file)))
    click.echo(
        "Salesforce takes up to 10 minutes to know the new certificate; the operator tries both\n"
        f"keys meanwhile. When 'kubectl salesforce status {name}' shows Secret {secret} as the\n"
        f"key, finish with 'kubectl salesforce rotate-key {name} --finish'."
    )
    return 0


def next_name(connection: str, now: datetime) -> str:
    """Return a name for the Secret of a next key that shows its age."""
    return f"{connection[:_LONGEST_STEM]}-key-{now:%Y%m%d-%H%M%S}"


async def _stored(cluster: Cluster, body: Raw, name: str) -> None:
    try:
        await cluster.create_secret(body)
    except ConflictError:
        raise NotGoodError(f"Secret {name} already exists; try again in a second.") from None


async def _finish(place: Place, name: str) -> int:
    async with opened(place) as cluster:
        raw = await cluster.connection(name)
        keys = _keys_of(raw)
        if len(keys) < 2:
            raise NotGoodError(f"{name} has only one key: there is no rotation to finish.")
        old, new = keys
        if not _is_active(status_from(raw).auth, new, old):
            raise NotGoodError(
                f"Salesforce does not yet accept the next key (Secret {new['secretName']}): upload "
                f"its certificate; 'kubectl salesforce renew {name} --wait' logs in now."
            )
        await _put_keys(cluster, name, keys, [new])
    click.echo(f"{name} now uses only the key in Secret {new['secretName']}.")
    if old["secretName"] != new["secretName"]:
        click.echo(
            "When nothing else needs the old one: kubectl delete secret "
            f"-n {cluster.namespace} {old['secretName']}"
        )
    return 0


def _is_active(auth: AuthStatus | None, key: Raw, other: Raw) -> bool:
    """Whether the last accepted login was signed with *key*."""
    if auth is None or auth.key_secret_name != key["secretName"]:
        return False
    entry = key.get("privateKeyEntry")
    is_alone = key["secretName"] != other["secretName"]
    return is_alone if entry is None else bool(auth.key_entry == entry)


def _keys_of(raw: Raw) -> list[Raw]:
    jwt_bearer = raw["spec"]["auth"].get("jwtBearer")
    if jwt_bearer is None:
        raise NotGoodError(
            f"{raw['metadata']['name']} logs in without a key (its grant is not jwtBearer)."
        )
    return list(jwt_bearer["keys"])


async def _put_keys(cluster: Cluster, name: str, before: list[Raw], after: list[Raw]) -> None:
    """Write the keys, unless somebody changed them; the status is written often meanwhile."""
    for _ in range(_ATTEMPTS):
        raw = await cluster.connection(name)
        if _keys_of(raw) != before:
            break
        with contextlib.suppress(ConflictError):
            await cluster.patch_connection(name, _change(raw, after))
            return
    raise NotGoodError(f"{name} was modified concurrently; try again.")


def _change(raw: Raw, keys: list[Raw]) -> dict[str, Any]:
    return {
        "metadata": {"resourceVersion": raw["metadata"]["resourceVersion"]},
        "spec": {"auth": {"jwtBearer": {"keys": keys}}},
    }
