"""Link, test, list and remove broker accounts."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace

from domain.accounts import AccountStatus, Environment, LinkedAccount
from domain.broker import BrokerManifest, Credentials, Verified
from domain.errors import InvalidValue
from domain.ids import AccountRef, UserId
from trading import guard, texts
from trading.deps import TradingDeps
from trading.entitlements import PAPER, Facts, decide, in_beta, within
from trading.executor import Executor
from trading.sessions import open_credentials, open_session, prepare


class AccountService:
    """Keep members' links to brokers. Credentials are sealed before anything is stored."""

    def __init__(self, deps: TradingDeps, executor: Executor) -> None:
        self._deps = deps
        self._executor = executor
        # What a live test got in exchange for a one-time code, until the account is saved with it.
        self._exchanged: dict[str, dict[str, str]] = {}

    def supported(self) -> Sequence[BrokerManifest]:
        """List brokers that are switched on here, the paper one first."""
        gate = self._deps.config.gate
        manifests = [a.manifest for a in self._deps.adapters.values()]
        on = [
            m
            for m in manifests
            if m.slug == PAPER or (gate.integrations_enabled and m.slug in gate.allowed_brokers)
        ]
        return sorted(on, key=lambda m: (m.slug != PAPER, m.title))

    async def available(self, user: UserId) -> Sequence[BrokerManifest]:
        """List brokers this member may link: any that are on, but for those still being rolled out."""
        gate = self._deps.config.gate
        return [m for m in self.supported() if in_beta(gate, m.slug, user)]

    async def test_credentials(
        self, *, user: UserId, broker: str, environment: Environment, credentials: Credentials
    ) -> Verified:
        """Connect and read, changing nothing.

        Raises BrokerError with a sentence a trader understands, InvalidValue for a broker that is not on
        or a key that may withdraw.
        """
        self._check_broker(user, broker, environment)
        ref = AccountRef(user=user, broker=broker, account=f"test-{secrets.token_hex(4)}")
        asked = _digest(user, broker, credentials)

        async def keep(changed: Mapping[str, str]) -> None:
            self._exchanged.setdefault(asked, {}).update(changed)

        try:
            offered = Credentials(_values(credentials) | self._exchanged.get(asked, {}))
            async with prepare(self._deps, ref, environment, offered, keep, trial=True) as session:
                verified = await session.verify()
        finally:
            await self._deps.store.paper_books.delete(ref.key)  # a paper test leaves nothing behind
        self._check_verified(broker, environment, verified)
        return verified

    def _check_broker(self, user: UserId, broker: str, environment: Environment) -> None:
        if broker not in self._deps.adapters:
            raise InvalidValue(texts.say("broker_unknown", broker=broker))
        facts = Facts(user=user, broker=broker, environment=Environment.PAPER, standing=guard.UNASKED)
        verdict = decide(self._deps.config.gate, facts)
        if not verdict.allowed:
            raise InvalidValue(verdict.reason)
        if environment not in self._deps.adapters[broker].manifest.environments:
            title = self._deps.adapters[broker].manifest.title
            raise InvalidValue(texts.say("must_be_paper", broker=title, environment=environment.value))

    def _check_verified(self, broker: str, environment: Environment, verified: Verified) -> None:
        if verified.may_withdraw:
            raise InvalidValue(texts.say("may_withdraw"))
        if verified.state.paper != (environment is Environment.PAPER):
            title = self._deps.adapters[broker].manifest.title
            raise InvalidValue(texts.say("must_be_paper", broker=title, environment=environment.value))

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
        """Seal and save a tested account. Raises InvalidValue when the name is taken."""
        asked, secret, options = self._given(user, broker, credentials)
        account = f"{secrets.token_hex(8)}"
        mine = await self.accounts(user)
        if any(a.name.casefold() == name.casefold() for a in mine):
            raise InvalidValue(texts.say("name_taken", name=name))
        await self._check_count(user, broker, mine)
        now = self._deps.clock.now()
        linked = LinkedAccount(
            id=account,
            user=user,
            broker=broker,
            name=name,
            environment=environment,
            sealed=await self._deps.vault.seal(user=user, broker=broker, account=account, fields=secret),
            options=options,
            is_default=not mine,
            number_masked=verified.state.number_masked,
            linked_at=now,
            verified_at=now,
            expires_at=verified.expires_at,
        )
        if not await self._deps.store.accounts.insert(linked):
            raise InvalidValue(texts.say("name_taken", name=name))
        self._exchanged.pop(asked, None)
        actor = self._executor.ensure(linked)
        if actor is not None:
            await actor.started.wait()  # who links an account looks at it next
        return linked

    async def relink(
        self, *, user: UserId, account: str, credentials: Credentials, verified: Verified
    ) -> LinkedAccount:
        """Put tested keys in place of an account's old ones, under a fresh data key.

        Raises InvalidValue when they belong to another account at the broker, or somebody else changed it
        in the same moment.
        """
        linked = await self.get(user, account)
        number = verified.state.number_masked
        if linked.number_masked and number and number != linked.number_masked:
            raise InvalidValue(texts.say("other_account", name=linked.name, number=linked.number_masked))
        asked, secret, options = self._given(user, linked.broker, credentials)
        now = self._deps.clock.now()
        whose = {"user": user, "broker": linked.broker, "account": linked.id}
        await self._deps.vault.forget(**whose)
        paused = linked.status is AccountStatus.PAUSED
        fresh = replace(
            linked,
            sealed=await self._deps.vault.seal(**whose, fields=secret),
            options=options,
            status=AccountStatus.PAUSED if paused else AccountStatus.ACTIVE,
            number_masked=number or linked.number_masked,
            linked_at=now,
            verified_at=now,
            expires_at=verified.expires_at,
        )
        saved = await self._deps.store.accounts.compare_and_set(fresh)
        if saved is None:
            raise InvalidValue(texts.say("changed_meanwhile", name=linked.name))
        self._exchanged.pop(asked, None)
        await self._executor.adopt(saved)
        return saved

    def _given(
        self, user: UserId, broker: str, credentials: Credentials
    ) -> tuple[str, dict[str, str], dict[str, str]]:
        """Give what was typed and what it was exchanged for: its digest, what is sealed, what need not be."""
        asked = _digest(user, broker, credentials)
        given = _values(credentials) | self._exchanged.get(asked, {})
        return asked, *self._split(broker, Credentials({k: v for k, v in given.items() if v}))

    async def _check_count(self, user: UserId, broker: str, mine: Sequence[LinkedAccount]) -> None:
        """Refuse one account more than the member's tier holds; those there already stay."""
        if broker == PAPER:
            return
        used = sum(account.broker != PAPER for account in mine)
        standing = await guard.standing_of(self._deps, "", user)
        verdict = within(self._deps.config.gate, standing, "accounts", used)
        if not verdict.allowed:
            raise InvalidValue(verdict.reason)

    def _split(self, broker: str, credentials: Credentials) -> tuple[dict[str, str], dict[str, str]]:
        """Tell what must be sealed from what need not be; a field nobody declared is sealed."""
        open_fields = {f.key for f in self._deps.adapters[broker].manifest.fields if not f.secret}
        options = {key: credentials[key] for key in credentials if key in open_fields}
        return {key: credentials[key] for key in credentials if key not in open_fields}, options

    async def accounts(self, user: UserId) -> Sequence[LinkedAccount]:
        """List a member's accounts, the default first."""
        mine = await self._deps.store.accounts.find({"user": user})
        return sorted(mine, key=lambda a: (not a.is_default, a.name.casefold()))

    async def get(self, user: UserId, account: str) -> LinkedAccount:
        """Give one account of this member, by id or by name. Raises InvalidValue."""
        for mine in await self.accounts(user):
            if account in {mine.id, mine.name}:
                return mine
        raise InvalidValue(texts.say("not_your_account"))

    async def kept(self, user: UserId, account: str) -> Credentials:
        """Open what an account has now, for a change of some of it. Raises InvalidValue, VaultError."""
        return await open_credentials(self._deps, await self.get(user, account))

    def exchanged(self, user: UserId, broker: str, credentials: Credentials) -> Mapping[str, str]:
        """Give, once, what a live test got in exchange for a one-time code among these credentials.

        Who seals it with them may save the account with another process than the one that tested it.
        """
        return self._exchanged.pop(_digest(user, broker, credentials), {})

    async def default(self, user: UserId) -> LinkedAccount:
        """Give the member's default account. Raises InvalidValue when there is none."""
        mine = await self.accounts(user)
        if not mine:
            raise InvalidValue(texts.say("no_account"))
        return mine[0]

    async def test(self, user: UserId, account: str) -> Verified:
        """Test a saved account live, and remember when. Raises BrokerError, VaultError."""
        linked = await self.get(user, account)
        actor = self._executor.get(linked.id)
        if actor is not None and actor.session is not None:
            verified = await actor.session.verify()
        else:
            async with await open_session(self._deps, linked) as session:
                verified = await session.verify()
        await self._verified(linked, verified)
        return verified

    async def _verified(self, linked: LinkedAccount, verified: Verified) -> None:
        current = await self._deps.store.accounts.get(linked.id)
        if current is None:
            return
        status = current.status
        if status is AccountStatus.NEEDS_REAUTH:
            status = AccountStatus.ACTIVE
        tested = replace(
            current, verified_at=self._deps.clock.now(), status=status, expires_at=verified.expires_at
        )
        saved = await self._deps.store.accounts.compare_and_set(tested)
        if saved is not None and current.status is AccountStatus.NEEDS_REAUTH:
            await self._executor.remove(linked.id)
            self._executor.ensure(saved)

    def titles(self) -> Mapping[str, str]:
        """Give each broker's title by its slug."""
        return {slug: adapter.manifest.title for slug, adapter in self._deps.adapters.items()}


def _values(credentials: Credentials) -> dict[str, str]:
    return {key: credentials[key] for key in credentials}


def _digest(user: str, broker: str, credentials: Credentials) -> str:
    """Name what was typed, so that what it was exchanged for goes with nothing else."""
    parts = [user, broker, *(f"{k}={v}" for k, v in sorted(_values(credentials).items()))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
