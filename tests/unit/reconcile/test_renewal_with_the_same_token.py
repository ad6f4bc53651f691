"""What a renewal changes in a target where Salesforce answers with the same token.

Controllers that restart pods when the content of a Secret changes (stakater/Reloader) act on it.
"""

import pytest

from generated_docs import entries_with_the_expiry
from support.connected import running
from support.parts import Parts
from token_operator.domain.connection import Preset


@pytest.mark.parametrize("preset", list(Preset))
async def test_entries_that_the_guide_lists_change_and_no_other(
    parts: Parts, preset: Preset
) -> None:
    token = await running(parts, {"targets": [{"secretName": "crm-token", "presets": [preset]}]})
    before = parts.entries()
    parts.advance(seconds=90)

    parts.ask_to_renew("now")
    await parts.settle()

    held = parts.record().state.held
    assert parts.logins() == 2
    assert held is not None
    assert held.token.value == token
    after = parts.entries()
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert changed == set(entries_with_the_expiry(preset))


async def test_data_without_the_expiry_stays_the_same(parts: Parts) -> None:
    data = {"token": "${access_token}", "url": "${instance_url}", "since": "${issued_at}"}
    await running(parts, {"targets": [{"secretName": "crm-token", "data": data}]})
    before = parts.secret()
    parts.advance(seconds=90)

    parts.ask_to_renew("now")
    await parts.settle()

    assert parts.logins() == 2
    assert parts.secret() == before
