"""Hold every broker to the same sentences, through its real SDK where it has one.

A card is left out of a broker's run only by what the broker's manifest or harness declares; nothing is
skipped while running.
"""

from collections.abc import Iterator

import pytest

from tests.contract import cards_ordering, cards_reading, cards_trouble
from tests.contract.cards import CARDS, Card
from tests.contract.harness import HarnessSpec
from tests.contract.harnesses import HARNESSES

SOURCES = (cards_reading, cards_ordering, cards_trouble)


def in_order() -> list[Card]:
    return sorted(CARDS.values(), key=lambda card: card.id)


def chosen() -> Iterator[object]:
    for spec in HARNESSES:
        for card in in_order():
            if card.applies(spec):
                name = f"{spec.name}-{card.id}-{card.sentence}"
                yield pytest.param(spec, card, id=name, marks=pytest.mark.card(card.id))


@pytest.mark.parametrize(("spec", "card"), list(chosen()))
async def test_the_broker_keeps(spec: HarnessSpec, card: Card) -> None:
    async with spec.make() as harness:
        await card.run(spec, harness)


def test_cards_are_numbered_without_gaps() -> None:
    assert [card.id for card in in_order()] == [f"AX-{number:02d}" for number in range(1, len(CARDS) + 1)]
    assert all(card.body.__module__ in {source.__name__ for source in SOURCES} for card in CARDS.values())


@pytest.mark.parametrize("spec", HARNESSES, ids=lambda spec: spec.name)
def test_most_cards_apply_to_every_broker(spec: HarnessSpec) -> None:
    assert sum(card.applies(spec) for card in CARDS.values()) >= 60
