"""Tell the story: eight messages of an analyst, a crash at the worst moment, and a market that moves."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from adapters.paper.engine import EngineOrder
from bot.demo.cast import ALPACA_KEYS, PATIENCE, Cast, command, until
from bot.demo.stage import Stage
from bot.demo.transcript import Transcript
from domain.instruments import OptionContract, OptionRight
from domain.orders import Side
from sim.discord.messages import SimMessage
from sim.discord.state import User
from sim.faults import FaultAction

D = Decimal
KEY = ALPACA_KEYS[0]


@dataclass(frozen=True, slots=True)
class Expected:
    """Say how many entry orders of a symbol a member's broker must have received."""

    member: str
    symbol: str
    entries: int


def expectations(option: str) -> Sequence[Expected]:
    """Name every entry the play must cause, and so what is missing or too much."""
    both = [("MSFT", 2), (option, 1), ("BTCUSD", 1), ("NVDA", 1)]
    return [Expected(who, symbol, count) for who in ("Ann", "Ben") for symbol, count in both]


class Story:
    """Play the eight messages against a stage that is set up."""

    def __init__(self, stage: Stage, cast: Cast, transcript: Transcript) -> None:
        self.stage, self.cast, self.transcript = stage, cast, transcript
        self.option = OptionContract(
            underlying="SPY",
            expiry=third_friday(stage.clock.now().date()),
            strike=D(560),
            right=OptionRight.CALL,
        )

    def open_market(self) -> None:
        """Set the prices the story begins with."""
        for symbol, bid, ask in (
            ("MSFT", "412.20", "412.40"),
            ("NVDA", "118.05", "118.15"),
            ("BTCUSD", "63940.00", "63990.00"),
            (self.option.occ, "3.00", "3.10"),
        ):
            self.stage.market.set(symbol, D(bid), D(ask))

    async def play(self) -> None:
        """Post the messages and wait for what each must cause."""
        await self._entries()
        await self._amendments()
        await self._crash()
        await self._market_moves()
        await self._exit()

    # -- the parts

    async def _entries(self) -> None:
        tell = self.transcript.chapter
        tell("1 · A stock bracket", "Two targets: half the shares for each, every half with its own stop.")
        await self._say("Buying MSFT at 412.50, stop 405, targets 425 and 440")
        await self._both_hold("MSFT", 2)
        tell("2 · An option", "Both accounts take it, at a limit: options are never bought at the market.")
        when = f"{self.option.expiry.month}/{self.option.expiry.day}"
        await self._say(f"BTO 2 SPY 560c {when} @ 3.10")
        await self._told(self.cast.ann, "SPY", "You hold")
        await self._told(self.cast.ben, "SPY", "You hold")
        tell("3 · Crypto", "Alpaca has no brackets for coins: the bot rests the stop and watches the target.")
        await self._say("LONG BTC/USD entry 64000 sl 62000 tp 67000")
        await self._both_hold("BTCUSD", None)
        await until(lambda: self._ben_rests("BTCUSD"), "Ben's bitcoin stop")

    async def _amendments(self) -> None:
        tell = self.transcript.chapter
        tell("4 · A trim", "Half goes; what is left keeps a stop.")
        await self._say("trimming half my MSFT here")
        await self._both_hold("MSFT", 1)
        tell("5 · A stop moves")
        await self._say("moving my MSFT stop to 410")
        await until(lambda: D(410) in self._ben_stops("MSFT"), "Ben's stop at 410")
        await self._told(self.cast.ann, "MSFT", "410")
        tell("6 · A recap", "It looks like a trade and is none: nothing may happen.")
        await self._say("MSFT hit target 1 ✅ +3% what a call")

    async def _crash(self) -> None:
        self.transcript.chapter(
            "7 · An entry, with a crash between the order and its answer",
            "Alpaca has Ben's order and is about to answer when the bot is killed with SIGKILL.",
        )
        before = len(self._entries_at_alpaca("NVDA"))
        self.stage.faults.add("POST /v2/orders", FaultAction.DELAY, seconds=2.0)
        message = await self._say("Buying NVDA at 118.20, stop 115, target 124")
        await until(lambda: len(self._entries_at_alpaca("NVDA")) > before, "Ben's order at Alpaca")
        await self.stage.bot.kill()
        self.transcript.line(
            "kill -9", "the bot is gone; Alpaca has the order, the bot never heard", "bold red"
        )
        seconds = await self.stage.start_bot()
        self.transcript.line(
            "restart", f"the bot is back after {seconds:.1f} s and looks before it acts", "bold red"
        )
        await self._both_hold("NVDA", 8)
        self.transcript.line("Casey edits", "the same message, with another stop", "green")
        await self.stage.discord.edit(message, "Buying NVDA at 118.20, stop 116, target 124")
        await until(lambda: D(116) in self._ben_stops("NVDA"), "Ben's stop at 116")
        await self._told(self.cast.ann, "NVDA", "116")

    async def _market_moves(self) -> None:
        self.transcript.chapter("The market moves", "NVIDIA reaches its target, Microsoft falls to its stop.")
        self._move("NVDA", "124.10", "124.20")
        await self._both_hold("NVDA", 0)
        self._move("MSFT", "409.80", "409.90")
        await self._both_hold("MSFT", 0)

    async def _exit(self) -> None:
        self.transcript.chapter("8 · An exit", "Everything in bitcoin goes, and the resting stop with it.")
        self._move("BTCUSD", "65010.00", "65060.00")
        await asyncio.sleep(1)  # the paper broker looks at prices twice a second
        await self._say("all out of BTC")
        await self._both_hold("BTCUSD", 0)
        await until(lambda: not self._ben_rests("BTCUSD"), "the end of Ben's bitcoin stop")

    async def show_books(self) -> None:
        """Let both members look at what they hold."""
        self.transcript.chapter("What the members see at the end")
        for member in (self.cast.ann, self.cast.ben):
            for path in ("positions", "balance"):
                self.transcript.line(member.name, f"/{path}", "green")
                await command(self.stage, member, self.cast.channel, path)

    # -- words for what is waited on

    async def _say(self, text: str) -> SimMessage:
        return await self.stage.discord.say(self.cast.analyst, self.cast.channel, text)

    def _move(self, symbol: str, bid: str, ask: str) -> None:
        self.transcript.line("market", f"{symbol} {bid} / {ask}", "magenta")
        self.stage.market.set(symbol, D(bid), D(ask))

    async def _both_hold(self, symbol: str, quantity: int | None) -> None:
        def at_alpaca() -> bool:
            held = sum(
                (p.quantity for p in self.stage.alpaca.positions(KEY) if p.instrument.symbol == symbol), D(0)
            )
            return held > 0 if quantity is None else held == quantity

        await until(at_alpaca, f"Ben's {symbol} position of {quantity}")
        said = "Nothing is held any more" if quantity == 0 else "You hold"
        name = symbol.removesuffix("USD") if symbol.startswith("BTC") else symbol
        words = said if not quantity else f"{said} {quantity} "
        await self._told(self.cast.ann, name, words)
        await self._told(self.cast.ben, name, words)

    async def _told(self, member: User, symbol: str, words: str) -> None:
        """Wait until the member's message about the symbol says so."""
        channel = self.stage.discord.dm(member)
        await until(
            lambda: any(symbol in m.text and words in m.text for m in self.stage.discord.messages(channel)),
            f"the message {words!r} about {symbol}",
            PATIENCE,
        )

    def _entries_at_alpaca(self, symbol: str) -> list[EngineOrder]:
        return [o for o in self.stage.alpaca.orders(KEY) if o.symbol == symbol and o.side is Side.BUY]

    def _ben_rests(self, symbol: str) -> bool:
        return any(o.live and o.symbol == symbol for o in self._flat())

    def _ben_stops(self, symbol: str) -> set[Decimal | None]:
        return {o.stop_price for o in self._flat() if o.live and o.symbol == symbol}

    def _flat(self) -> list[EngineOrder]:
        tops = self.stage.alpaca.orders(KEY)
        return [order for top in tops for order in (top, *top.legs)]


def third_friday(today: date) -> date:
    """Give the next monthly option expiry at least two weeks away."""
    day = today + timedelta(days=14)
    while not (day.weekday() == 4 and 15 <= day.day <= 21):
        day += timedelta(days=1)
    return day
