"""The end of a fake Salesforce."""

import gc
import ssl
import warnings

import httpx

from fakeorg import FakeSalesforce, readymade_org


def test_connection_that_a_client_keeps_is_closed_with_the_server() -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with FakeSalesforce() as fake:
            org = readymade_org(fake).org
            context = ssl.create_default_context(cafile=str(fake.ca_file))
            client = httpx.Client(verify=context, trust_env=False)
            client.get(f"{org.login_url}/services/data/")
        # asyncio tells of a transport that was left open when it is collected.
        gc.collect()
        client.close()

    assert [str(one.message) for one in warned] == []
