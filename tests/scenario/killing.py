"""Kill the real bot at a named moment, again and again, and let the broker's own book be the judge."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from bot.demo.cast import ALPACA_KEYS, Cast, command, gather, link_alpaca
from bot.demo.receipt import read_books
from bot.demo.stage import Stage
from domain.orders import UNSETTLED, OrderState
from sim.faults import FaultAction
from tests.support import eventually
from trading import points

AFTER_SEND = "after_send"
"""The broker has the order and has not answered yet."""
POINTS = (
    points.BEFORE_INTAKE,
    points.BEFORE_JOURNAL,
    points.AFTER_JOURNAL,
    points.AFTER_SENDING,
    AFTER_SEND,
    points.AFTER_REPLY,
    points.AFTER_PERSIST,
)
D = Decimal
SYMBOLS = ("AAPL", "MSFT", "TSLA", "NVDA", "AMD", "AMZN", "GOOGL", "META", "NFLX", "SPY", "QQQ", "IWM")
PATIENCE = 40.0


@dataclass
class Tally:
    """Count what the brokers say against what was posted."""

    posted: int = 0
    duplicate: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.duplicate or self.lost or self.stuck)


class Killer:
    """Play one member at one broker against a bot that keeps dying."""

    def __init__(self, stage: Stage, broker: str, seed: int, patience: float = PATIENCE) -> None:
        self.stage, self.broker, self.patience = stage, broker, patience
        self.random = random.Random(seed)
        self.arm_file = stage.directory / "arm"
        self.cast: Cast
        self.tally = Tally()
        self.entered: Counter[str] = Counter()

    async def set_up(self) -> None:
        self.cast = gather(self.stage)
        await self.stage.start_bot()
        cast, stage = self.cast, self.stage
        await command(
            stage, cast.owner, cast.channel, "channel add", channel=cast.channel, author=cast.analyst
        )
        if self.broker == "paper":
            await command(stage, cast.ben, cast.channel, "broker add", broker="paper", name="Practice")
        else:
            await link_alpaca(stage, cast)
        options = {"channel": str(cast.channel.id), "size-kind": "fixed", "size": "1000", "mode": "paper"}
        await command(stage, cast.ben, cast.channel, "follow", **options)

    async def round(self, point: str) -> None:
        """Post one entry, let the bot die at the point, start it again, wait for the order to be known."""
        symbol = SYMBOLS[self.tally.posted % len(SYMBOLS)]
        self.tally.posted += 1
        self.entered[symbol] += 1
        quote = self.stage.market.quote(symbol)
        price = quote.ask
        text = f"Buying {symbol} at {price}, stop {price * D('0.8'):.2f}, target {price * D('1.2'):.2f}"
        await self._die(point, text)
        await self.stage.start_bot()
        await self._known(symbol)
        await self._finish(symbol)

    async def _die(self, point: str, text: str) -> None:
        if point == AFTER_SEND and self.broker == "alpaca":
            self.stage.faults.add("POST /v2/orders", FaultAction.DELAY, seconds=1.0)
            before = len(self.stage.alpaca.posted())
            await self._say(text)
            await eventually(lambda: len(self.stage.alpaca.posted()) > before, PATIENCE)
            await asyncio.sleep(self.random.random() * 0.05)  # the moment within the gap is part of the test
            await self.stage.bot.kill()
            return
        self.arm_file.write_text("paper.after_persist" if point == AFTER_SEND else point)
        await self._say(text)
        status = await self.stage.bot.wait(PATIENCE)
        assert status == -9, (
            f"the bot ended with {status} instead of dying at {point}\n{self.stage.log_end()}"
        )

    async def _say(self, text: str) -> None:
        await self.stage.discord.say(self.cast.analyst, self.cast.channel, text)

    async def _known(self, symbol: str) -> None:
        """Wait until the member was told that the position is open."""
        await self._told(symbol, "You hold")

    async def _finish(self, symbol: str) -> None:
        """Let the target be reached, so that the next round of this symbol starts flat."""
        quote = self.stage.market.quote(symbol)
        up = (quote.ask * D("1.25")).quantize(D("0.01"))
        self.stage.market.set(symbol, up, up + D("0.01"))
        await self._told(symbol, "Nothing is held any more")
        # Back down, and never to the very same price: the same words within a minute count as a repeat.
        back = quote.ask + D("0.01")
        self.stage.market.set(symbol, back - D("0.02"), back)

    async def _told(self, symbol: str, words: str) -> None:
        wanted = self.entered[symbol]

        def count() -> bool:
            shown = self.stage.discord.messages(self.stage.discord.dm(self.cast.ben))
            return sum(symbol in m.text and words in m.text for m in shown) >= (
                1 if words == "You hold" else wanted
            )

        try:
            await eventually(count, self.patience)
        except AssertionError:
            self.tally.stuck.append(f"{symbol}: never told {words!r}\n{self.stage.log_end()}")

    async def judge(self) -> Tally:
        """Stop the bot and compare the broker's book and the journal with what was posted."""
        await self.stage.bot.stop()
        data = Path(self.stage.directory) / "data"
        books, journal, _ = await read_books(data, {str(self.cast.ben.id): "Ben"})
        if self.broker == "alpaca":
            books["Ben"] = (self.stage.alpaca.engine, ALPACA_KEYS[0])
        engine, account = books["Ben"]
        orders = [o for o in engine.orders(account) if o.side.value == "buy" and not o.request.reduce_only]
        at_broker = Counter(o.symbol for o in orders if o.replaces is None)
        for symbol, wanted in self.entered.items():
            if at_broker[symbol] > wanted:
                self.tally.duplicate.append(f"{symbol}: {at_broker[symbol]} for {wanted}")
            if at_broker[symbol] < wanted:
                self.tally.lost.append(f"{symbol}: {at_broker[symbol]} for {wanted}")
        known = {o.intent.request.client_order_id for o in journal["Ben"]}
        self.tally.lost += [
            f"not in the journal: {o.symbol}" for o in orders if o.client_order_id not in known
        ]
        doubtful = UNSETTLED | {OrderState.READY, OrderState.NEEDS_HUMAN}
        self.tally.stuck += [f"{o.intent.leg} {o.state}" for o in journal["Ben"] if o.state in doubtful]
        return self.tally


async def kill_rounds(
    broker: str, moments: list[str], seed: int, *, patience: float = PATIENCE, **settings: str
) -> Tally:
    """Run one round for each moment and give the tally."""
    async with Stage(seed=seed) as stage:
        stage.bot.settings |= {"FAULT_FILE": str(stage.directory / "arm"), **settings}
        killer = Killer(stage, broker, seed, patience)
        await killer.set_up()
        for moment in moments:
            await killer.round(moment)
        return await killer.judge()


__all__ = ["POINTS", "kill_rounds"]
