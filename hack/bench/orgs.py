"""A process with fake orgs in which many users can log in, so that each connection has its own.

Usage: orgs.py FOLDER ORGS USERS. Prints one line of JSON when it listens; ends with SIGTERM.
"""

import json
import signal
import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from fakeorg import FakeSalesforce, Org
from fakeorg.keys import key_pair

# The org that fails while the others work.
OUTAGE = "outage"
# Both keys are known to every app: the second takes the place of the first in a key change.
KEYS = ("first", "second")


def username(org: str, number: int) -> str:
    """Return the name of an integration user of an org."""
    return f"user{number}@{org}.example"


def main() -> None:
    """Serve until SIGTERM."""
    folder, orgs, users = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    with FakeSalesforce(ca_file=folder / "ca.pem") as fake:
        certificates = _write_keys(folder)
        names = [*(f"org{number}" for number in range(orgs)), OUTAGE]
        answered = [_add(fake, name, users, certificates) for name in names]
        print(json.dumps({"admin": fake.admin_url, "orgs": answered}), flush=True)
        signal.sigwait({signal.SIGTERM})


def _write_keys(folder: Path) -> tuple[str, ...]:
    """Write the private keys, and return the certificates that go with them."""
    for name in KEYS:
        file = folder / f"{name}.key"
        file.touch(mode=0o600)
        file.write_text(key_pair(name).private_key)
    return tuple(key_pair(name).certificate for name in KEYS)


def _add(
    fake: FakeSalesforce, name: str, users: int, certificates: tuple[str, ...]
) -> dict[str, str]:
    org: Org = fake.add_org(name)
    names = [username(name, number) for number in range(users)]
    for one in names:
        org.add_user(one)
    app = org.add_app(certificates=certificates, assigned=names)
    return {"name": name, "login_url": org.login_url, "consumer_key": app.consumer_key}


if __name__ == "__main__":
    main()
