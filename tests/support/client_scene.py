"""The files of a target as a workload has them mounted, and an org that knows the token."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fakeorg import FakeSalesforce, Readymade
from fakeorg.caller import Caller
from support.builders import a_connection, a_held_token, a_token, an_org_identity
from support.mounted import MountedSecret
from token_operator.domain.connection import Preset, Target
from token_operator.domain.targets.content import entries_for, values_of


@dataclass(slots=True)
class ClientScene:
    """An org, and the mounted files of a target that is written as the operator writes it."""

    fake: FakeSalesforce
    ready: Readymade
    caller: Caller
    folder: Path
    token: str = ""
    mounted: MountedSecret = field(init=False)

    def __post_init__(self) -> None:
        self.mounted = MountedSecret(self.folder)

    def publish(self, preset: Preset) -> None:
        """Log in and write what *preset* says; the session before, if there is one, ends after."""
        self.ready.org.kill_sessions()
        answer = self.caller.log_in().json()
        self.token = answer["access_token"]
        *_, org_id, user_id = answer["id"].split("/")
        token = a_token(
            self.token,
            identity=an_org_identity(
                instance_url=answer["instance_url"],
                identity_url=answer["id"],
                org_id=org_id,
                user_id=user_id,
            ),
        )
        values = values_of(a_held_token(token=token), a_connection(), "65.0")
        self.mounted.write(entries_for(Target(secret_name="t", presets=(preset,)), values))

    def across_a_renewal(self, preset: Preset, query: Callable[[], object], answer: object) -> None:
        """Query with one token, then with the next, when the first is dead."""
        for number in (1, 2):
            self.publish(preset)
            assert query() == answer
            assert self.ready.org.calls["rest"] == number

    def entries(self) -> dict[str, str]:
        """Return the entries of the target as they are mounted now."""
        mounted = (self.folder / "..data").iterdir()
        return {entry.name: entry.read_text() for entry in mounted}

    def environment(self) -> dict[str, str]:
        """Return the environment of a client that trusts the org."""
        authority = str(self.fake.ca_file)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder.parent),
            "SSL_CERT_FILE": authority,
            "NODE_EXTRA_CA_CERTS": authority,
            "CURL_CA_BUNDLE": authority,
            "REQUESTS_CA_BUNDLE": authority,
        }
