"""Find option contracts at Alpaca, and say which ones are listed near one that is not.

Facts: docs.alpaca.markets/reference/get-options-contracts. Without a last day the list ends at the coming
weekend, so one is always sent; a page holds at most 10,000 contracts.
"""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from adapters.alpaca import expiry, parse, texts
from adapters.alpaca.client import Client
from adapters.alpaca.parse import Json
from adapters.alpaca.shared import Assets
from adapters.kit.errors import Errors
from domain.errors import NotFound, NotTradable
from domain.instruments import Instrument, InstrumentQuery, OptionContract, OptionRight
from domain.money import plain
from domain.ports import Clock

_NEAR_STRIKES = Decimal("0.25")
"""Strikes this far from the asked one, as a share of it, are looked at."""
_NEAR_DAYS = timedelta(days=60)
_PAGE = 1000
_NAMED = 2
"""How many neighbours on each side are named."""


class ContractDesk:
    """Look contracts up and remember them for as long as other assets."""

    def __init__(self, client: Client, known: Assets, clock: Clock, endpoint: str) -> None:
        self._client = client
        self._known = known
        self._clock = clock
        self._endpoint = endpoint

    async def resolve(self, query: InstrumentQuery, errors: Errors) -> Instrument:
        """Find the contract a signal names. Raises NotTradable, naming the nearest listed, or Denied."""
        wanted = query.option
        if wanted is None:
            raise errors.denied(texts.OPTION_INCOMPLETE, "option_incomplete")
        if expiry.is_over(wanted, self._clock.now()):
            text = texts.OPTION_OVER.format(option=_name(wanted), day=wanted.expiry)
            raise errors.not_tradable(text, "option_expired")
        found = await self._look_up(occ_of(wanted), errors)
        if found is None:
            raise errors.not_tradable(await self._nearest(wanted, errors), "unknown_option")
        if not found.tradable:
            text = texts.OPTION_NOT_TRADED.format(option=_name(wanted))
            raise errors.not_tradable(text, "not_tradable")
        return found

    def known(self, broker_symbol: str) -> Instrument | None:
        """Give what is remembered."""
        return self._known.get(self._clock, self._endpoint, broker_symbol)

    async def _look_up(self, symbol: str, errors: Errors) -> Instrument | None:
        known = self.known(symbol)
        if known is not None:
            return known
        try:
            raw = await self._client.read(lambda: self._client.trading.get_option_contract(symbol), errors)
        except (NotFound, NotTradable):
            return None
        try:
            found = parse.contract(raw)
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
            raise errors.unknown(texts.UNREADABLE, "unreadable") from None
        if found.broker_symbol != symbol:
            raise errors.unknown(texts.UNREADABLE, "unreadable")
        self._known.put(self._clock, self._endpoint, found)
        return found

    async def _nearest(self, wanted: OptionContract, errors: Errors) -> str:
        """Say which strikes that day has; or, where the day has none, which days there are."""
        room = wanted.strike * _NEAR_STRIKES
        span = (wanted.strike - room, wanted.strike + room)
        same_day = await self._list(wanted, (wanted.expiry, wanted.expiry), span, errors)
        strikes = _around((c.strike for c in same_day), wanted.strike)
        if strikes:
            return texts.NO_STRIKE.format(option=_name(wanted), near=_money(strikes))
        today = expiry.new_york(self._clock.now()).date()
        days = (max(today, wanted.expiry - _NEAR_DAYS), wanted.expiry + _NEAR_DAYS)
        others = await self._list(wanted, days, span, errors)
        dates = _around((c.expiry for c in others), wanted.expiry)
        if dates:
            return texts.NO_EXPIRY.format(option=_name(wanted), near=", ".join(map(str, dates)))
        return texts.NO_SUCH_OPTION.format(option=_name(wanted))

    async def _list(
        self,
        wanted: OptionContract,
        days: tuple[date, date],
        strikes: tuple[Decimal, Decimal],
        errors: Errors,
    ) -> list[OptionContract]:
        answer = await self._client.read(self._ask(wanted, days, strikes), errors)
        try:
            raws: list[Json] = answer["option_contracts"] or []
            found = [parse.contract(raw) for raw in raws]
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
            raise errors.unknown(texts.UNREADABLE, "unreadable") from None
        return [c.option for c in found if c.option is not None and c.tradable]

    def _ask(
        self, wanted: OptionContract, days: tuple[date, date], strikes: tuple[Decimal, Decimal]
    ) -> Callable[[], Any]:
        def ask() -> Any:
            from alpaca.trading.enums import ContractType
            from alpaca.trading.requests import GetOptionContractsRequest

            call = wanted.right is OptionRight.CALL
            return self._client.trading.get_option_contracts(
                GetOptionContractsRequest(
                    underlying_symbols=[wanted.underlying],
                    expiration_date_gte=days[0],
                    expiration_date_lte=days[1],
                    type=ContractType.CALL if call else ContractType.PUT,
                    strike_price_gte=plain(strikes[0]),
                    strike_price_lte=plain(strikes[1]),
                    limit=_PAGE,
                )
            )

        return ask


def occ_of(contract: OptionContract) -> str:
    """Write the OCC symbol as Alpaca does: the root of BRK.B is BRKB."""
    return contract.occ.replace(".", "")


def _around(values: Iterable[Any], middle: Any) -> list[Any]:
    """Give the nearest values on each side of the middle, in order."""
    ordered = sorted(set(values))
    below, above = [v for v in ordered if v < middle], [v for v in ordered if v > middle]
    return below[-_NAMED:] + above[:_NAMED]


def _name(contract: OptionContract) -> str:
    right = "call" if contract.right is OptionRight.CALL else "put"
    return f"{contract.underlying} {contract.expiry} {plain(contract.strike)} {right}"


def _money(strikes: Iterable[Decimal]) -> str:
    return ", ".join(plain(strike) for strike in strikes)
