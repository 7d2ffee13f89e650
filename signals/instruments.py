"""Know what can be traded: the lists shipped in data/, and how a written name becomes a symbol."""

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from domain.instruments import AssetClass
from signals.lexicon import spelled

_DATA = Path(__file__).parent / "data"
_FUTURE_MONTHS = frozenset("FGHJKMNQUVXZ")


@dataclass(frozen=True, slots=True)
class Named:
    """Be an instrument as a message names it. ``sure`` is False where its place must make it one."""

    symbol: str
    asset_class: AssetClass
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Markets:
    """Hold every list of data/, as sets."""

    tickers: frozenset[str]
    liquid: frozenset[str]
    wordlike: frozenset[str]
    coins: frozenset[str]
    currencies: frozenset[str]
    metals: frozenset[str]
    stable_quotes: tuple[str, ...]
    coin_quotes: tuple[str, ...]
    index_options: frozenset[str]
    future_roots: frozenset[str]
    plain_futures: frozenset[str]
    exchanges: frozenset[str]
    names: dict[str, Named]
    shorthand: dict[str, Named]
    pips: dict[str, Decimal]


@cache
def markets() -> Markets:
    """Read the lists once."""
    raw = json.loads((_DATA / "markets.json").read_text("utf-8"))
    names = json.loads((_DATA / "names.json").read_text("utf-8"))
    return Markets(
        tickers=_listed("tickers.txt"),
        liquid=_listed("liquid.txt"),
        wordlike=_listed("words.txt"),
        coins=_listed("crypto.txt"),
        currencies=frozenset(raw["currencies"]),
        metals=frozenset(raw["metals"]),
        stable_quotes=tuple(raw["stable_quotes"]),
        coin_quotes=tuple(raw["coin_quotes"]),
        index_options=frozenset(raw["index_options"]),
        future_roots=frozenset(raw["future_roots"]),
        plain_futures=frozenset(raw["plain_futures"]),
        exchanges=frozenset(raw["exchanges"]),
        pips={key: Decimal(size) for key, size in raw["pips"].items()},
        shorthand={key: Named(pair, AssetClass.FOREX) for key, pair in raw["shorthand"].items()},
        names={name: Named(symbol, AssetClass(kind)) for name, (symbol, kind) in names.items()},
    )


def _listed(name: str) -> frozenset[str]:
    lines = (_DATA / name).read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@cache
def joined_pair(word: str) -> Named | None:
    """Read a pair written as one upper-case word: EURUSD, XAUUSD, BTCUSDT, BTCUSD, 1000LUNCUSDT."""
    lists = markets()
    if len(word) in {6, 7} and (pair := _currencies(word, lists)):
        return pair
    for quote in lists.stable_quotes:
        if word.endswith(quote) and 2 <= len(word) - len(quote) <= 12 and word[0].isalnum():
            return Named(word, AssetClass.CRYPTO)
    for quote in ("USD", "EUR", "GBP", *lists.coin_quotes):
        if word.endswith(quote) and word[: -len(quote)] in lists.coins and word != quote:
            return Named(word, AssetClass.CRYPTO)
    return None


def _currencies(word: str, lists: Markets) -> Named | None:
    base, quote = word[:3], word[3:6]
    if len(word) == 7 and word[6] != word[5]:  # a stuttered last letter (usdchff) can be nothing else
        return None
    if quote not in lists.currencies:
        return None
    if base in lists.currencies and base != quote:
        return Named(base + quote, AssetClass.FOREX)
    if base in lists.metals:
        return Named(base + quote, AssetClass.COMMODITY)
    return None


def split_pair(base: str, quote: str, *, slash: bool) -> Named | None:
    """Read a pair written as two upper-case words: EUR/USD, BTC/USDT, ``NZD USD``."""
    lists = markets()
    if len(base) == 3 and (pair := _currencies(base + quote, lists)) and len(quote) == 3:
        return pair
    if not slash or not base.isalnum():
        return None
    if quote in lists.stable_quotes and len(base) <= 12:
        return Named(base + quote, AssetClass.CRYPTO)
    known_quote = quote in {"USD", "EUR", "GBP"} or quote in lists.coin_quotes
    return Named(base + quote, AssetClass.CRYPTO) if known_quote and base in lists.coins else None


@cache
def future(word: str) -> Named | None:
    """Read a futures root, with a month code or without: ES, ESH6, MNQZ2025."""
    lists = markets()
    root = word.rstrip("0123456789")
    if root == word:
        return Named(word, AssetClass.FUTURE) if word in lists.future_roots else None
    if len(root) > 1 and root[-1] in _FUTURE_MONTHS and root[:-1] in lists.future_roots:
        return Named(word, AssetClass.FUTURE) if 1 <= len(word) - len(root) <= 4 else None
    return None


@cache
def tagged(word: str) -> Named | None:
    """Read a word that carries $ or #: a pair, a coin, a listed ticker."""
    lists = markets()
    if pair := joined_pair(word):
        return pair
    if word in lists.metals:
        return lists.names.get(word.lower())
    if word in _FAMOUS_COINS:
        return Named(word + "USD", AssetClass.CRYPTO)
    if word in lists.tickers or word in lists.index_options:
        return Named(word, AssetClass.EQUITY)
    if word in lists.coins:
        return Named(word + "USD", AssetClass.CRYPTO)
    return None


@cache
def plain(word: str, *, shouted: bool) -> Named | None:
    """Read an upper-case word without a tag, which must be on a list and be no English word.

    ``shouted`` says the whole message is in capitals: then only famous tickers count.
    """
    lists = markets()
    if pair := joined_pair(word):
        return pair
    if word in lists.coins and word in _FAMOUS_COINS:
        return Named(word + "USD", AssetClass.CRYPTO)
    if word in lists.plain_futures and not shouted:
        return Named(word, AssetClass.FUTURE)
    if word in lists.wordlike:
        return Named(word, AssetClass.EQUITY, sure=False) if word in lists.liquid and not shouted else None
    if word in lists.liquid or word in lists.index_options:
        return Named(word, AssetClass.EQUITY)
    if word[-1].isdigit() and (dated := future(word)):
        return dated
    if word in lists.plain_futures:
        return Named(word, AssetClass.FUTURE)
    return Named(word, AssetClass.EQUITY) if word in lists.tickers and not shouted else None


_FAMOUS_COINS = spelled("BTC XBT ETH SOL XRP ADA DOGE AVAX MATIC LTC BNB SHIB PEPE XLM BCH TRX TON")


@cache
def lower(word: str) -> Named | None:
    """Read a word in small or mixed letters: pairs, known names, famous tickers that are no English word."""
    lists = markets()
    if named := lists.names.get(word.lower()):
        return named
    upper = word.upper()
    if pair := joined_pair(upper):
        return pair
    if upper in _FAMOUS_COINS and upper not in {"SOL", "TON", "ADA"}:
        return Named(upper + "USD", AssetClass.CRYPTO)
    if len(upper) > 2 and upper in lists.liquid and upper not in lists.wordlike:
        return Named(upper, AssetClass.EQUITY)
    return None


def in_order_place(word: str) -> Named | None:
    """Read an upper-case word that stands where an order names its symbol: any ticker shape will do there."""
    lists = markets()
    if found := joined_pair(word) or (tagged(word) if word in lists.tickers else None):
        return found
    if word in lists.coins:
        return Named(word + "USD", AssetClass.CRYPTO)
    return Named(word, AssetClass.EQUITY, sure=False) if word.isalpha() and 1 <= len(word) <= 5 else None
