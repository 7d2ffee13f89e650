"""Name the two ways between a flow and a page of our own site, so that neither knows the other.

A flow asks the door for an address to show; the page answers the flow through the manager and then has the
panel in Discord follow.
"""

from typing import Protocol

from domain.ids import UserId
from wizard.flow import Turn


class WebDoor(Protocol):
    """Give one-time addresses. There is none where PUBLIC_URL is not set."""

    @property
    def required(self) -> bool:
        """Tell whether the owner wants secrets typed on the page only, never in Discord."""

    def leads_to(self, broker: str) -> bool:
        """Tell whether ``consent`` can lead to this broker's sign-in: it has one, and its app is set up."""

    async def form(self, *, flow_id: str, user: UserId, step: str) -> str:
        """Give a one-time address of the page that shows the form of ``step``, good for ten minutes.

        The page shows what ``FlowManager.show`` gives, which must be a Form at this step, and answers it. It
        may ask for several times what to show: each address given out is good by itself.
        """

    async def consent(self, *, flow_id: str, user: UserId, step: str, broker: str) -> str:
        """Give a one-time address that leads through the broker's own sign-in and back.

        ``step`` is answered with ``{"redirect_url": …}``: the whole address the broker sent them back to.
        The broker's own address is made from what the flow knows by then (``credentials_of``).
        """


class Face(Protocol):
    """Be where a flow is shown."""

    async def follow(self, turn: Turn) -> Turn:
        """Show a turn that came about elsewhere over the flow's panel, and do the work it asks for.

        Gives the turn it came to, which the page then tells of. The panel being gone is no error.
        """
