"""Keep, judge and show what a live test found."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from domain.accounts import Environment
from domain.broker import Verified
from domain.portfolio import AccountState
from wizard.flow import Problem


def dump(verified: Verified) -> str:
    """Write it as text a half-done flow can keep; it holds nothing secret."""
    state = verified.state
    return json.dumps(
        {
            "number": state.number_masked,
            "cash": str(state.cash),
            "equity": str(state.equity),
            "buying_power": str(state.buying_power),
            "currency": state.currency,
            "paper": state.paper,
            "restricted": state.restricted,
            "accounts": list(verified.accounts),
            "expires_at": verified.expires_at.isoformat() if verified.expires_at else "",
            "notes": list(verified.notes),
        }
    )


def load(text: str) -> Verified:
    """Read it back."""
    kept = json.loads(text)
    return Verified(
        state=AccountState(
            number_masked=kept["number"],
            cash=Decimal(kept["cash"]),
            equity=Decimal(kept["equity"]),
            buying_power=Decimal(kept["buying_power"]),
            currency=kept["currency"],
            paper=kept["paper"],
            restricted=kept["restricted"],
        ),
        accounts=tuple(kept["accounts"]),
        notes=tuple(kept["notes"]),
        expires_at=datetime.fromisoformat(kept["expires_at"]) if kept["expires_at"] else None,
    )


def refusal(verified: Verified, environment: Environment) -> Problem | None:
    """Say why these keys are not taken even though they work."""
    if verified.may_withdraw:
        return Problem(key="may_withdraw")
    if verified.state.paper and environment is Environment.LIVE:
        return Problem(key="keys_are_paper")
    if not verified.state.paper and environment is Environment.PAPER:
        return Problem(key="keys_are_live")
    return None


def remarks(verified: Verified) -> tuple[Problem, ...]:
    """Give what the member should know before saving."""
    told = [Problem(key="note", params={"text": note}) for note in verified.notes]
    if verified.state.restricted:
        told.insert(0, Problem(key="restricted", params={"text": verified.state.restricted}))
    return tuple(told)


def figures(verified: Verified) -> Mapping[str, str]:
    """Write account and money for people."""
    state = verified.state
    return {
        "number": state.number_masked or "-",
        "cash": _money(state.cash, state.currency),
        "equity": _money(state.equity, state.currency),
        "buying_power": _money(state.buying_power, state.currency),
    }


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:,.2f} {currency}"
