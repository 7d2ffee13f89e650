"""Word the engine's orders and refusals as the contract does."""

from decimal import Decimal

from adapters.kit.errors import Errors
from adapters.paper import texts
from adapters.paper.engine import EngineOrder, EnginePosition, MatchingEngine, Refusal, Refused
from domain.errors import BrokerError
from domain.ids import AccountRef
from domain.money import plain
from domain.orders import Fill, OrderReport
from domain.portfolio import AccountState, Position

_PLACES = Decimal("1e-10")


def order_report(order: EngineOrder, engine: MatchingEngine) -> OrderReport:
    """Give an order with its legs; one that lives without a price says so."""
    waits = order.live and not order.held and engine.quote(order.symbol) is None
    return OrderReport(
        broker_order_id=order.id,
        client_order_id=order.client_order_id,
        state=order.state,
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        quantity=order.quantity,
        filled_quantity=order.filled_quantity,
        average_price=_rounded(order.average_price),
        at=order.updated_at,
        limit_price=order.limit_price,
        stop_price=order.stop_price,
        fills=tuple(
            Fill(id=f.id, broker_order_id=order.id, quantity=f.quantity, price=f.price, at=f.at, fee=f.fee)
            for f in order.fills
        ),
        legs=tuple(order_report(leg, engine) for leg in order.legs),
        role=order.role,
        parent_id=order.parent_id,
        replaced_by=order.replaced_by,
        held=order.held,
        reason=order.reason or (texts.WAITS.format(symbol=order.symbol) if waits else ""),
    )


def position(held: EnginePosition) -> Position:
    """Give a position."""
    return Position(
        instrument=held.instrument,
        quantity=held.quantity,
        average_price=_rounded(held.average_price) or Decimal(0),
        mark=held.mark,
    )


def account_state(engine: MatchingEngine, ref: AccountRef) -> AccountState:
    """Give the account's money; there is no number but our own, of which four characters are shown."""
    return AccountState(
        number_masked=f"••••{ref.account[-4:]}",
        cash=engine.cash(ref.key),
        equity=engine.equity(ref.key),
        buying_power=engine.buying_power(ref.key),
        paper=True,
    )


def error(refused: Refused, errors: Errors) -> BrokerError:
    """Give the broker error that says the same as the engine's refusal."""
    text = texts.REFUSED.format(why=refused.text)
    match refused.code:
        case Refusal.DUPLICATE_CLIENT_ID:
            return errors.duplicate(text)
        case Refusal.INSUFFICIENT_FUNDS | Refusal.INSUFFICIENT_QUANTITY:
            return errors.funds(f"{text} {texts.SMALLER}", refused.code.value)
        case Refusal.NOT_TRADABLE | Refusal.NOT_SHORTABLE:
            return errors.not_tradable(text, refused.code.value)
        case Refusal.UNKNOWN_ORDER:
            return errors.not_found(text)
        case _:
            return errors.rejected(text, refused.code.value)


def _rounded(value: Decimal | None) -> Decimal | None:
    # A mean of executions may have endless digits; ten places are more than any broker gives.
    return None if value is None else Decimal(plain(value.quantize(_PLACES)))
