"""List every flow there is."""

from collections.abc import Sequence
from typing import Protocol

from wizard.flow import Flow
from wizard.flows.link_account import LinkAccount
from wizard.flows.linking import AccountKeeper, AccountLinker, Gatekeeper
from wizard.flows.premium import PremiumSetup, TierKeeper
from wizard.flows.reauth import Reauth
from wizard.flows.reconfigure import Reconfigure
from wizard.flows.risk_profile import LimitKeeper, RiskProfile
from wizard.flows.source import SourceKeeper, SourceSetup
from wizard.web import WebDoor


class ServerKeeper(SourceKeeper, TierKeeper, Protocol):
    """Be what the owners' flows need of the verbs (trading/service.py)."""


class Verbs(Protocol):
    """Be what the flows do in the end (trading/compose.py)."""

    @property
    def accounts(self) -> AccountLinker:
        """Link accounts."""

    @property
    def care(self) -> AccountKeeper:
        """Look after them."""

    @property
    def gate(self) -> Gatekeeper:
        """Say who may do what."""

    @property
    def limits(self) -> LimitKeeper:
        """Keep members' limits."""

    @property
    def trading(self) -> ServerKeeper:
        """Keep servers' sources and memberships."""


def declare(verbs: Verbs, door: WebDoor | None = None) -> Sequence[Flow]:
    """Declare every flow; ``door`` leads to our own pages, where there are any."""
    return (
        LinkAccount(verbs.accounts, verbs.care, verbs.gate, door).flow(),
        Reauth(verbs.accounts, door).flow(),
        Reconfigure(verbs.accounts, verbs.care).flow(),
        RiskProfile(verbs.limits).flow(),
        SourceSetup(verbs.trading).flow(),
        PremiumSetup(verbs.trading).flow(),
    )
