"""Be the pretend market every simulator quotes from: seeded prices that move only when told."""

import random
from collections.abc import Callable
from decimal import Decimal

from domain.errors import InvalidValue
from domain.instruments import AssetClass, Instrument, OptionContract, OptionRight
from domain.money import round_to
from domain.portfolio import Quote
from domain.ports import Clock

_STOCKS = {
    "AAPL": ("Apple Inc.", "190.00"),
    "MSFT": ("Microsoft Corporation", "420.00"),
    "TSLA": ("Tesla, Inc.", "250.00"),
    "NVDA": ("NVIDIA Corporation", "120.00"),
    "AMD": ("Advanced Micro Devices", "160.00"),
    "AMZN": ("Amazon.com, Inc.", "185.00"),
    "GOOGL": ("Alphabet Inc. Class A", "175.00"),
    "META": ("Meta Platforms, Inc.", "500.00"),
    "NFLX": ("Netflix, Inc.", "650.00"),
    "PLTR": ("Palantir Technologies", "28.00"),
    "F": ("Ford Motor Company", "12.00"),
    "BRK.B": ("Berkshire Hathaway Class B", "450.00"),
    "SPY": ("SPDR S&P 500 ETF Trust", "550.00"),
    "QQQ": ("Invesco QQQ Trust", "480.00"),
    "IWM": ("iShares Russell 2000 ETF", "220.00"),
}
_COINS = {
    "BTCUSD": ("Bitcoin", "65000.00", "0.0001"),
    "ETHUSD": ("Ether", "3500.00", "0.001"),
    "SOLUSD": ("Solana", "150.00", "0.01"),
    "DOGEUSD": ("Dogecoin", "0.15", "1"),
    "LTCUSD": ("Litecoin", "85.00", "0.01"),
}
UNTRADABLE = "HALT"
"""A symbol that exists and may not be traded."""
HARD_TO_BORROW = "GME"
"""A symbol that may be bought and not be sold short."""


Listener = Callable[[str, Quote], None]


class Market:
    """Hold instruments and their quotes. The same seed gives the same walk.

    Symbols are ours: ``AAPL``, ``BTCUSD``, OCC for options. An option of a known stock comes into being when
    it is asked for, priced from its underlying; what no exchange would list does not exist.
    """

    def __init__(self, *, seed: int = 0, clock: Clock) -> None:
        self.seed = seed
        self._clock = clock
        self._random = random.Random(seed)  # noqa: S311 - a pretend market, not a secret
        self._instruments: dict[str, Instrument] = {}
        self._quotes: dict[str, Quote] = {}
        self._listeners: list[Listener] = []
        for symbol, (name, price) in _STOCKS.items():
            self._list(_stock(symbol, name), Decimal(price))
        self._list(_stock(UNTRADABLE, "Halted Corporation", tradable=False), Decimal(10))
        self._list(_stock(HARD_TO_BORROW, "GameStop Corp.", shortable=False), Decimal(25))
        for symbol, (name, price, step) in _COINS.items():
            self._list(_coin(symbol, name, Decimal(step)), Decimal(price))

    # Facts

    def exists(self, symbol: str) -> bool:
        """Tell whether the symbol names something; an option of a known stock does."""
        return self._find(symbol) is not None

    def instrument(self, symbol: str) -> Instrument:
        """Give the asset's facts: class, increments, tradable, shortable, fractionable.

        Raises InvalidValue when the symbol names nothing.
        """
        found = self._find(symbol)
        if found is None:
            raise InvalidValue(f"{symbol[:30]!r} is nothing that trades here")
        return found

    def instruments(self) -> list[Instrument]:
        """Give everything listed so far, options that were asked for among it."""
        return list(self._instruments.values())

    def add(self, instrument: Instrument, price: Decimal) -> None:
        """List one more instrument, where it is not listed yet: what only one broker trades."""
        if instrument.symbol not in self._instruments:
            self._list(instrument, price)

    # Prices

    def quote(self, symbol: str) -> Quote:
        """Give the latest quote; a size of None is endless. Raises InvalidValue for nothing known."""
        return self._quotes[self.instrument(symbol).symbol]

    def set(
        self,
        symbol: str,
        bid: Decimal,
        ask: Decimal,
        bid_size: Decimal | None = None,
        ask_size: Decimal | None = None,
    ) -> Quote:
        """Quote a symbol and tell the listeners. Raises InvalidValue for a crossed or worthless quote."""
        if not 0 < bid <= ask:
            raise InvalidValue("a quote needs a bid above zero and an ask that is not below it")
        key = self.instrument(symbol).symbol
        quote = Quote(
            symbol=key, bid=bid, ask=ask, at=self._clock.now(), bid_size=bid_size, ask_size=ask_size
        )
        self._quotes[key] = quote
        for listener in tuple(self._listeners):
            listener(key, quote)
        return quote

    def move(self, symbol: str, price: Decimal) -> Quote:
        """Put the middle of the quote at ``price``, keeping the spread."""
        old = self.quote(symbol)
        half = (old.ask - old.bid) / 2
        bid = max(price - half, self.instrument(symbol).price_increment)
        return self.set(symbol, bid, max(price + half, bid))

    def step(self, count: int = 1) -> None:
        """Let every price walk ``count`` small random steps."""
        for _ in range(count):
            for instrument in self.instruments():
                share = Decimal(self._random.randint(-20, 20)) / 10_000
                quote = self.quote(instrument.symbol)
                price = round_to(quote.mid * (1 + share), instrument.price_increment)
                self.move(instrument.symbol, max(price, instrument.price_increment * 2))

    def listen(self, callback: Listener) -> Callable[[], None]:
        """Call back with symbol and quote on every change; the answer unsubscribes."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def _list(self, instrument: Instrument, price: Decimal) -> None:
        tick = instrument.price_increment
        half = max(round_to(price / 10_000, tick), tick)
        self._instruments[instrument.symbol] = instrument
        self._quotes[instrument.symbol] = Quote(
            symbol=instrument.symbol, bid=price - half, ask=price + half, at=self._clock.now()
        )

    def _find(self, symbol: str) -> Instrument | None:
        key = symbol.replace("/", "").replace(" ", "")
        found = self._instruments.get(key)
        return found or self._list_option(key)

    def _list_option(self, symbol: str) -> Instrument | None:
        try:
            contract = OptionContract.from_occ(symbol)
        except InvalidValue:
            return None
        under = self._instruments.get(contract.underlying)
        if under is None or under.asset_class is not AssetClass.EQUITY:
            return None
        if contract.expiry < self._clock.now().date():
            return None
        option = _option(contract)
        self._list(option, self._option_price(contract))
        return option

    def _option_price(self, contract: OptionContract) -> Decimal:
        """Give intrinsic value plus a little time value: enough to be plausible and the same every time."""
        spot = self.quote(contract.underlying).mid
        call = contract.right is OptionRight.CALL
        intrinsic = spot - contract.strike if call else contract.strike - spot
        days = max((contract.expiry - self._clock.now().date()).days, 1)
        time_value = spot * Decimal(min(days, 365)) / 10_000
        far = max(-intrinsic, Decimal(0)) / spot * 10
        return max(
            round_to(max(intrinsic, Decimal(0)) + time_value / (1 + far), Decimal("0.01")), Decimal("0.05")
        )


def _stock(symbol: str, name: str, *, tradable: bool = True, shortable: bool = True) -> Instrument:
    return Instrument(
        symbol=symbol,
        asset_class=AssetClass.EQUITY,
        broker_symbol=symbol,
        name=name,
        tradable=tradable,
        shortable=shortable,
        fractionable=True,
        quantity_increment=Decimal("0.000000001"),
    )


def _coin(symbol: str, name: str, step: Decimal) -> Instrument:
    base = symbol.removesuffix("USD")
    return Instrument(
        symbol=symbol,
        asset_class=AssetClass.CRYPTO,
        broker_symbol=f"{base}/USD",
        name=name,
        price_increment=Decimal("0.0001") if base == "DOGE" else Decimal("0.01"),
        quantity_increment=Decimal("0.000000001"),
        min_quantity=step,
        min_notional=Decimal(1),
        fractionable=True,
    )


def _option(contract: OptionContract) -> Instrument:
    return Instrument(
        symbol=contract.occ,
        asset_class=AssetClass.OPTION,
        broker_symbol=contract.occ,
        name=f"{contract.underlying} {contract.expiry} {contract.strike} {contract.right.value}",
        multiplier=Decimal(100),
        option=contract,
    )
