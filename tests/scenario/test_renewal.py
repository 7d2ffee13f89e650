"""What a broker renews or gives in exchange is kept, sealed, and used from then on."""

from contextlib import asynccontextmanager

import pytest

from adapters.paper.adapter import PaperAdapter
from domain.accounts import Environment
from domain.broker import Credentials
from domain.ids import UserId
from tests.scenario.test_journey import READINGS
from tests.scenario.world import world

OPTIONS = {"user": UserId("7"), "broker": "paper", "environment": Environment.PAPER}


class OneTime:
    """Take a code once and give a token for it, as OAuth brokers do."""

    def __init__(self):
        self.inner = PaperAdapter()
        self.manifest = self.inner.manifest
        self.seen = []

    @asynccontextmanager
    async def open(self, credentials, deps):
        self.seen.append({key: credentials[key] for key in credentials})
        if credentials.get("code"):
            await deps.on_credentials({"code": "", "token": "first"})
        elif credentials.get("token") == "first" and not deps.ref.account.startswith("test-"):
            await deps.on_credentials({"token": "second"})
        async with self.inner.open(credentials, deps) as session:
            yield session


@pytest.fixture
async def scene(tmp_path):
    async with world(tmp_path, READINGS) as made:
        made.broker = made.adapters["paper"] = OneTime()
        yield made


async def test_a_one_time_code_is_saved_as_what_it_was_exchanged_for_and_renewals_follow(scene):
    accounts, typed = scene.verbs.accounts, Credentials({"code": "abc"})
    verified = await accounts.test_credentials(credentials=typed, **OPTIONS)
    linked = await accounts.link(credentials=typed, name="one", verified=verified, **OPTIONS)
    assert scene.broker.seen[0] == {"code": "abc"}
    assert scene.broker.seen[1] == {"token": "first"}
    stored = await scene.store.accounts.get(linked.id)
    assert set(stored.sealed) == {"token"}
    assert b"second" not in b"".join(stored.sealed.values())
    await scene.verbs.trading.stop()
    await scene.verbs.trading.start()
    assert scene.broker.seen[-1] == {"token": "second"}


async def test_other_keys_do_not_get_what_the_first_were_exchanged_for(scene):
    accounts = scene.verbs.accounts
    await accounts.test_credentials(credentials=Credentials({"code": "abc"}), **OPTIONS)
    await accounts.test_credentials(credentials=Credentials({"code": "xyz"}), **OPTIONS)
    assert scene.broker.seen[-1] == {"code": "xyz"}
