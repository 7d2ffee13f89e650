"""Sell products to people: SKUs, entitlements, and the events their changes send."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sim.discord.errors import JSON, unknown
from sim.discord.gateway import Gateway
from sim.discord.server import Call, Route
from sim.discord.state import BotApp, User, World

SUBSCRIPTION_SKU, SUBSCRIPTION = 5, 8
"""Documented at docs.discord.com: SKU type 5 is a subscription, entitlement type 8 comes from one."""


@dataclass(slots=True, kw_only=True, eq=False)
class Entitlement:
    """Be one person's right to one product."""

    id: int
    sku: int
    app: BotApp
    user: User
    starts_at: datetime
    ends_at: datetime | None = None
    deleted: bool = False


class Shop:
    """Keep what is sold and who owns it."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self._world = world
        self._gateway = gateway
        self.skus: dict[int, tuple[BotApp, str]] = {}
        self._owned: dict[int, Entitlement] = {}

    def routes(self) -> list[Route]:
        """List the routes."""
        return [
            ("GET", "/applications/{app}/entitlements", self._list),
            ("GET", "/applications/{app}/skus", self._skus),
        ]

    def offer(self, app: BotApp, name: str) -> int:
        """Put a monthly subscription on sale; give its id."""
        key = self._world.snowflake()
        self.skus[key] = (app, name)
        return key

    def grant(self, user: User, sku: int) -> Entitlement:
        """Let a person subscribe."""
        owned = Entitlement(
            id=self._world.snowflake(),
            sku=sku,
            app=self.skus[sku][0],
            user=user,
            starts_at=self._world.clock.now(),
        )
        self._owned[owned.id] = owned
        self._tell("ENTITLEMENT_CREATE", owned)
        return owned

    def end(self, owned: Entitlement, at: datetime | None = None) -> None:
        """Let a subscription run out: only its last update says so, cancelling itself says nothing."""
        owned.ends_at = at or self._world.clock.now()
        self._tell("ENTITLEMENT_UPDATE", owned)

    def refund(self, owned: Entitlement) -> None:
        """Take a purchase back."""
        owned.deleted = True
        self._tell("ENTITLEMENT_DELETE", owned)

    def held_by(self, user: User, app: BotApp) -> list[Entitlement]:
        """List what a person holds now, as interactions carry it."""
        now = self._world.clock.now()
        mine = [e for e in self._owned.values() if e.user is user and e.app is app and not e.deleted]
        return [e for e in mine if e.ends_at is None or e.ends_at > now]

    def carried(self, user: User, app: BotApp) -> JSON:
        """Write what every interaction of a person says of their purchases."""
        held = self.held_by(user, app)
        return {
            "entitlements": [self.entitlement_json(owned) for owned in held],
            "entitlement_sku_ids": [str(owned.sku) for owned in held],
        }

    def entitlement_json(self, owned: Entitlement) -> JSON:
        """Write an entitlement."""
        return {
            "id": str(owned.id),
            "sku_id": str(owned.sku),
            "application_id": str(owned.app.id),
            "user_id": str(owned.user.id),
            "guild_id": None,
            "deleted": owned.deleted,
            "starts_at": self._world.iso(owned.starts_at),
            "ends_at": self._world.iso(owned.ends_at),
            "type": SUBSCRIPTION,
            "consumed": False,
        }

    def _tell(self, event: str, owned: Entitlement) -> None:
        self._gateway.publish(event, self.entitlement_json(owned), guild_id=None)

    def _list(self, call: Call) -> Any:
        self._own(call)
        found = [e for e in self._owned.values() if e.app is call.app]
        if user := call.query.get("user_id"):
            found = [e for e in found if str(e.user.id) == user]
        if call.query.get("exclude_ended", "").lower() in {"1", "true"}:
            now = self._world.clock.now()
            found = [e for e in found if e.ends_at is None or e.ends_at > now]
        if call.query.get("exclude_deleted", "true").lower() in {"1", "true"}:
            found = [e for e in found if not e.deleted]
        if after := call.query.get("after"):
            found = [e for e in found if e.id > int(after)]
        if before := call.query.get("before"):
            found = [e for e in found if e.id < int(before)]
        return [self.entitlement_json(e) for e in found[: int(call.query.get("limit") or 100)]]

    def _skus(self, call: Call) -> Any:
        self._own(call)
        return [
            {
                "id": str(key),
                "type": SUBSCRIPTION_SKU,
                "application_id": str(app.id),
                "name": name,
                "slug": name.lower().replace(" ", "-"),
                "flags": 1 << 8,
            }
            for key, (app, name) in self.skus.items()
            if app is call.app
        ]

    def _own(self, call: Call) -> None:
        if call.key("app") != call.app.id:
            raise unknown("Application", 10002)
