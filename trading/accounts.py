"""Link, test, list and remove broker accounts."""

from collections.abc import Sequence

from domain.accounts import Environment, LinkedAccount
from domain.broker import BrokerManifest, Credentials, Verified
from domain.ids import UserId


class AccountService:
    """Keep members' links to brokers. Credentials are sealed before anything is stored."""

    def supported(self) -> Sequence[BrokerManifest]:
        """List brokers that are switched on here, the paper one first."""
        raise NotImplementedError

    async def available(self, user: UserId) -> Sequence[BrokerManifest]:
        """List brokers this member may link."""
        raise NotImplementedError

    async def test_credentials(
        self, *, user: UserId, broker: str, environment: Environment, credentials: Credentials
    ) -> Verified:
        """Connect and read, changing nothing. Raises BrokerError with a sentence a trader understands."""
        raise NotImplementedError

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
        raise NotImplementedError

    async def accounts(self, user: UserId) -> Sequence[LinkedAccount]:
        """List a member's accounts, the default first."""
        raise NotImplementedError

    async def test(self, user: UserId, account: str) -> Verified:
        """Test a saved account live, and remember when."""
        raise NotImplementedError

    async def remove(self, user: UserId, account: str) -> LinkedAccount:
        """Unlink: stop its actor, forget its keys, delete its sealed fields.

        Raises InvalidValue while trades of it are open, naming them.
        """
        raise NotImplementedError
