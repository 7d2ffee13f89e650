"""Verbs that know every method the flows may call, for tests that only look at declarations."""

from dataclasses import dataclass, field

from domain.accounts import RiskLimits
from tests.unit.wizard.linker import FakeLinker


class NoLimits:
    defaults = RiskLimits(id="default")


@dataclass
class Everything:
    """Be what the flows are built on."""

    accounts: FakeLinker = field(default_factory=lambda: FakeLinker(None))
    care: FakeLinker = None
    gate: object = None
    limits: object = field(default_factory=NoLimits)
    trading: object = None
