"""Name components so that a click finds its flow after any restart: ``wiz:<flow>:<step>:<action>``."""

import re
from dataclasses import dataclass
from typing import Final

FORM: Final = "form"
"""Open the form of a step, and the form itself."""
PICK: Final = "pick"
"""A select menu of choices."""
CHOOSE: Final = "choose"
"""A button that is a choice: ``choose.<value>``."""
RUN: Final = "run"
"""Go on without an answer: a retry, or back from another page."""
FRESH: Final = "fresh"
"""Draw the panel anew, with links that are good again."""
BACK: Final = "back"
CANCEL: Final = "cancel"

_HEAD = r"wiz:(?P<flow>[0-9a-f]{32}):(?P<step>[a-z_]{1,40}):"
SELECT_TEMPLATE = re.compile(_HEAD + rf"(?P<action>{PICK})(?P<value>)")
BUTTON_TEMPLATE = re.compile(
    _HEAD + rf"(?P<action>{FORM}|{CHOOSE}|{RUN}|{FRESH}|{BACK}|{CANCEL})(?:\.(?P<value>[\w-]{{1,12}}))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Say what a component is for. ``value`` is the choice of a choosing button."""

    flow_id: str
    step: str
    action: str
    value: str = ""

    @property
    def custom_id(self) -> str:
        """Write it as Discord carries it, in at most 100 characters."""
        tail = f".{self.value}" if self.value else ""
        return f"wiz:{self.flow_id}:{self.step}:{self.action}{tail}"

    @classmethod
    def read(cls, custom_id: str) -> "Aim | None":
        """Read it back; None when it is not one of ours."""
        match = BUTTON_TEMPLATE.fullmatch(custom_id) or SELECT_TEMPLATE.fullmatch(custom_id)
        if match is None:
            return None
        return cls(
            flow_id=match["flow"], step=match["step"], action=match["action"], value=match["value"] or ""
        )
