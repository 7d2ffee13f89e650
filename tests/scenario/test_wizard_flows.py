"""Limits, settings, fresh keys, sources and memberships, through real discord.py and the real bot process."""

import pytest

from domain.ids import GuildId, UserId
from store import open_store
from tests.scenario.linking import PATIENCE, Street, aims, step_of, street
from tests.support import eventually

pytestmark = pytest.mark.timeout(180)
FRESH = ("PKFRESHKEYS000000001", "canary-fresh-alpaca-secret-0000000000000")


async def told(asked):
    return await asked.wait(PATIENCE)


async def fill(s: Street, user, panel, **values):
    """Open the panel's form and send it; gives the fields as they were shown."""
    form = next(aim for aim in aims(panel) if aim.action == "form")
    opened = await s.stage.discord.click(user, panel, form.custom_id)
    shown = await told(opened)
    assert shown.kind == "modal", shown
    await told(await s.stage.discord.submit(user, opened, **values))
    return {control["custom_id"]: control["component"] for control in shown.modal.fields}


async def shows(panel, words: str):
    await eventually(lambda: words in panel.text, PATIENCE)
    return panel


async def kept(s: Street):
    """Stop the bot and open its store."""
    await s.stage.bot.stop()
    return await open_store(data_dir=s.stage.directory / "data")


async def dm(s: Street, person, words: str):
    return await s.stage.discord.wait_message(s.stage.discord.dm(person.user), words, timeout=PATIENCE)


async def test_a_member_sets_limits_and_they_hold_after_a_kill():
    async with street("paper") as s:
        person = s.person()
        await told(await s.stage.discord.slash(person.user, s.channel, "limits"))
        panel = await dm(s, person, "Your limits")
        assert "**Most money in one entry:** 1,000" in panel.text
        await fill(s, person.user, panel, max_order_notional="0")
        await shows(panel, "⚠️")
        await s.die()
        shown = await fill(s, person.user, panel, max_order_notional="2,500", max_open_positions="5")
        assert shown["entry_max_age"]["value"] == "30"
        await shows(panel, "Saved.")
        assert panel.buttons == []
        store = await kept(s)
        limits = await store.limits.get(UserId(str(person.user.id)))
        assert (limits.max_order_notional, limits.max_open_positions) == (2500, 5)
        await store.close()


async def test_an_account_gets_fresh_keys_and_other_settings_and_stays_the_same():
    async with street("alpaca") as s:
        person = s.person()
        await person.begin()
        await person.to_the_end()
        for flow, path in (("fresh", "broker relink"), ("name", "broker edit")):
            (offer,) = await s.stage.discord.autocomplete(
                person.user, s.channel, path, focused="account", account=""
            )
            await told(await s.stage.discord.slash(person.user, s.channel, path, account=offer["value"]))
            if flow == "fresh":
                panel = await dm(s, person, "Alpaca paper: fresh keys")
                await fill(s, person.user, panel, **s.login.typed() | s.login.wrong)
                await shows(panel, "⚠️")
                await s.die()
                await fill(s, person.user, panel, **s.login.typed())
                await shows(panel, "Use it for Alpaca paper?")
                await s.stage.discord.click(person.user, panel, "Use it")
                await shows(panel, "is connected again")
            else:
                panel = await dm(s, person, "Settings of Alpaca paper")
                await fill(s, person.user, panel, name="Swing")
                await shows(panel, "Save these settings?")
                await s.stage.discord.click(person.user, panel, "Save")
                await shows(panel, "are saved")
        listed = await s.accounts(person)
        assert "Swing" in listed
        assert listed.count("ready") == 1
        stranger = s.person()
        refused = await s.stage.discord.slash(
            stranger.user, s.channel, "broker relink", account=offer["value"]
        )
        assert "You have no" in (await told(refused)).text


async def owner(s: Street):
    """Bring somebody who may manage the server by a role."""
    person = s.person()
    role = s.stage.discord.add_role(s.stage.guild, "Manager", permissions=1 << 5)
    await s.stage.discord.set_roles(s.stage.guild, person.user, [role])
    return person


async def test_an_owner_makes_a_channel_a_source_step_by_step():
    async with street("paper") as s:
        person, discord = await owner(s), s.stage.discord
        analyst, signals = s.person().user, discord.add_channel(s.stage.guild, "signals")
        with pytest.raises(ValueError, match="lacks the permissions"):
            await discord.slash(s.person().user, s.channel, "channel setup")
        refused = await discord.slash(s.person().user, s.channel, "premium setup")
        assert "manage this server" in (await told(refused)).text.lower(), "and it is checked in code"
        panel = (await told(await discord.slash(person.user, s.channel, "channel setup"))).message
        assert panel.ephemeral, "it picks from this server's channels, so it is here"
        await shows(panel, "A channel with signals")
        await fill(s, person.user, panel, channel=[signals], webhooks="")
        await shows(panel, "Nobody was chosen")
        shown = await fill(s, person.user, panel, authors=[analyst])
        assert [str(one["id"]) for one in shown["channel"]["default_values"]] == [str(signals.id)], "kept"
        await shows(panel, f"<#{signals.id}>")
        assert f"<@{analyst.id}>" in panel.text
        await discord.set_roles(s.stage.guild, person.user, [])
        late = await discord.click(person.user, panel, "Save")
        await late.wait_message("Manage Server")
        assert step_of(panel) == "review"
        boss = discord.owner(s.stage.guild)
        listed = (await told(await discord.slash(boss, s.channel, "channel list"))).text
        assert "no signal source" in listed
        roles = [role for role in s.stage.guild.roles.values() if role.name == "Manager"]
        await discord.set_roles(s.stage.guild, person.user, roles)
        await discord.click(person.user, panel, "Save")
        await shows(panel, "are read as signals from now on")
        listed = (await told(await discord.slash(person.user, s.channel, "channel list"))).text
        assert f"<#{signals.id}>" in listed
        assert f"<@{analyst.id}>" in listed


async def test_an_owner_says_which_roles_give_which_membership():
    async with street("paper") as s:
        person, discord = await owner(s), s.stage.discord
        gold, silver = (discord.add_role(s.stage.guild, name) for name in ("Gold", "Silver"))
        panel = (await told(await discord.slash(person.user, s.channel, "premium setup"))).message
        await shows(panel, "Roles and memberships")
        await fill(s, person.user, panel, premium=[gold], pro=[silver])
        await shows(panel, f"**Premium:** <@&{gold.id}>")
        again = (await told(await discord.slash(person.user, s.channel, "premium setup"))).message
        await shows(again, f"<@&{silver.id}>")
        shown = await fill(s, person.user, again, pro=[])
        assert [str(one["id"]) for one in shown["premium"]["default_values"]] == [str(gold.id)]
        await shows(again, "Saved")
        store = await kept(s)
        settings = await store.guilds.get(GuildId(str(s.stage.guild.id)))
        assert (settings.premium_roles, settings.pro_roles) == ((str(gold.id),), ())
        await store.close()
