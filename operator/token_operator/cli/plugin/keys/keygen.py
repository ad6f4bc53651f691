"""``kubectl salesforce keygen``: a key in a Secret, and what to upload."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Final, TypedDict, Unpack

import click

from token_operator.cli.options import ObjectNameType
from token_operator.cli.plugin.errors import NotGoodError
from token_operator.cli.plugin.keys.certificate_file import (
    CertificateFileType,
    shown,
    write_certificate,
)
from token_operator.cli.plugin.keys.instructions import for_a_new_app
from token_operator.cli.plugin.keys.new_key import NewKey, make_key, tls_secret
from token_operator.cli.plugin.kubeconfig import Place, opened
from token_operator.cli.plugin.options import cluster_options
from token_operator.clock import SystemClock
from token_operator.cluster.api import ConflictError
from token_operator.domain.instants import rfc3339

DEFAULT_DAYS: Final = 730
MOST_DAYS: Final = 36500
LONGEST_SUBJECT: Final = 64  # X.520, ub-common-name


class _Options(TypedDict):
    """What click hands over, each checked by its type."""

    bits: str
    days: int
    subject: str | None
    certificate_file: Path | None


@click.command(short_help="Create a key in a Secret and show what to upload.")
@click.argument("secret", metavar="SECRET", type=ObjectNameType())
@click.option(
    "--bits",
    type=click.Choice(["2048", "4096"]),
    default="2048",
    show_default=True,
    help="RSA key size in bits.",
)
@click.option(
    "--days",
    type=click.IntRange(1, MOST_DAYS),
    default=DEFAULT_DAYS,
    show_default=True,
    help="Validity of the certificate in days.",
)
@click.option("--subject", metavar="CN", help="Common name of the certificate. Defaults to SECRET.")
@click.option(
    "--certificate-file",
    type=CertificateFileType(),
    metavar="FILE",
    help="Write the certificate to FILE instead of printing it.",
)
@cluster_options
def keygen(*, secret: str, place: Place, **options: Unpack[_Options]) -> int:
    """Make an RSA key and a self-signed certificate, and store them in the new Secret SECRET.

    The private key goes nowhere else. What is printed is public: the certificate to upload to
    the app, its fingerprint, and every step up to a Ready connection.
    """
    subject, file = options["subject"] or secret[:LONGEST_SUBJECT], options["certificate_file"]
    if not subject.isprintable() or len(subject) > LONGEST_SUBJECT:
        raise click.UsageError(f"--subject has at most {LONGEST_SUBJECT} printable characters.")
    bits, now = options["bits"], SystemClock().now()
    key = make_key(bits=int(bits), subject=subject, now=now, days=options["days"])
    asyncio.run(store(place, secret, key))
    write_certificate(key, file)
    click.echo(f"Stored a new key of {bits} bits in Secret {secret} (entries tls.key, tls.crt).")
    print_summary(key)
    click.echo(for_a_new_app(secret, key.certificate.decode(), shown_as=shown(file)))
    return 0


async def store(place: Place, name: str, key: NewKey) -> None:
    """Create the Secret; raise NotGoodError where the name is taken."""
    async with opened(place) as cluster:
        try:
            await cluster.create_secret(tls_secret(name, key))
        except ConflictError:
            raise NotGoodError(
                f"Secret {name} exists in namespace {cluster.namespace} and is left as it is: "
                "give another name, or delete it first if nobody needs it."
            ) from None


def print_summary(key: NewKey) -> None:
    """Print what identifies the key."""
    left = key.not_after - SystemClock().now() + timedelta(seconds=1)
    click.echo(f"Key fingerprint: {key.fingerprint}")
    click.echo(f"Certificate expires: {rfc3339(key.not_after)} (in {left.days} days)\n")
