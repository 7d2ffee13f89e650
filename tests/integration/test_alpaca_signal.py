"""An option signal through the whole bot to Alpaca, and its exits."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bot.demo.cast import ALPACA_KEYS, command, gather, link_alpaca, until
from bot.demo.stage import Stage

D = Decimal
KEY = ALPACA_KEYS[0]


@pytest.fixture
async def scene():
    async with Stage(settings={}) as made:
        cast = made.cast = gather(made)
        await made.start_bot()
        await link_alpaca(made, cast)
        await command(
            made, cast.owner, cast.channel, "channel add", channel=cast.channel, author=cast.analyst
        )
        options = {"channel": str(cast.channel.id), "size-kind": "fixed", "size": "1000", "mode": "paper"}
        await command(made, cast.ben, cast.channel, "follow", **options)
        yield made


async def hold_two(made):
    """Buy two calls that expire a month ahead, with a stop at 3.50 and a target at 8; give their symbol."""
    friday = made.alpaca.clock.now().date() + timedelta(days=28)
    friday += timedelta(days=(4 - friday.weekday()) % 7)
    made.market.set("AAPL", D("190.00"), D("190.02"))
    for day in (friday, friday - timedelta(days=1)):  # a Friday without a market expires the day before
        made.market.set(f"AAPL{day:%y%m%d}C00190000", D("4.90"), D("5.00"))
    text = f"BTO AAPL {friday:%m/%d/%Y} 190C @ 5.00, stop 3.50, target 8.00"
    await made.discord.say(made.cast.analyst, made.cast.channel, text)
    await until(lambda: [p.quantity for p in made.alpaca.positions(KEY)] == [D(2)], "the position")
    return made.alpaca.positions(KEY)[0].instrument.symbol


def resting(made):
    return [(o.request.order_type.value, o.stop_price) for o in made.alpaca.orders(KEY) if o.live]


async def test_an_option_signal_is_bought_and_its_stop_rests_until_it_is_touched(scene):
    occ = await hold_two(scene)
    await until(lambda: resting(scene) == [("stop", D("3.50"))], "the stop")
    entry, stop = (r.body for r in scene.alpaca.posted())
    assert b'"position_intent": "buy_to_open"' in entry
    assert b'"order_class"' not in entry
    assert b'"position_intent": "sell_to_close"' in stop
    assert b'"time_in_force": "gtc"' in stop
    scene.market.set(occ, D("3.40"), D("3.50"))
    await until(lambda: not scene.alpaca.positions(KEY), "the stop to sell")
    assert len(scene.alpaca.posted()) == 2


async def test_a_target_of_an_option_is_watched_by_price_and_takes_the_stop_away(scene):
    occ = await hold_two(scene)
    await until(lambda: resting(scene) == [("stop", D("3.50"))], "the stop")
    scene.market.set(occ, D("8.10"), D("8.20"))
    await until(lambda: not scene.alpaca.positions(KEY), "the target")
    await until(lambda: not resting(scene), "the end of the stop")
    assert len(scene.alpaca.posted()) == 3
