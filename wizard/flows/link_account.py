"""Link a broker account: choose, type the keys, see them work, save."""

from domain.broker import BrokerManifest, Verified
from domain.ids import UserId
from wizard.flow import Context, Flow, Next
from wizard.flows.choose import Choosing
from wizard.flows.link_keys import KeySteps
from wizard.flows.link_review import LinkReview
from wizard.flows.linking import AccountKeeper, AccountLinker, Gatekeeper, chosen_environment
from wizard.flows.ways import Ways
from wizard.web import WebDoor

NAME = "link_account"


class LinkAccount:
    """Ask what a broker's manifest says must be asked, and save only what was seen to work."""

    def __init__(
        self,
        service: AccountLinker,
        keeper: AccountKeeper,
        gate: Gatekeeper | None = None,
        door: WebDoor | None = None,
    ) -> None:
        self._service = service
        ways = Ways(door=door)
        self._choosing = Choosing(service, ways, gate)
        self._keys = KeySteps(service, ways, self._review)
        self._saving = LinkReview(service, keeper)

    def flow(self) -> Flow:
        """Declare the flow."""
        steps = {**self._choosing.steps(), **self._keys.steps(), **self._saving.steps()}
        return Flow(name=NAME, begin=self._choosing.begin, steps=steps)

    async def _review(self, ctx: Context, manifest: BrokerManifest, verified: Verified) -> Next:
        name = ctx.answers.get("name") or await self._free_name(ctx.user, manifest, ctx)
        return Next(step="review", answers={"name": name})

    async def _free_name(self, user: UserId, manifest: BrokerManifest, ctx: Context) -> str:
        """Suggest a name none of theirs has: "Alpaca paper", then "Alpaca paper 2"."""
        taken = {account.name.casefold() for account in await self._service.accounts(user)}
        title, environment = manifest.title[:20].strip(), chosen_environment(ctx).value
        plain = title if environment in title.lower() else f"{title} {environment}"
        names = (plain, *(f"{plain} {number}" for number in range(2, len(taken) + 3)))
        return next(name for name in names if name.casefold() not in taken)
