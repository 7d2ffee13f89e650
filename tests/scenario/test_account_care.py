"""Owners rename, pause, re-link and remove their accounts, and nothing that is open in them is stranded."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from domain.accounts import AccountStatus, Environment
from domain.broker import Credentials, Verified
from domain.errors import InvalidValue
from domain.ids import UserId
from domain.instruments import AssetClass
from domain.orders import Side
from domain.signals import Reading, ReadingKind
from tests.scenario.world import world
from trading.care import Leave
from trading.views import ManualOrder

D = Decimal
KIND = ReadingKind
READINGS = {
    "buy": Reading(
        kind=KIND.ENTRY,
        side="long",
        symbol="MSFT",
        asset_class=AssetClass.EQUITY,
        order_type="market",
        stop=D(380),
    ),
    "rest": Reading(
        kind=KIND.ENTRY, side="long", symbol="AAPL", asset_class=AssetClass.EQUITY, price=D("1.00")
    ),
    "out": Reading(kind=KIND.EXIT, symbol="MSFT", fraction=D(1)),
}
ANN = UserId("7")


@pytest.fixture
async def scene(tmp_path):
    async with world(tmp_path, READINGS) as made:
        made.market.set("MSFT", D("412.40"), D("412.50"))
        made.market.set("AAPL", D("189.90"), D("190.00"))
        await made.source()
        yield made


async def said(scene, text, state):
    """Post a message, and wait until one more trade stands so."""
    before = {t.id for t in await scene.store.trades.find({"user": ANN})}
    await scene.say(text)

    async def fresh():
        found = [t for t in await scene.store.trades.find({"user": ANN}) if t.id not in before]
        return found[0] if found and found[0].state.value == state else None

    return await scene.until(fresh)


async def bought(scene):
    return await said(scene, "buy", "open")


async def leave(scene, account, how):
    """Remove an account while time goes on."""
    removed = []

    async def remove():
        removed.append(await scene.verbs.care.remove(ANN, account.id, how))

    task = asyncio.create_task(remove())

    async def done():
        return task.done()

    await scene.until(done, seconds=40)
    await task
    return removed[0]


async def test_a_name_is_changed_and_never_shared(scene):
    account = await scene.member(ANN, name="first")
    await scene.member(ANN, name="second")
    care = scene.verbs.care
    assert (await care.rename(ANN, account.id, "  main ")).name == "main"
    with pytest.raises(InvalidValue, match="already"):
        await care.rename(ANN, account.id, "Second")
    assert [one.account.name for one in await care.overview(ANN)] == ["main", "second"]


async def test_the_default_is_handed_over_and_never_doubled(scene):
    await scene.member(ANN, name="first")
    second = await scene.member(ANN, name="second")
    await scene.verbs.care.make_default(ANN, second.id)
    assert [(a.name, a.is_default) for a in await scene.verbs.accounts.accounts(ANN)] == [
        ("second", True),
        ("first", False),
    ]


async def test_nobody_else_finds_an_account_whoever_they_are(scene):
    account = await scene.member(ANN)
    care = scene.verbs.care
    for verb in (care.look, care.make_default, care.pause, care.resume, care.remove):
        with pytest.raises(InvalidValue):
            await verb(UserId("8"), account.id)
    with pytest.raises(InvalidValue):
        await care.rename(UserId("8"), account.id, "mine")


async def test_a_paused_account_takes_no_entries_but_exits_go_on_also_after_a_restart(scene):
    account = await scene.member(ANN)
    await bought(scene)
    assert (await scene.verbs.care.pause(ANN, account.id)).status is AccountStatus.PAUSED
    assert (await said(scene, "rest", "denied")).code == "account_paused"

    await scene.stop()
    await scene.start()
    assert len(await scene.resting(ANN)) == 1, "its stop is looked after"
    await scene.say("out")

    async def flat():
        return await scene.position(ANN, "MSFT") == 0

    assert await scene.until(flat)
    await scene.verbs.care.resume(ANN, account.id)
    await scene.clock.advance(61)  # the same words within a minute are taken for a repeat
    await bought(scene)


async def test_an_account_with_something_open_is_not_removed_unasked(scene):
    account = await scene.member(ANN)
    await bought(scene)
    with pytest.raises(InvalidValue, match="MSFT"):
        await scene.verbs.care.remove(ANN, account.id)
    assert (await scene.verbs.care.look(ANN, account.id)).open_trades[0].symbol == "MSFT"


async def test_everything_is_closed_first_when_its_owner_says_so(scene):
    account = await scene.member(ANN)
    trade = await bought(scene)
    await leave(scene, account, Leave.CLOSE)
    assert await scene.verbs.accounts.accounts(ANN) == []
    assert await scene.store.follows.find({"user": ANN}) == []
    ended = await scene.store.trades.get(trade.id)
    assert ended.state.value == "closed"
    assert not ended.released


async def test_entries_are_cancelled_and_positions_left_with_their_stops_when_its_owner_says_so(scene):
    account = await scene.member(ANN)
    held = await bought(scene)
    await scene.say("rest")

    async def resting():
        return any(t.symbol == "AAPL" for t in (await scene.verbs.care.look(ANN, account.id)).open_trades)

    assert await scene.until(resting)
    book = account.ref.key
    await leave(scene, account, Leave.KEEP)
    freed = await scene.store.trades.get(held.id)
    assert (freed.released, freed.active, freed.code) == (True, False, "released")
    state = (await scene.store.paper_books.get(book)).state
    assert "MSFT" in state, "the position and its stop are where they were"
    entry = [t for t in await scene.store.trades.find({"user": ANN}) if t.symbol == "AAPL"]
    assert entry[0].state.value == "unfilled"


async def test_fresh_keys_take_the_place_of_old_ones_and_the_account_stays_what_it_was(scene):
    account = await scene.member(ANN)
    await bought(scene)
    verified = await scene.verbs.accounts.test_credentials(
        user=ANN, broker="paper", environment=Environment.PAPER, credentials=Credentials({})
    )
    before = (await scene.store.accounts.get(account.id)).linked_at
    await scene.clock.advance(60)
    same = replace(verified, state=replace(verified.state, number_masked=account.number_masked))
    again = await scene.verbs.accounts.relink(
        user=ANN, account=account.id, credentials=Credentials({}), verified=same
    )
    assert (again.id, again.name, again.is_default) == (account.id, account.name, account.is_default)
    assert again.linked_at > before
    await scene.say("out")

    async def flat():
        return await scene.position(ANN, "MSFT") == 0

    assert await scene.until(flat), "the new session looks after what was open"


async def test_keys_of_another_account_are_not_taken(scene):
    account = await scene.member(ANN)
    stored = await scene.store.accounts.get(account.id)
    await scene.store.accounts.compare_and_set(replace(stored, number_masked="…1111"))
    verified = await scene.verbs.accounts.test_credentials(
        user=ANN, broker="paper", environment=Environment.PAPER, credentials=Credentials({})
    )
    other = Verified(state=replace(verified.state, number_masked="…2222"))
    with pytest.raises(InvalidValue, match="another account"):
        await scene.verbs.accounts.relink(
            user=ANN, account=account.id, credentials=Credentials({}), verified=other
        )


async def test_an_order_by_hand_to_a_paused_account_says_why_not(scene):
    account = await scene.member(ANN)
    await scene.verbs.care.pause(ANN, account.id)
    order = ManualOrder(
        key="k", user=ANN, guild=None, side=Side.BUY, symbol="MSFT", notional=D(500), account=account.id
    )
    denied = await scene.verbs.trading.place(order)
    assert (denied.state.value, denied.code) == ("denied", "account_paused")


async def test_what_another_process_does_to_an_account_is_followed_here(scene):
    account = await scene.member(ANN)
    executor = scene.verbs.trading._executor
    stored = await scene.store.accounts.get(account.id)
    await scene.store.accounts.compare_and_set(replace(stored, status=AccountStatus.PAUSED))
    await executor.look()
    assert (await said(scene, "buy", "denied")).code == "account_paused"

    other = replace(stored, id="linked-there", name="other", version=0, is_default=False)
    await scene.store.accounts.insert(other)
    await executor.look()
    assert await scene.until(lambda: executor.get("linked-there").session is not None)

    await scene.store.accounts.delete("linked-there")
    await executor.look()
    assert executor.get("linked-there") is None


async def test_an_account_taken_leave_of_is_not_taken_up_again_while_it_is_still_in_the_store(scene):
    account = await scene.member(ANN)
    executor = scene.verbs.trading._executor
    await executor.remove(account.id)
    await executor.look()
    assert executor.get(account.id) is None
