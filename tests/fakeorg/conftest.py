"""A running fake Salesforce with one ready org, fresh for each test."""

from collections.abc import Iterator

import pytest

from fakeorg import FakeSalesforce, Readymade, readymade_org
from fakeorg.caller import Caller


@pytest.fixture
def fake() -> Iterator[FakeSalesforce]:
    with FakeSalesforce() as running:
        yield running


@pytest.fixture
def acme(fake: FakeSalesforce) -> Readymade:
    return readymade_org(fake)


@pytest.fixture
def caller(fake: FakeSalesforce, acme: Readymade) -> Iterator[Caller]:
    with Caller(fake, acme) as made:
        yield made
