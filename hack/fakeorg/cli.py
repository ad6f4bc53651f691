"""The command line of the fake org."""

import argparse
import json
import logging
import signal
import sys
import threading
from datetime import timedelta
from pathlib import Path

from fakeorg.fake import FakeSalesforce, Ports
from fakeorg.keys import key_pair
from fakeorg.model.org import Kind, Org
from fakeorg.model.settings import OrgSettings
from fakeorg.server.reports import org_report

_DESCRIPTION = """\
A fake Salesforce on loopback, with one org that is ready for JWT bearer logins: My Domain
acme.my.salesforce.com, the app "integration" and the user integration@acme.example.

When it listens, it prints one line of JSON with all addresses, the consumer key and the file of
its CA. Reach it in one of two ways:

  by port    https://127.0.0.1:<org port> is the org's My Domain
  by name    HTTPS_PROXY=http://127.0.0.1:<proxy port>; then https://login.salesforce.com,
             https://acme.my.salesforce.com and all other hosts of its orgs lead here

Everything else (history, faults, outages, the clock, more orgs) goes over the admin API:

  curl -s http://127.0.0.1:<admin port>/           lists its routes
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="fakeorg",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_addresses(made)
    _add_org_options(made)
    return made


def _add_addresses(made: argparse.ArgumentParser) -> None:
    ports = made.add_argument_group("addresses (all on 127.0.0.1; 0 takes any free port)")
    ports.add_argument("--port", type=int, default=0, help="HTTPS, acts as login.salesforce.com")
    ports.add_argument("--org-port", type=int, default=0, help="HTTPS, acts as the org's My Domain")
    ports.add_argument("--proxy-port", type=int, default=0, help="HTTP CONNECT proxy")
    ports.add_argument("--admin-port", type=int, default=0, help="admin API (plain HTTP)")
    ports.add_argument("--ca-file", type=Path, help="where to write the CA certificate (PEM)")


def _add_org_options(made: argparse.ArgumentParser) -> None:
    org = made.add_argument_group("the org")
    org.add_argument("--org", default="acme", metavar="NAME", help="name and My Domain (acme)")
    org.add_argument("--sandbox", action="store_true", help="make it a sandbox")
    org.add_argument("--certificate", type=Path, help="certificate (PEM) that the app holds")
    org.add_argument(
        "--private-key", type=Path, help="without --certificate: where to write a new private key"
    )
    org.add_argument("--consumer-key", help="of the app; default: made up, always the same")
    org.add_argument("--username", help="default: integration@<org>.example")
    org.add_argument(
        "--session-timeout", type=float, default=7200, metavar="SECONDS", help="idle timeout (7200)"
    )
    org.add_argument("--verbose", action="store_true", help="log logins and faults to stderr")


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM."""
    options = parser().parse_args(arguments)
    level = logging.INFO if options.verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(name)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        _serve_until(stop, options)
    except OSError as error:
        # A port that is taken, a file that is missing: no traceback says it better.
        print(f"fakeorg: {error}", file=sys.stderr)
        return 2
    return 0


def _serve_until(stop: threading.Event, options: argparse.Namespace) -> None:
    ports = Ports(https=options.port, proxy=options.proxy_port, admin=options.admin_port)
    with FakeSalesforce(ports=ports, ca_file=options.ca_file) as fake:
        org = _add_demo_org(fake, options)
        print(json.dumps(_addresses(fake, org)), flush=True)
        stop.wait()


def _add_demo_org(fake: FakeSalesforce, options: argparse.Namespace) -> Org:
    settings = OrgSettings(session_timeout=timedelta(seconds=options.session_timeout))
    kind: Kind = "sandbox" if options.sandbox else "production"
    org = fake.add_org(options.org, kind=kind, settings=settings, port=options.org_port)
    user = org.add_user(options.username or f"integration@{options.org}.example")
    org.add_app(
        consumer_key=options.consumer_key or "",
        certificates=(_certificate(options),),
        assigned=[user.username],
    )
    return org


def _certificate(options: argparse.Namespace) -> str:
    if options.certificate is not None:
        return str(options.certificate.read_text())
    keys = key_pair()
    if options.private_key is not None:
        options.private_key.touch(mode=0o600)
        options.private_key.write_text(keys.private_key)
    return keys.certificate


def _addresses(fake: FakeSalesforce, org: Org) -> dict[str, object]:
    return {
        "ca_file": str(fake.ca_file),
        "login_host": fake.login_url,
        "proxy": fake.proxy_url,
        "admin": fake.admin_url,
        "org": org_report(org),
    }
