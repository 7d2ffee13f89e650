"""A small account service for the tests of the wizard: paper, one with keys, one with many fields."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from domain.accounts import Environment, LinkedAccount
from domain.broker import BrokerManifest, ClientIds, Credentials, EventSource, FieldSpec, Verified
from domain.errors import AuthFailed, Denied, DomainError, InvalidValue
from domain.ids import UserId
from domain.instruments import AssetClass
from domain.portfolio import AccountState
from domain.ports import Clock

GOOD = {"api_key": "PKGOODCANARYKEY00001", "api_secret": "good/canary+secret=000000000000000000001"}
BAD_SIGN_IN = "https://back.example/?code=BADSIGNINCANARY"
BAD = {"api_key": "PKBADCANARYKEY000002", "api_secret": "bad/canary+secret=0000000000000000000002"}


def manifest(
    slug: str,
    title: str,
    environments: tuple[Environment, ...],
    fields: tuple[FieldSpec, ...],
    kind: AssetClass = AssetClass.EQUITY,
    **more,
):
    return BrokerManifest(
        slug=slug,
        title=title,
        summary=f"{title}: stocks and more",
        classes={kind: None},
        environments=environments,
        events=EventSource.POLL,
        client_ids=ClientIds.UNIQUE,
        settle=1.0,
        throttled_submit_sent=False,
        fields=fields,
        setup_url=f"https://{slug}.example/keys" if fields else "",
        **more,
    )


ALPACA = manifest(
    "alpaca",
    "Alpaca",
    (Environment.LIVE, Environment.PAPER),
    (
        FieldSpec(
            key="api_key",
            label="API key",
            help="Starts with PK",
            secret=True,
            pattern="[A-Z0-9]{20}",
            pattern_hint="a key has 20 capitals and digits.",
        ),
        FieldSpec(key="api_secret", label="Secret key", help="Shown once", secret=True, pattern=r"\S{40}"),
        FieldSpec(
            key="feed",
            label="Data feed",
            help="IEX is free",
            secret=False,
            required=False,
            choices=(("iex", "IEX"), ("sip", "SIP")),
            default="iex",
        ),
        FieldSpec(key="nick", label="Nickname", help="Any", secret=False, required=False),
    ),
)
PAPER = manifest("paper", "Paper", (Environment.PAPER,), ())
WIDE = manifest(
    "wide",
    "Wide",
    (Environment.PAPER,),
    tuple(
        FieldSpec(key=f"f{number}", label=f"Field {number}", help="x", secret=number % 2 == 0)
        for number in range(7)
    ),
)
COINS = manifest(
    "coins",
    "Coins",
    (Environment.LIVE,),
    (
        FieldSpec(key="api_key", label="API key", help="x", secret=True, pattern="[A-Z0-9]{20}"),
        FieldSpec(key="api_secret", label="Secret key", help="x", secret=True),
    ),
    AssetClass.CRYPTO,
)
SIGNED = manifest(
    "signed",
    "Signed",
    (Environment.LIVE,),
    (
        FieldSpec(key="app_key", label="App key", help="x", secret=True),
        FieldSpec(key="app_secret", label="App secret", help="x", secret=True),
        FieldSpec(key="redirect_url", label="Address", help="x", secret=True, required=False),
        FieldSpec(key="account", label="Account", help="x", secret=False, required=False),
    ),
    auth="oauth",
    consent=lambda asked: "https://signed.example/authorize",
    account_field="account",
)


class FakeLinker:
    """Links what the wizard hands over, and remembers it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.brokers: list[BrokerManifest] = [PAPER, ALPACA, WIDE]
        self.saved: list[tuple[LinkedAccount, Mapping[str, str]]] = []
        self.tested: list[tuple[str, Environment, Mapping[str, str]]] = []
        self.problem: DomainError | None = None
        self.verified: Mapping[str, object] = {}
        self.gate: asyncio.Event | None = None
        self.die_after_link = False
        self.expires: list[object] = []
        self.got: Mapping[str, str] = {}
        self.several: tuple[tuple[str, str], ...] = ()

    async def available(self, user: UserId) -> Sequence[BrokerManifest]:
        return self.brokers

    async def accounts(self, user: UserId) -> Sequence[LinkedAccount]:
        return [account for account, _ in self.saved if account.user == user]

    async def test_credentials(
        self, *, user: UserId, broker: str, environment: Environment, credentials: Credentials
    ) -> Verified:
        self.tested.append((broker, environment, {key: credentials[key] for key in credentials}))
        if self.gate:
            await self.gate.wait()
        if self.problem:
            raise self.problem
        if credentials.get("redirect_url") == BAD_SIGN_IN:
            raise AuthFailed("That sign-in is over.", broker=broker, operation="verify", code="401")
        if credentials.get("redirect_url"):
            self.got = {"token": "the-token", "redirect_url": ""}
        if self.several and not credentials.get("account"):
            text = "There are several accounts."
            raise Denied(text, broker=broker, operation="verify", code="which", choices=self.several)
        if credentials.get("api_key") == BAD["api_key"]:
            raise AuthFailed(
                "Alpaca does not know these keys.", broker=broker, operation="verify", code="401"
            )
        state = AccountState(
            number_masked="***1234" if broker != "paper" else "",
            cash=Decimal("5000"),
            equity=Decimal("10000.5"),
            buying_power=Decimal("20000"),
            paper=environment is Environment.PAPER,
        )
        return Verified(**({"state": state} | dict(self.verified)))

    def exchanged(self, user: UserId, broker: str, credentials: Credentials) -> Mapping[str, str]:
        got, self.got = self.got, {}
        return got

    async def get(self, user: UserId, account: str) -> LinkedAccount:
        for linked in await self.accounts(user):
            if linked.id == account:
                return linked
        raise InvalidValue("You have no such account.")

    async def kept(self, user: UserId, account: str) -> Credentials:
        await self.get(user, account)
        return Credentials(next(values for linked, values in self.saved if linked.id == account))

    async def relink(
        self, *, user: UserId, account: str, credentials: Credentials, verified: Verified
    ) -> LinkedAccount:
        linked = await self.get(user, account)
        if verified.state.number_masked != linked.number_masked:
            raise InvalidValue("These keys belong to another account.")
        plain = {key: credentials[key] for key in credentials if not key.startswith("api")}
        return self._change(linked, {key: credentials[key] for key in credentials}, options=plain)

    async def rename(self, user: UserId, account: str, name: str) -> LinkedAccount:
        return self._change(await self.get(user, account), name=name)

    async def make_default(self, user: UserId, account: str) -> LinkedAccount:
        for linked in await self.accounts(user):
            self._change(linked, is_default=linked.id == account)
        return await self.get(user, account)

    def _change(self, linked: LinkedAccount, values=None, **change) -> LinkedAccount:
        at = [known.id for known, _ in self.saved].index(linked.id)
        self.saved[at] = (replace(linked, **change), values or self.saved[at][1])
        return self.saved[at][0]

    async def link(
        self,
        *,
        user: UserId,
        broker: str,
        environment: Environment,
        name: str,
        credentials: Credentials,
        verified: Verified,
    ) -> LinkedAccount:
        if name in {account.name for account in await self.accounts(user)}:
            raise InvalidValue(f"You already have an account named {name}.")
        account = LinkedAccount(
            id=f"acc{len(self.saved)}",
            user=user,
            broker=broker,
            name=name,
            environment=environment,
            number_masked=verified.state.number_masked,
            linked_at=self.clock.now(),
            is_default=not await self.accounts(user),
        )
        self.expires.append(verified.expires_at)
        self.saved.append((account, {key: credentials[key] for key in credentials}))
        if self.die_after_link:
            raise KeyboardInterrupt
        return account
