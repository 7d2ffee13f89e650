"""Let members follow signal sources, each with their own account, size and mode."""

from discord import app_commands

from cogs import choices, numbers, replies, texts
from cogs.base import Ix, ServiceBot, ServiceCog, member
from cogs.guards import in_server
from cogs.panels.lists import follows_panel
from cogs.panels.lists import size as size_of
from cogs.papers import link_paper
from cogs.wording import channel as mention
from cogs.wording import escape
from domain.accounts import Environment, LinkedAccount, SizeKind
from domain.errors import InvalidValue
from domain.trades import Mode

_MODES = [app_commands.Choice(name=texts.MODE[mode].rstrip("."), value=mode.value) for mode in Mode]
_KINDS = [app_commands.Choice(name=texts.KIND[kind], value=kind.value) for kind in SizeKind]


class Follows(ServiceCog):
    """Keep what members follow."""

    @app_commands.command(description="Follow a signal source with an account of yours")
    @app_commands.guild_only()
    @app_commands.rename(size_kind="size-kind")
    @app_commands.describe(
        channel="The signal source",
        size_kind="How the size of each entry is meant",
        size="A plain number: 500 for an amount of money, 5 for 5 % of equity",
        mode="How far a signal may go on its own; paper if left out",
        account="Which of your accounts; your default one if left out",
    )
    @app_commands.choices(mode=_MODES, size_kind=_KINDS)
    @app_commands.autocomplete(channel=choices.sources, account=choices.accounts)
    async def follow(
        self,
        interaction: Ix,
        channel: str,
        size_kind: app_commands.Choice[str],
        size: str,
        mode: app_commands.Choice[str] | None = None,
        account: str | None = None,
    ) -> None:
        """Follow a source, or change how."""
        guild = in_server(interaction)
        kind = SizeKind(size_kind.value)
        value = (numbers.percentage if kind is SizeKind.PERCENT else numbers.number)(size, "size")
        chosen = Mode(mode.value) if mode is not None else Mode.PAPER
        await replies.thinking(interaction)
        source = await choices.find_source(interaction, channel)
        linked, made = await self._account(interaction, account, chosen)
        follow = await self.services.trading.follow(
            user=member(interaction),
            guild=guild,
            channel=source.channel,
            account=linked.id,
            mode=chosen,
            size_kind=kind,
            size=value,
        )
        said = texts.FOLLOWING.format(
            channel=mention(follow.channel),
            account=escape(linked.name),
            mode=texts.MODE[follow.mode],
            size=size_of(follow),
        )
        await replies.say(interaction, f"{texts.FOLLOW_NEW_PAPER}\n{said}" if made else said)

    @app_commands.command(description="Stop following a signal source; open trades keep their stops")
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.describe(channel="What you follow")
    @app_commands.autocomplete(channel=choices.follows)
    async def unfollow(self, interaction: Ix, channel: str) -> None:
        """Stop following a source."""
        follow = await choices.find_follow(interaction, channel)
        gone = await self.services.trading.unfollow(
            user=member(interaction), guild=follow.guild, channel=follow.channel
        )
        said = texts.UNFOLLOWED if gone else texts.NOT_FOLLOWED
        await replies.say(interaction, said.format(channel=mention(follow.channel)))

    @app_commands.command(description="Show what you follow, and how")
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def following(self, interaction: Ix) -> None:
        """List what the member follows."""
        follows = await self.services.trading.follows(member(interaction))
        linked = await self.services.accounts.accounts(member(interaction))
        await replies.show(interaction, follows_panel(follows, {one.id: one for one in linked}))

    async def _account(self, interaction: Ix, given: str | None, mode: Mode) -> tuple[LinkedAccount, bool]:
        """Give the account to follow with, and whether it was made just now."""
        user = member(interaction)
        if given is not None:
            return await choices.find_account(self.services, user, given), False
        linked = await self.services.accounts.accounts(user)
        fitting = [a for a in linked if mode is not Mode.PAPER or a.environment is Environment.PAPER]
        if fitting:
            return fitting[0], False
        if mode is not Mode.PAPER:
            raise InvalidValue(texts.NO_ACCOUNT)
        account, _ = await link_paper(self.services, user)
        return account, True


async def setup(bot: ServiceBot) -> None:
    """Add the cog."""
    await bot.add_cog(Follows(bot))
