"""Open broker sessions for linked accounts."""

from contextlib import AbstractAsyncContextManager

from domain.accounts import Environment, LinkedAccount
from domain.broker import BrokerSession, Credentials, SessionDeps
from domain.ids import AccountRef
from trading.deps import TradingDeps


async def open_session(
    deps: TradingDeps, account: LinkedAccount
) -> AbstractAsyncContextManager[BrokerSession]:
    """Open an account's sealed credentials and prepare its session. Raises VaultError."""
    ref = account.ref
    credentials = await deps.vault.open(
        user=ref.user, broker=ref.broker, account=ref.account, sealed=account.sealed
    )
    values = {**account.options, **{key: credentials[key] for key in credentials}}
    return prepare(deps, ref, account.environment, Credentials(values))


def prepare(
    deps: TradingDeps, ref: AccountRef, environment: Environment, credentials: Credentials
) -> AbstractAsyncContextManager[BrokerSession]:
    """Prepare a session from credentials in hand."""
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
        ),
    )
