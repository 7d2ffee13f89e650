"""Owners keep sources, premium roles and the kill switch; members follow, and see accounts and money."""

import json
from dataclasses import replace
from decimal import Decimal
from functools import partial
from types import SimpleNamespace

import pytest

from bot.skus import SkuCache, fetch_skus
from domain.accounts import SizeKind, SwitchMode
from domain.clock import SystemClock
from domain.errors import AuthFailed, InvalidValue
from domain.trades import Mode
from tests.support import eventually
from tests.unit.cogs.fakes import FakeGate
from tests.unit.cogs.samples import trade
from tests.unit.cogs.stage import on_stage
from trading.care import Leave
from vault.redact import Redactor

MANAGE_GUILD = 1 << 5


@pytest.fixture
async def stage(tmp_path):
    async with on_stage(tmp_path) as made:
        yield made


async def with_source(stage):
    return await stage.run(stage.owner, "channel add", channel=stage.signals, author=stage.owner)


# --- /channel


async def test_an_owner_makes_a_channel_a_source_and_can_list_it(stage):
    reply = await with_source(stage)
    assert f"<#{stage.signals.id}> is a signal source" in reply.text
    assert f"<@{stage.owner.id}>" in reply.text
    (source,) = stage.trading.sources_by.values()
    assert (source.guild, source.channel) == (str(stage.guild.id), str(stage.signals.id))
    assert source.authors == (str(stage.owner.id),)
    assert f"<#{stage.signals.id}>" in (await stage.run(stage.owner, "channel list")).text


async def test_a_webhook_can_be_named_by_its_id(stage):
    reply = await stage.run(stage.owner, "channel add", channel=stage.signals, webhook=" 123456789012345678 ")
    assert "webhook 123456789012345678" in reply.text
    (source,) = stage.trading.sources_by.values()
    assert source.webhooks == ("123456789012345678",)


@pytest.mark.parametrize(
    ("options", "said"),
    [({}, "Say whose messages are signals"), ({"webhook": "my hook"}, "is not a Discord id")],
)
async def test_a_source_without_an_author_is_refused(stage, options, said):
    reply = await stage.run(stage.owner, "channel add", channel=stage.signals, **options)
    assert said in reply.text
    assert stage.trading.sources_by == {}


async def test_someone_who_lost_the_permission_is_refused_in_code_too(stage):
    role = stage.sim.add_role(stage.guild, "mod", permissions=MANAGE_GUILD)
    await stage.sim.set_roles(stage.guild, stage.ana, [role])
    asked = await stage.sim.slash(stage.ana, stage.channel, "channel list")
    assert (await asked.wait()).text
    for command in stage.app.commands.values():
        command["default_member_permissions"] = None  # as an owner may set it in the server's settings
    await stage.sim.set_roles(stage.guild, stage.ana, [])
    for path, options in (
        ("channel add", {"channel": stage.signals, "author": stage.ana}),
        ("channel remove", {"channel": str(stage.signals.id)}),
        ("premium roles", {}),
        ("halt", {}),
        ("resume", {}),
    ):
        reply = await stage.run(stage.ana, path, **options)
        assert "Only people who may manage this server" in reply.text, path
    assert "no signal source yet" in (await stage.run(stage.ana, "channel list")).text
    assert stage.trading.sources_by == {}
    assert stage.trading.raised == {}


async def test_a_source_is_removed_by_choice_and_an_unknown_one_is_named(stage):
    await with_source(stage)
    offers = await stage.offers(stage.owner, "channel remove", "channel")
    assert offers == {str(stage.signals.id): "#signals"}
    assert (
        '"chat" is not a signal source'
        in (await stage.run(stage.owner, "channel remove", channel="chat")).text
    )
    reply = await stage.run(stage.owner, "channel remove", channel="#signals")
    assert "no longer read" in reply.text
    assert stage.trading.sources_by == {}


async def test_a_channel_the_bot_cannot_see_is_added_with_a_warning(stage):
    hide(stage, stage.signals)
    reply = await with_source(stage)
    assert "is a signal source" in reply.text
    assert "I cannot see" in reply.text
    assert "*View Channel*" in reply.text


def hide(stage, channel):
    """Take the channel away from everybody, as an owner does in its settings."""
    body = {
        "id": str(channel.id),
        "guild_id": str(stage.guild.id),
        "type": 0,
        "name": channel.name,
        "position": 0,
        "permission_overwrites": [{"id": str(stage.guild.id), "type": 0, "allow": "0", "deny": str(1 << 10)}],
    }
    stage.bot._connection.parsers["CHANNEL_UPDATE"](body)


# --- /follow


async def test_a_newcomer_follows_on_paper_with_one_command(stage):
    await with_source(stage)
    offers = await stage.offers(stage.ana, "follow", "channel", "sig")
    reply = await stage.run(stage.ana, "follow", channel=next(iter(offers)), size_kind="fixed", size="250")
    assert "A paper account was made for you" in reply.text
    assert "**$250.00**" in reply.text
    (follow,) = stage.trading.follows_by.values()
    assert (follow.user, follow.mode, follow.size) == (str(stage.ana.id), Mode.PAPER, Decimal(250))
    assert f"<#{stage.signals.id}>" in (await stage.run(stage.ana, "following")).text


async def test_a_percentage_an_account_and_a_mode_are_handed_on(stage):
    await with_source(stage)
    account = stage.accounts.add_live(stage.ana)
    assert await stage.offers(stage.ana, "follow", "account") == {account.id: "My Alpaca (live)"}
    reply = await stage.run(
        stage.ana,
        "follow",
        channel="signals",
        size_kind="percent",
        size="2.5",
        mode="confirm",
        account=account.id,
    )
    assert "2.5 % of equity" in reply.text
    assert "waits for your button" in reply.text
    (follow,) = stage.trading.follows_by.values()
    assert (follow.mode, follow.size_kind, follow.account) == (Mode.CONFIRM, SizeKind.PERCENT, account.id)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": "0"}, "The size must be above zero; you wrote 0."),
        ({"size": "-1"}, "The size must be above zero"),
        ({"size": "1e5"}, "is not a plain number"),
        ({"size": "abc"}, "is not a plain number"),
        ({"size_kind": "percent", "size": "101"}, "at most 100"),
        ({"channel": "nowhere"}, "is not a signal source here"),
        ({"mode": "live"}, "You have no linked account yet"),
        ({"account": "nope"}, "You have no linked account yet"),
    ],
)
async def test_what_a_new_follower_mistypes_is_answered_in_one_sentence(stage, options, said):
    await with_source(stage)
    given = {"channel": "signals", "size_kind": "fixed", "size": "100"} | options
    assert said in (await stage.run(stage.ana, "follow", **given)).text
    assert stage.trading.follows_by == {}


async def test_following_ends_from_a_dm_too(stage):
    await with_source(stage)
    await stage.run(stage.ana, "follow", channel="signals", size_kind="fixed", size="100")
    dm = stage.sim.dm(stage.ana)
    ((value, name),) = (await stage.offers(stage.ana, "unfollow", "channel", where=dm)).items()
    assert name == "#signals"
    assert "no longer follow" in (await stage.run(stage.ana, "unfollow", dm, channel=value)).text
    assert stage.trading.follows_by == {}
    assert "You do not follow" in (await stage.run(stage.ana, "unfollow", dm, channel=value)).text


# --- /broker


async def test_paper_is_linked_at_once_and_everything_else_by_the_wizard(stage):
    reply = await stage.run(stage.ana, "broker add", broker="paper")
    assert "pretend money ($50,000.50)" in reply.text
    assert (
        "already have an account called Paper"
        in (await stage.run(stage.ana, "broker add", broker="Paper broker")).text
    )
    await stage.run(stage.ana, "broker add")
    await stage.run(stage.ana, "broker add", broker="Alpaca")
    user = str(stage.ana.id)
    assert stage.wizard.started == [(user, "link_account", {}), (user, "link_account", {"broker": "alpaca"})]
    assert 'no broker "robinhood"' in (await stage.run(stage.ana, "broker add", broker="robinhood")).text
    assert "**Paper** `PAPER` · default" in (await stage.run(stage.ana, "broker list")).text


async def test_a_test_of_an_account_shows_its_money_or_the_brokers_sentence(stage):
    stage.accounts.add_live(stage.ana)
    assert "works. Equity $50,000.50" in (await stage.run(stage.ana, "broker test", account="My Alpaca")).text
    stage.accounts.may_withdraw = True
    assert "may withdraw money" in (await stage.run(stage.ana, "broker test", account="My Alpaca")).text
    stage.accounts.error = AuthFailed(
        "Alpaca refused the key", broker="alpaca", operation="account", code="x"
    )
    assert "Alpaca refused the key." in (await stage.run(stage.ana, "broker test", account="My Alpaca")).text
    assert "You have no account" in (await stage.run(stage.ana, "broker test", account="other")).text


async def test_an_account_is_removed_only_after_it_was_asked(stage):
    account = stage.accounts.add_live(stage.ana)
    asked = await stage.run(stage.ana, "broker remove", account="my alpaca")
    assert asked.buttons == ["Remove My Alpaca", "Keep it"]
    assert account.id in stage.accounts.by_id
    await stage.press(stage.ana, asked.message, "Remove My Alpaca")
    await eventually(lambda: "keys were destroyed" in asked.message.text)
    assert "https://alpaca.test/keys" in asked.message.text
    assert stage.accounts.by_id == {}


async def test_an_account_is_kept_when_asked_to_and_when_it_cannot_be_removed(stage):
    account = stage.accounts.add_live(stage.ana)
    asked = await stage.run(stage.ana, "broker remove", account=account.id)
    await stage.press(stage.ana, asked.message, "Keep it")
    await eventually(lambda: "Nothing was removed" in asked.message.text)
    stage.accounts.error = InvalidValue("My Alpaca still holds something that is being closed: AAPL.")
    asked = await stage.run(stage.ana, "broker remove", account=account.id)
    pressed = await stage.press(stage.ana, asked.message, "Remove My Alpaca")
    await pressed.wait_message("still holds something")
    assert account.id in stage.accounts.by_id


@pytest.mark.parametrize(
    ("button", "leave"), [("Close all, then remove", Leave.CLOSE), ("Leave them at the broker", Leave.KEEP)]
)
async def test_what_becomes_of_open_trades_is_the_owners_choice(stage, button, leave):
    account = stage.accounts.add_live(stage.ana)
    stage.care.open[account.id] = [trade(symbol="TSLA")]
    asked = await stage.run(stage.ana, "broker remove", account=account.id)
    assert "1 open trades (TSLA)" in asked.message.text
    await stage.press(stage.ana, asked.message, button)
    await eventually(lambda: "keys were destroyed" in asked.message.text)
    assert stage.care.left == [leave]


async def test_an_account_is_looked_after_from_one_panel(stage):
    account = stage.accounts.add_live(stage.ana)
    listed = await stage.run(stage.ana, "broker list")
    assert "Entries today: 4" in listed.text
    opened = await stage.press(stage.ana, listed.message, "Manage My Alpaca")
    panel = await opened.wait_message("My Alpaca")
    assert panel.buttons == ["Test", "Rename", "Pause", "Settings", "Link again", "Remove"]

    paused = await stage.press(stage.ana, panel, "Pause")
    await paused.wait_message("takes no entries until you resume it")
    await eventually(lambda: "Resume" in panel.buttons)
    resumed = await stage.press(stage.ana, panel, "Resume")
    await resumed.wait_message("takes entries again")

    renaming = await stage.press(stage.ana, panel, "Rename")
    await renaming.wait()
    named = await stage.sim.submit(stage.ana, renaming, New_name="Main account")
    await named.wait_message("called **Main account** now")
    assert stage.accounts.by_id[account.id].name == "Main account"

    await stage.press(stage.ana, panel, "Link again")
    await eventually(lambda: stage.wizard.started)
    assert stage.wizard.started == [(str(stage.ana.id), "reauth", {"account": account.id})]
    await stage.press(stage.ana, panel, "Settings")
    await eventually(lambda: len(stage.wizard.started) == 2)
    assert stage.wizard.started[-1] == (str(stage.ana.id), "reconfigure", {"account": account.id})


async def test_the_same_is_done_by_commands(stage):
    account = stage.accounts.add_live(stage.ana)
    for path, said in (
        ("broker pause", "takes no entries"),
        ("broker resume", "takes entries again"),
        ("broker default", "mean **My Alpaca** from now on"),
    ):
        assert said in (await stage.run(stage.ana, path, account=account.id)).text
    renamed = await stage.run(stage.ana, "broker rename", account=account.id, name="Second")
    assert "called **Second** now" in renamed.text
    await stage.run(stage.ana, "broker relink", account=account.id)
    assert stage.wizard.started[-1] == (str(stage.ana.id), "reauth", {"account": account.id})


async def test_nobody_else_looks_after_a_members_account_not_even_the_owner_of_the_server(stage):
    account = stage.accounts.add_live(stage.ana)
    paths = ("test", "pause", "default", "edit", "relink", "remove")
    for path in (f"broker {verb}" for verb in paths):
        refused = await stage.run(stage.owner, path, account=account.id)
        assert "You have no" in refused.text, path
    assert stage.accounts.by_id[account.id] == account
    assert stage.wizard.started == []


# --- money


async def test_money_is_shown_and_a_broken_connection_is_told(stage):
    assert "Equity **$50,000.50**" in (await stage.run(stage.ana, "balance")).text
    assert "No open position." in (await stage.run(stage.ana, "positions", stage.sim.dm(stage.ana))).text


# --- /premium, /halt, /resume


async def test_a_member_sees_what_each_membership_allows_and_what_theirs_does(stage):
    silver = stage.sim.add_role(stage.guild, "silver")
    await stage.run(stage.owner, "premium roles", add=silver, tier="pro")
    table = (await stage.run(stage.ana, "premium tiers")).text
    assert f"**pro** · <@&{silver.id}>" in table
    assert "**free** · everybody\npaper only" in table
    mine = (await stage.run(stage.ana, "premium check")).text
    assert "You have the **basic** membership. Entries today: 3." in mine
    assert "🔒 Alpaca" in mine
    assert "For the owner" not in mine
    assert (
        "For the owner, today: 4 members were turned away"
        in (await stage.run(stage.owner, "premium check")).text
    )


async def test_only_who_may_manage_the_server_gives_memberships(stage):
    gold = stage.sim.add_role(stage.guild, "gold")
    assert "Manage Server" in (await stage.run(stage.ana, "premium roles", add=gold)).text
    assert str(stage.guild.id) not in stage.trading.settings


async def test_premium_roles_are_added_and_removed_and_never_everyone(stage):
    gold = stage.sim.add_role(stage.guild, "gold")
    everyone = stage.guild.roles[stage.guild.id]
    assert "No role gives the premium membership" in (await stage.run(stage.owner, "premium roles")).text
    assert f"<@&{gold.id}>" in (await stage.run(stage.owner, "premium roles", add=gold)).text
    assert stage.trading.settings[str(stage.guild.id)].premium_roles == (str(gold.id),)
    assert "would give it to everybody" in (await stage.run(stage.owner, "premium roles", add=everyone)).text
    assert stage.trading.settings[str(stage.guild.id)].premium_roles == (str(gold.id),)
    await stage.run(stage.owner, "premium roles", remove=gold)
    assert stage.trading.settings[str(stage.guild.id)].premium_roles == ()
    assert (
        "did not give the premium membership"
        in (await stage.run(stage.owner, "premium roles", remove=gold)).text
    )


async def test_the_kill_switch_of_a_server_is_raised_and_lifted(stage):
    reply = await stage.run(stage.owner, "halt", reason="**news** @everyone", mode="reduce")
    assert "Only orders that reduce risk are sent" in reply.text
    assert "@everyone" not in reply.text
    switch = stage.trading.raised[f"guild:{stage.guild.id}"]
    assert (switch.mode, switch.reason, switch.raised_by) == (
        SwitchMode.REDUCE,
        "**news** @everyone",
        str(stage.owner.id),
    )
    assert "allowed again" in (await stage.run(stage.owner, "resume")).text
    assert "was not halted" in (await stage.run(stage.owner, "resume")).text
    await stage.trading.halt("global", SwitchMode.HALT, reason="maintenance", by="1")
    assert "halted everything (maintenance)" in (await stage.run(stage.owner, "resume")).text


# --- /api


async def test_a_token_is_shown_once_and_withdrawn(stage):
    reply = await stage.run(stage.ana, "api token", stage.sim.dm(stage.ana))
    assert "||`dte_abab" in reply.text
    assert "(1)" in (await stage.run(stage.ana, "api revoke")).text
    assert "You had no token" in (await stage.run(stage.ana, "api revoke")).text


async def test_who_buys_a_membership_in_discord_holds_it_within_one_event(stage):
    gold = stage.sim.shop.offer(stage.app, "Gold")
    skus = SkuCache(partial(fetch_skus, SimpleNamespace(usable=stage.bot), SystemClock()), SystemClock())
    stage.bot._skus = skus
    assert await skus.skus(str(stage.ana.id)) == frozenset()
    owned = stage.sim.shop.grant(stage.ana, gold)
    await eventually(lambda: str(stage.ana.id) not in skus._known)
    assert await skus.skus(str(stage.ana.id)) == {str(gold)}
    stage.sim.shop.refund(owned)
    await eventually(lambda: str(stage.ana.id) not in skus._known)
    assert await skus.skus(str(stage.ana.id)) == frozenset()


async def test_what_is_sold_is_offered_as_a_button_below_what_it_would_unlock(stage, monkeypatch):
    gold = stage.sim.shop.offer(stage.app, "Gold")
    monkeypatch.setattr(FakeGate, "products", (str(gold),))
    shown = await stage.run(stage.ana, "premium check")
    assert f'"sku_id": "{gold}"' in json.dumps(shown.message.components)


async def test_a_secret_that_a_broker_repeats_is_masked_before_anybody_sees_it(stage):
    redactor = Redactor()
    redactor.register("sk-canary-0123456789")
    stage.bot.services = replace(stage.bot.services, scrub=redactor.scrub)
    account = stage.accounts.add_live(stage.ana)
    stage.accounts.error = AuthFailed(
        "Alpaca says that sk-canary-0123456789 is unknown", broker="alpaca", operation="account", code="x"
    )
    said = await stage.run(stage.ana, "broker test", account=account.id)
    assert "Alpaca says that" in said.text
    assert "canary" not in said.text
