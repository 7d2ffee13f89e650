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

    async def form(self, *, flow_id: str, user: UserId, step: str) -> str:
        """Give a one-time address of the page that shows the form of ``step``, good for ten minutes."""

    async def consent(self, *, flow_id: str, user: UserId, step: str, broker: str) -> str:
        """Give a one-time address that leads through the broker's own sign-in and back.

        ``step`` is answered with ``{"redirect_url": …}``: the whole address the broker sent them back to.
        """


class Face(Protocol):
    """Be where a flow is shown."""

    async def follow(self, turn: Turn) -> None:
        """Show a turn that came about elsewhere over the flow's panel, and do the work it asks for."""
