"""Open broker sessions for linked accounts."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from domain.accounts import Environment, LinkedAccount
from domain.broker import BrokerSession, Credentials, SessionDeps
from domain.ids import AccountRef
from trading.deps import TradingDeps
from trading.grace import Grace


async def open_session(
    deps: TradingDeps, account: LinkedAccount
) -> AbstractAsyncContextManager[BrokerSession]:
    """Open an account's sealed credentials and prepare its session. Raises VaultError."""
    return prepare_linked(deps, account, await open_credentials(deps, account))


async def open_credentials(deps: TradingDeps, account: LinkedAccount) -> Credentials:
    """Open what is sealed of an account now: it may have been renewed, or put under another key, meanwhile.

    Raises VaultError; VaultUnavailable when its key cannot be had now.
    """
    ref = account.ref
    current = await deps.store.accounts.get(account.id) or account
    opened = await deps.vault.open(
        user=ref.user, broker=ref.broker, account=ref.account, sealed=current.sealed
    )
    return Credentials({**current.options, **{key: opened[key] for key in opened}})


def prepare_linked(
    deps: TradingDeps, account: LinkedAccount, credentials: Credentials, grace: Grace | None = None
) -> AbstractAsyncContextManager[BrokerSession]:
    """Prepare a linked account's session; what the broker renews is sealed, and told to ``grace``."""

    async def keep(changed: Mapping[str, str]) -> None:
        if grace is not None:
            grace.renewed(changed)
        await keep_credentials(deps, account.id, changed)

    return prepare(deps, account.ref, account.environment, credentials, keep)


async def keep_credentials(deps: TradingDeps, account: str, changed: Mapping[str, str]) -> None:
    """Seal what a broker renewed, such as a token; an empty text forgets a field. Raises VaultError."""
    while (current := await deps.store.accounts.get(account)) is not None:
        whose = {"user": current.user, "broker": current.broker, "account": current.id}
        known = await deps.vault.open(**whose, sealed=current.sealed)
        fields = {key: known[key] for key in known} | dict(changed)
        sealed = await deps.vault.seal(**whose, fields={k: v for k, v in fields.items() if v})
        if await deps.store.accounts.compare_and_set(replace(current, sealed=sealed)) is not None:
            return


def prepare(
    deps: TradingDeps,
    ref: AccountRef,
    environment: Environment,
    credentials: Credentials,
    keep: Callable[[Mapping[str, str]], Awaitable[None]] | None = None,
    *,
    trial: bool = False,
) -> AbstractAsyncContextManager[BrokerSession]:
    """Prepare a session from credentials in hand; ``keep`` is given what the broker renews of them.

    ``trial`` says that it only tests them, perhaps beside the account's own session.
    """

    def renewed(changed: Mapping[str, str]) -> Awaitable[None]:
        for value in changed.values():
            deps.hide(value)
        assert keep is not None
        return keep(changed)

    return deps.adapters[ref.broker].open(
        credentials,
        SessionDeps(
            ref=ref,
            environment=environment,
            clock=deps.clock,
            endpoint=deps.endpoints.get(ref.broker, ""),
            rate_ceiling=deps.rate_ceilings.get(ref.broker),
            prices=deps.prices,
            books=deps.store.paper_books,
            gateway_hosts=deps.config.gateway_hosts,
            on_credentials=renewed if keep is not None else None,
            quota=deps.quota,
            app=deps.apps.get(ref.broker),
            trial=trial,
        ),
    )
