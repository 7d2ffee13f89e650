"""Link the built-in paper broker without a wizard: it has no keys to ask for."""

from cogs import texts
from cogs.base import Services
from domain.accounts import Environment, LinkedAccount
from domain.broker import Credentials, Verified
from domain.ids import UserId

PAPER = "paper"


async def link_paper(services: Services, user: UserId, name: str = "") -> tuple[LinkedAccount, Verified]:
    """Link a paper account. Raises InvalidValue when the name is taken."""
    none = Credentials({})
    verified = await services.accounts.test_credentials(
        user=user, broker=PAPER, environment=Environment.PAPER, credentials=none
    )
    account = await services.accounts.link(
        user=user,
        broker=PAPER,
        environment=Environment.PAPER,
        name=name.strip() or texts.PAPER_NAME,
        credentials=none,
        verified=verified,
    )
    return account, verified
