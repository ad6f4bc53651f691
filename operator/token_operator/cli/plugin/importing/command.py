"""``kubectl salesforce import``: a settings document becomes a Secret and a connection."""

import asyncio
from typing import Any, Final

import click

from token_operator.cli.options import ObjectNameType
from token_operator.cli.plugin.cluster import Cluster
from token_operator.cli.plugin.errors import NotGoodError
from token_operator.cli.plugin.files import content_of
from token_operator.cli.plugin.importing.settings_document import (
    SettingsDocument,
    name_from,
    settings_in,
)
from token_operator.cli.plugin.keys.new_key import labelled_secret
from token_operator.cli.plugin.kubeconfig import Place, opened
from token_operator.cli.plugin.options import cluster_options
from token_operator.cluster.api import ApiError, ConflictError
from token_operator.domain.kinds import SALESFORCE_CONNECTION
from token_operator.salesforce.keys.loading import KEY_ENTRY

_LONGEST_NAME: Final = 63


@click.command(name="import", short_help="Make a connection from a settings document.")
@click.argument("file", metavar="FILE")
@click.option("--name", type=ObjectNameType(), metavar="NAME", help="Name of the connection.")
@click.option("--dry-run", is_flag=True, help="Look at everything and write nothing.")
@cluster_options
def import_settings(*, file: str, name: str | None, dry_run: bool, place: Place) -> int:
    """Make a Secret and a connection from the settings document FILE ('-' for standard input).

    FILE holds {"Username", "ClientId", "PrivateKey", "InstanceUrl", "InstanceAPIVersion"} as
    JSON. The private key goes to the Secret NAME-key, the rest to the connection NAME (absent:
    the My Domain). Nothing is written unless all of it is good.
    """
    settings = settings_in(content_of(file))
    name = name or name_from(settings.login_url)
    if len(name) > _LONGEST_NAME:
        raise click.UsageError(f"--name has at most {_LONGEST_NAME} characters.")
    asyncio.run(_import(place, name, settings, is_dry=dry_run))
    _tell(name, settings, is_dry=dry_run)
    return 0


async def _import(place: Place, name: str, settings: SettingsDocument, *, is_dry: bool) -> None:
    secret = labelled_secret(f"{name}-key", {KEY_ENTRY: settings.private_key.encode()})
    connection = connection_for(name, settings)
    async with opened(place) as cluster:
        # Both are judged by the API server before either is written.
        await _create(cluster, secret, connection, is_dry=True)
        if not is_dry:
            await _create(cluster, secret, connection, is_dry=False)


async def _create(
    cluster: Cluster, secret: dict[str, Any], connection: dict[str, Any], *, is_dry: bool
) -> None:
    for kind, body, create in (
        ("Secret", secret, cluster.create_secret),
        (SALESFORCE_CONNECTION.name, connection, cluster.create_connection),
    ):
        name = body["metadata"]["name"]
        try:
            await create(body, dry_run=is_dry)
        except ConflictError:
            raise NotGoodError(
                f"{kind} {name} exists in namespace {cluster.namespace} and is left as it is: "
                "give another name with --name."
            ) from None
        except ApiError as error:
            raise NotGoodError(error.message or str(error)) from None


def connection_for(name: str, settings: SettingsDocument) -> dict[str, Any]:
    """Return the connection that *settings* ask for."""
    org = {"loginURL": settings.login_url}
    if settings.api_version is not None:
        org["apiVersion"] = settings.api_version
    return {
        "apiVersion": SALESFORCE_CONNECTION.api_version,
        "kind": SALESFORCE_CONNECTION.name,
        "metadata": {"name": name},
        "spec": {
            "org": org,
            "auth": {
                "consumerKey": settings.consumer_key,
                "jwtBearer": {
                    "username": settings.username,
                    "keys": [{"secretName": f"{name}-key"}],
                },
            },
            "targets": [{"secretName": f"{name}-token"}],
        },
    }


def _tell(name: str, settings: SettingsDocument, *, is_dry: bool) -> None:
    made = "Would make" if is_dry else "Made"
    click.echo(f"{made} Secret {name}-key with the private key ({settings.key_fingerprint}).")
    click.echo(f"{made} SalesforceConnection {name}:")
    click.echo(f"  org: {settings.login_url}, API version {settings.api_version or 'the newest'}")
    click.echo(f"  username: {settings.username}")
    click.echo(f"  target: Secret {name}-token, written by the operator")
    if settings.unknown_members:
        click.echo(f"Not used: {', '.join(map(ascii, settings.unknown_members))}.")
    if not is_dry:
        click.echo(f"Look at it with 'kubectl salesforce check {name}'.")
