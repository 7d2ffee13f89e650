"""Show one trade: what was wanted, what happened, how it stands, and what its owner can do."""

from collections.abc import Iterator

from cogs import texts
from cogs.kit import Box, Tone, box
from cogs.wording import amount, channel, escape, finish, gain, money, name, price, user, when
from domain.money import ZERO
from domain.orders import LIVE, LegRole, Order, OrderState, OrderType, PositionEffect
from domain.trades import Trade, TradeState
from trading.views import TradeView

TONES = {
    TradeState.DENIED: Tone.QUIET,
    TradeState.AWAITING: Tone.WAITING,
    TradeState.OPENING: Tone.WORKING,
    TradeState.OPEN: Tone.GOOD,
    TradeState.CLOSING: Tone.WORKING,
    TradeState.CLOSED: Tone.QUIET,
    TradeState.UNFILLED: Tone.QUIET,
    TradeState.NEEDS_HUMAN: Tone.PROBLEM,
}
_STOPS = {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP}
_FILLS_SHOWN = 8


def trade_card(view: TradeView, remark: str = "") -> Box:
    """Draw a trade. ``remark`` is said in place of its state, while a button's answer is under way."""
    trade = view.trade
    return box(
        TONES[trade.state],
        _heading(trade),
        remark or _standing(view),
        "\n".join(_fields(view)),
        "\n".join(_fills(view)),
        f"-# {_foot(trade)}",
    )


def trade_line(view: TradeView) -> str:
    """Draw a trade in two or three lines, for lists."""
    trade = view.trade
    facts = [texts.STATE[trade.state]]
    if view.held:
        facts.append(texts.LINE_HELD.format(held=amount(abs(view.held))))
    facts += _fields(view)
    return f"{_title(trade)} · {badge(trade.environment)} {escape(trade.account_name)}\n{' · '.join(facts)}"


def badge(environment: str) -> str:
    """Tell pretend money from real money."""
    return texts.PAPER if environment == "paper" else texts.LIVE


def _title(trade: Trade) -> str:
    return f"**{texts.SIDE[trade.side]} {name(trade.symbol, trade.instrument)}**"


def _heading(trade: Trade) -> str:
    return f"### {_title(trade)}\n{badge(trade.environment)} {escape(trade.account_name)}"


def _standing(view: TradeView) -> str:
    trade = view.trade
    lines = [f"**{texts.STATE[trade.state]}.**"]
    if trade.reason:
        lines.append(finish(escape(trade.reason, 600)))
    what_now = _what_now(view)
    if not (trade.reason and what_now == texts.STATE_UNKNOWN):  # the reason says it already, with the name
        lines.append(what_now)
    return " ".join(lines)


def _what_now(view: TradeView) -> str:
    trade, held = view.trade, amount(abs(view.held))
    said = {
        TradeState.DENIED: texts.STATE_DENIED,
        TradeState.AWAITING: f"{texts.STATE_AWAITING} {texts.CHECKED_WHILE_WAITING}",
        TradeState.CLOSING: texts.STATE_CLOSING.format(held=held),
        TradeState.CLOSED: texts.STATE_CLOSED,
        TradeState.UNFILLED: texts.STATE_UNFILLED,
        TradeState.NEEDS_HUMAN: texts.STATE_NEEDS_HUMAN.format(symbol=escape(trade.symbol, 40)),
    }.get(trade.state)
    if said is not None:
        return said
    if any(order.state is OrderState.UNKNOWN for order in view.orders):
        return texts.STATE_UNKNOWN
    if trade.state is TradeState.OPENING:
        return _opening(view)
    if view.entry_average is None:
        return texts.STATE_HELD.format(held=held)
    return texts.STATE_OPEN.format(held=held, average=price(view.entry_average))


def _opening(view: TradeView) -> str:
    if view.held:
        return texts.STATE_PARTLY.format(held=amount(abs(view.held)))
    if any(order.state in LIVE for order in _entries(view)):
        return texts.STATE_WORKING
    if any(order.state is OrderState.SENDING for order in _entries(view)):
        return texts.STATE_SENDING
    return texts.STATE_QUEUED


def _fields(view: TradeView) -> list[str]:
    trade = view.trade
    fields = []
    if size := _size(view):
        fields.append(texts.FIELD_SIZE.format(size=size))
    if entry := _entry(view):
        fields.append(texts.FIELD_ENTRY.format(entry=entry))
    if stop := _stop(view):
        fields.append(texts.FIELD_STOP.format(stop=stop))
    if targets := list(dict.fromkeys(price(s.target) for s in trade.slices if s.target is not None)):
        fields.append(texts.FIELD_TARGETS.format(targets=" · ".join(targets)))
    if any(_sold(view)):
        shape = texts.FIELD_RESULT if trade.active else texts.FIELD_FINAL
        fields.append(shape.format(gain=gain(view.realised, _currency(trade))))
    return fields


def _size(view: TradeView) -> str:
    quantity = sum((s.quantity for s in view.trade.slices), ZERO)
    if quantity > 0:
        return amount(quantity)
    for order in _entries(view):
        request = order.intent.request
        if request.quantity is not None:
            return amount(request.quantity)
        if request.notional is not None:
            return money(request.notional, _currency(view.trade))
    return ""


def _entry(view: TradeView) -> str:
    text = ""
    for order in _entries(view):
        request = order.intent.request
        limit = order.limit_price or request.limit_price
        stop = order.stop_price or request.stop_price
        shape = {
            OrderType.LIMIT: texts.ENTRY_LIMIT,
            OrderType.STOP: texts.ENTRY_STOP,
            OrderType.STOP_LIMIT: texts.ENTRY_STOP_LIMIT,
        }.get(request.order_type, texts.ENTRY_MARKET)
        text = shape.format(limit=price(limit) if limit else "", stop=price(stop) if stop else "")
        break
    alerted = view.trade.alerted_price
    if alerted is None:
        return text
    if not text and view.trade.state is TradeState.DENIED:
        return texts.ENTRY_NEVER.format(price=price(alerted))
    return texts.ENTRY_ALERTED.format(entry=text or texts.ENTRY_MARKET, price=price(alerted))


def _stop(view: TradeView) -> str:
    wanted = list(dict.fromkeys(price(s.stop) for s in view.trade.slices if s.stop is not None))
    if not wanted:
        return texts.NO_STOP_SET if view.held and view.trade.active else ""
    text = " · ".join(wanted)
    return texts.STOP_RESTING.format(stop=text) if view.held and _stop_rests(view) else text


def _stop_rests(view: TradeView) -> bool:
    for order in view.orders:
        if any(c.role is LegRole.STOP_LOSS and c.state in LIVE and not c.held for c in order.children):
            return True
        request = order.intent.request
        closes = request.effect is PositionEffect.CLOSE
        if closes and order.state in LIVE and (request.order_type in _STOPS or request.stop_loss is not None):
            return True
    return False


def _fills(view: TradeView) -> list[str]:
    lines = [*_bought(view), *_sold(view)]
    left_out = len(lines) - _FILLS_SHOWN
    return lines if left_out <= 0 else [*lines[:_FILLS_SHOWN], texts.MORE.format(count=left_out)]


def _bought(view: TradeView) -> Iterator[str]:
    """Tell the fills that opened the trade."""
    for order in _entries(view):
        if order.filled_quantity and order.average_price is not None:
            yield _fill(order)


def _sold(view: TradeView) -> Iterator[str]:
    """Tell the fills that closed it, whole or in part."""
    for order in view.orders:
        if order.intent.request.effect is PositionEffect.CLOSE and order.filled_quantity:
            yield _fill(order)
        did = texts.DID[view.trade.side.opposite]
        for child in order.children:
            if child.filled_quantity and child.average_price is not None:
                quantity, paid = amount(child.filled_quantity), price(child.average_price)
                yield texts.FILL_LEG.format(
                    leg=texts.LEG[child.role], did=did.lower(), quantity=quantity, price=paid
                )


def _fill(order: Order) -> str:
    paid = price(order.average_price) if order.average_price is not None else "?"
    did = texts.DID[order.intent.request.side]
    return texts.FILL.format(did=did, quantity=amount(order.filled_quantity), price=paid)


def _entries(view: TradeView) -> list[Order]:
    return [o for o in view.orders if o.intent.request.effect is PositionEffect.OPEN]


def _currency(trade: Trade) -> str:
    return trade.instrument.currency if trade.instrument is not None else "USD"


def _foot(trade: Trade) -> str:
    where, who = channel(trade.channel), user(trade.author)
    source = (
        texts.FROM.format(author=who, channel=where) if where and trade.author != trade.user else texts.BY_YOU
    )
    return texts.FOOT.format(source=source, when=when(trade.updated_at), trade=trade.id[:8])
