"""Stand-ins for the verbs: they record what cogs ask for, and keep just enough to answer."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

from domain.accounts import (
    AccountStatus,
    ApiToken,
    Environment,
    Follow,
    GuildSettings,
    KillSwitch,
    LinkedAccount,
    Source,
)
from domain.broker import Verified
from domain.errors import InvalidValue
from domain.ids import trade_id
from domain.tiers import DEFAULT_TIERS, Tier
from domain.trades import TradeState
from tests.unit.cogs.samples import AT, linked, state, trade
from trading.accounts import AccountService
from trading.care import AccountCare, AccountOverview, Leave
from trading.entitlements import Standing, Verdict
from trading.gate import Gate, GateLine, GateReport
from trading.service import TradingService
from trading.tokens import TokenService
from trading.views import AccountBalance, AccountPositions, TradeView

FIELDS = (SimpleNamespace(secret=False, required=True), SimpleNamespace(secret=True, required=True))


class FakeTrading(TradingService):
    """Record every call; ``error`` is raised by the next verb that reaches a broker."""

    def __init__(self):
        self.messages, self.edits, self.deletes = [], [], []
        self.placed, self.closed, self.cancelled, self.answered = [], [], [], []
        self.sources_by, self.follows_by, self.views = {}, {}, defaultdict(dict)
        self.settings, self.raised = {}, {}
        self.error, self.tried = None, 0

    def _fail(self):
        if self.error is not None:
            error, self.error = self.error, None
            raise error

    async def on_message(self, raw):
        self.messages.append(raw)
        self._fail()

    async def on_edit(self, raw):
        self.edits.append(raw)
        self._fail()

    async def on_delete(self, guild, channel, message):
        self.deletes.append((guild, channel, message))
        self._fail()

    async def add_source(self, guild, channel, *, authors, webhooks, by):
        old = self.sources_by.get((guild, channel))
        source = Source(
            id=f"{guild}/{channel}",
            guild=guild,
            channel=channel,
            authors=(*(old.authors if old else ()), *authors),
            webhooks=(*(old.webhooks if old else ()), *webhooks),
            added_by=by,
            added_at=AT,
        )
        self.sources_by[guild, channel] = source
        return source

    async def remove_source(self, guild, channel):
        return self.sources_by.pop((guild, channel), None) is not None

    async def sources(self, guild):
        self._fail()
        return [s for s in self.sources_by.values() if s.guild == guild]

    async def all_sources(self):
        return list(self.sources_by.values())

    async def follow(self, *, user, guild, channel, account, mode, size_kind, size):
        self._fail()
        follow = Follow(
            id=f"{user}/{guild}/{channel}",
            user=user,
            guild=guild,
            channel=channel,
            account=account,
            mode=mode,
            size_kind=size_kind,
            size=size,
            created_at=AT,
        )
        self.follows_by[follow.id] = follow
        return follow

    async def unfollow(self, *, user, guild, channel):
        return self.follows_by.pop(f"{user}/{guild}/{channel}", None) is not None

    async def follows(self, user):
        return [f for f in self.follows_by.values() if f.user == user]

    def show(self, user, view):
        self.views[user][view.trade.id] = view

    async def place(self, order):
        self.placed.append(order)
        self._fail()
        made = trade(symbol=order.symbol, side=order.side, state=TradeState.OPENING, user=order.user)
        made = replace(made, id=trade_id(order.key, order.user, "acc-1"), channel="", instrument=None)
        self.show(order.user, TradeView(trade=made, orders=()))
        return made

    async def close(self, user, symbol, *, fraction, key, account=None):
        self.closed.append((user, symbol, fraction, key, account))
        self._fail()
        return [v.trade for v in self.views[user].values() if v.trade.symbol == symbol and v.held]

    async def cancel(self, user, trade):
        self.cancelled.append((user, trade))
        self._fail()
        return self._turn(user, trade, TradeState.UNFILLED).trade

    async def confirm(self, user, trade, nonce):
        return self._answer("confirm", user, trade, nonce, TradeState.OPENING)

    async def decline(self, user, trade, nonce):
        return self._answer("decline", user, trade, nonce, TradeState.DENIED)

    async def settle(self, user, trade, finding):
        self._fail()
        self.answered.append((finding.value, user, trade, ""))
        return self._turn(user, trade, TradeState.UNFILLED).trade

    def _answer(self, verb, user, trade, nonce, state):
        self.tried += 1
        self._fail()
        view = self.views[user].get(trade)
        if view is None or view.trade.confirm_nonce != nonce:
            raise InvalidValue("this trade no longer waits for you")
        self.answered.append((verb, user, trade, nonce))
        return self._turn(user, trade, state).trade

    def _turn(self, user, trade, state):
        view = self.views[user].get(trade)
        if view is None:
            raise InvalidValue("there is no such trade of yours")
        turned = replace(view, trade=replace(view.trade, state=state, confirm_nonce=""))
        self.show(user, turned)
        return turned

    async def trades(self, user, *, active=True, limit=25):
        found = [v for v in self.views[user].values() if v.trade.active or not active]
        return found[:limit]

    async def trade(self, user, trade):
        return self.views[user].get(trade)

    async def positions(self, user):
        self._fail()
        return [AccountPositions(account=linked(user=user), positions=())]

    async def balances(self, user):
        self._fail()
        return [AccountBalance(account=linked(user=user), state=state())]

    async def halt(self, scope, mode, *, reason, by):
        switch = KillSwitch(id=scope, mode=mode, reason=reason, raised_by=by, raised_at=AT)
        self.raised[scope] = switch
        return switch

    async def lift(self, scope, *, by):
        return self.raised.pop(scope, None) is not None

    async def switches(self):
        return list(self.raised.values())

    async def guild_settings(self, guild):
        return self.settings.get(guild, GuildSettings(id=guild))

    async def give_tier(self, guild, tier, roles):
        known = self.settings.get(guild, GuildSettings(id=guild))
        self.settings[guild] = replace(known, **{f"{tier.value}_roles": tuple(roles)})
        return self.settings[guild]


class FakeGate(Gate):
    """Give everybody the basic tier, to whom Alpaca is closed."""

    tiers, products = DEFAULT_TIERS, ()

    def __init__(self):
        pass

    async def report(self, user, guild=""):
        no = Verdict(allowed=False, code="beta_only", reason="Not open to you yet.")
        return GateReport(
            user=user,
            guild=guild,
            standing=Standing(tier=Tier.BASIC, set_up=True),
            rules=DEFAULT_TIERS[Tier.BASIC],
            entries_today=3,
            lines=(GateLine(broker="alpaca", environment=Environment.LIVE, verdict=no),),
        )

    async def counts(self, day, guild):
        return {"denied": 4, "converted": 1}


class FakeAccounts(AccountService):
    """Keep linked accounts in a dictionary."""

    def __init__(self):
        self.by_id, self.error, self.may_withdraw = {}, None, False

    def titles(self):
        return {one.slug: one.title for one in self.supported()}

    def supported(self):
        return [
            SimpleNamespace(slug="paper", title="Paper broker", setup_url="", fields=()),
            SimpleNamespace(
                slug="alpaca", title="Alpaca", setup_url="https://alpaca.test/keys", fields=FIELDS
            ),
        ]

    async def available(self, user):
        return self.supported()

    async def test_credentials(self, *, user, broker, environment, credentials):
        return Verified(state=state())

    async def link(self, *, user, broker, environment, name, credentials, verified):
        if any(a.user == user and a.name == name for a in self.by_id.values()):
            raise InvalidValue(f"You already have an account called {name}. Choose another name.")
        account = LinkedAccount(
            id=f"acc{len(self.by_id)}",
            user=user,
            broker=broker,
            name=name,
            environment=environment,
            is_default=not any(a.user == user for a in self.by_id.values()),
            linked_at=AT,
        )
        self.by_id[account.id] = account
        return account

    async def get(self, user, account):
        if account not in self.by_id or self.by_id[account].user != user:
            raise InvalidValue("There is no such account of yours. Use /broker list to see them.")
        return self.by_id[account]

    async def accounts(self, user):
        return [a for a in self.by_id.values() if a.user == user]

    async def test(self, user, account):
        if self.error is not None:
            raise self.error
        return Verified(state=state(), may_withdraw=self.may_withdraw)

    def add_live(self, user, name="My Alpaca"):
        account = linked(
            id=f"live{len(self.by_id)}",
            user=str(user.id),
            name=name,
            broker="alpaca",
            environment=Environment.LIVE,
        )
        self.by_id[account.id] = account
        return account


class FakeCare(AccountCare):
    """Look after the accounts of the dictionary."""

    def __init__(self, accounts):
        self.accounts, self.open, self.left = accounts, {}, []

    async def look(self, user, account):
        found = await self.accounts.get(user, account)
        manifests = {one.slug: one for one in self.accounts.supported()}
        return AccountOverview(
            account=found,
            manifest=manifests.get(found.broker),
            connected=True,
            entries_today=4,
            open_trades=tuple(self.open.get(found.id, ())),
        )

    async def overview(self, user):
        return [await self.look(user, account.id) for account in await self.accounts.accounts(user)]

    def _put(self, account, **changes):
        self.accounts.by_id[account.id] = replace(account, **changes)
        return self.accounts.by_id[account.id]

    async def rename(self, user, account, name):
        return self._put(await self.accounts.get(user, account), name=name)

    async def make_default(self, user, account):
        return self._put(await self.accounts.get(user, account), is_default=True)

    async def pause(self, user, account):
        return self._put(await self.accounts.get(user, account), status=AccountStatus.PAUSED)

    async def resume(self, user, account):
        return self._put(await self.accounts.get(user, account), status=AccountStatus.ACTIVE)

    async def remove(self, user, account, leave=Leave.ASK):
        if self.accounts.error is not None:
            raise self.accounts.error
        found = await self.accounts.get(user, account)
        self.left.append(leave)
        return self.accounts.by_id.pop(found.id)


class FakeTokens(TokenService):
    """Count tokens."""

    def __init__(self):
        self.issued = defaultdict(int)

    async def issue(self, user, scopes=("read",)):
        self.issued[user] += 1
        token = ApiToken(id="0" * 64, user=user, created_at=AT, expires_at=AT + timedelta(days=90))
        return "dte_" + "ab" * 24, token

    async def revoke_all(self, user):
        return self.issued.pop(user, 0)


class FakeWizard:
    """Remember which flows were started."""

    def __init__(self):
        self.started = []

    async def start(self, interaction, flow, initial):
        self.started.append((str(interaction.user.id), flow, dict(initial)))
        await interaction.response.send_message("Look at your direct messages.", ephemeral=True)


def percent(value):
    """Give a fraction of one."""
    return Decimal(value) / 100
