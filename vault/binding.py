"""Say whose a sealed value is and what it is for, in one form of bytes that nothing else can share."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Bind a sealed value to one place. ``record`` is the id of the stored record that holds it."""

    tenant: str
    user: str
    broker: str
    account: str
    field: str
    record: str

    def canonical(self) -> bytes:
        """Give the parts with their lengths, so that no two different bindings share their bytes."""
        parts = (self.tenant, self.user, self.broker, self.account, self.field, self.record)
        return b"".join(len(raw).to_bytes(4, "big") + raw for raw in (part.encode() for part in parts))

    def context(self) -> Mapping[str, str]:
        """Give the part a key provider may log: internal ids only (reliability.md section 3)."""
        return {"tenant": self.tenant, "user": self.user, "broker": self.broker, "account": self.account}
