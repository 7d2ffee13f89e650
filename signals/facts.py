"""Gather what one piece of a message says, before anything is decided about it."""

from dataclasses import dataclass
from datetime import date

from domain.instruments import AssetClass
from signals import instruments
from signals import lexicon as lex
from signals.amounts import Amounts, find_amounts
from signals.annotate import Piece
from signals.contracts import Contract, find_contract
from signals.instruments import Named
from signals.levels import Levels, find_levels
from signals.lexicon import spelled
from signals.tokens import NUMBER, PUNCT, WORD, Token

_PAIRS = frozenset(
    (AssetClass.CRYPTO, AssetClass.FOREX, AssetClass.COMMODITY, AssetClass.INDEX, AssetClass.FUTURE)
)
_TAKES_SYMBOL = lex.OPEN | lex.SELL | lex.CLOSE | lex.TRIM | lex.ADD
_BETWEEN = lex.FILLER | lex.LEAD | lex.SHARE | lex.UNIT | lex.TYPE | lex.TAG | lex.QUANTITY | lex.EXPIRY
_NO_TICKER = lex.STOP | lex.TARGET | lex.ENTRY | lex.STRUCT | lex.MONTH | lex.RIGHT | lex.VERB
_CRYPTO_WORDS = spelled(
    "usdt usdc spot perp perpetual binance bybit bitget kucoin okx mexc bingx coin crypto"
)
_SOFT = lex.LEAD | lex.FILLER | lex.UNIT | lex.EVEN
_JARGON = frozenset(("bto", "sto", "stc", "btc"))


@dataclass(slots=True)
class Facts:
    """Hold the instrument, contract, prices and amounts of a piece. ``symbol_at`` is a token's place."""

    piece: Piece
    contract: Contract
    amounts: Amounts
    levels: Levels
    symbol: Named | None = None
    symbol_at: int = -1

    @property
    def asset_class(self) -> AssetClass | None:
        """Give the class of what is traded: a contract on a stock or an index is an option."""
        if self.contract.is_option:
            return AssetClass.OPTION
        return self.symbol.asset_class if self.symbol else None

    def symbol_span(self) -> tuple[int, int]:
        """Give where the symbol stands."""
        token = self.piece.tokens[self.symbol_at]
        return token.start, token.end


def gather(piece: Piece, today: date | None) -> Facts:
    """Read every fact of ``piece``. Raises ImpossibleDateError."""
    tokens = piece.tokens
    _leave_bias(tokens)
    contract = find_contract(piece, today)
    if contract.is_option:
        _buy_to_close(tokens)
    at, symbol = _choose(tokens, contract, shouted=piece.shouted)
    if symbol is not None and symbol.asset_class is AssetClass.EQUITY and not contract.is_option:
        symbol = _as_coin(piece, at) or symbol
    pair = symbol is not None and symbol.asset_class in _PAIRS
    amounts = find_amounts(piece, option=contract.is_option or not pair, pair=pair)
    return Facts(piece, contract, amounts, find_levels(piece), symbol, at)


def _as_coin(piece: Piece, at: int) -> Named | None:
    """Read LINK and SUI, which are stocks too, as coins where the words around them are of crypto."""
    token = piece.tokens[at]
    word = token.raw.upper()
    lists = instruments.markets()
    if word not in lists.coins or word in lists.liquid:
        return None
    levered = any(t.suffix == "x" or t.details.get(lex.LEVERAGE) for t in piece.tokens)
    told = any(t.text in _CRYPTO_WORDS for t in piece.tokens)
    return Named(word + "USD", AssetClass.CRYPTO) if token.tagged == "#" or levered or told else None


def _leave_bias(tokens: list[Token]) -> None:
    """Read bullish and bearish as a side only as the value of a label (``Direction: bearish``)."""
    for at, token in enumerate(tokens):
        if token.roles & lex.OPEN and token.details[lex.OPEN].endswith("bias"):
            before = tokens[at - 1] if at else None
            if before is None or not (before.kind == PUNCT and before.text in ":@=-("):
                token.roles, token.details = 0, {}


def _buy_to_close(tokens: list[Token]) -> None:
    """Read BTC before an option on something else as buy-to-close, not as bitcoin."""
    others = any(t.roles & lex.SYMBOL and t.raw != "BTC" for t in tokens)
    for token in tokens:
        if token.raw == "BTC" and token.roles & lex.SYMBOL and not token.tagged and others:
            token.roles, token.details, token.item = lex.CLOSE, {lex.CLOSE: "btc"}, None
            return


def _choose(tokens: list[Token], contract: Contract, *, shouted: bool) -> tuple[int, Named | None]:
    """Pick the symbol: the one in the place an order gives it, else the first that is sure of itself."""
    for strike in contract.strikes:
        item = tokens[strike.at].item
        if isinstance(item, Named):
            return strike.at, item
    sure = any(isinstance(t.item, Named) and t.item.sure for t in tokens)
    for at in (_before_strike(tokens, contract), _after_verb(tokens, shouted=shouted)):
        if at >= 0 and (tokens[at].roles & lex.SYMBOL or not sure):
            named = _named(tokens[at])
            if named is not None:
                tokens[at].roles, tokens[at].item = lex.SYMBOL, named
                return at, named
    for at, token in enumerate(tokens):
        if isinstance(token.item, Named) and token.item.sure:
            return at, token.item
    return _shorthand(tokens)


def _shorthand(tokens: list[Token]) -> tuple[int, Named | None]:
    """Read GU or EU as a pair where a stop or a target says that a trade is described."""
    if any(t.roles & (lex.STOP | lex.TARGET) for t in tokens):
        for at, token in enumerate(tokens):
            named = instruments.markets().shorthand.get(token.raw.upper()) if token.kind == WORD else None
            sided = any(t.roles & (lex.OPEN | lex.SELL) for t in tokens[max(0, at - 1) : at + 2])
            if named is not None and (token.raw.isupper() or sided) and not token.roles & ~lex.LEAD:
                token.roles, token.item = lex.SYMBOL, named
                return at, named
    return -1, None


def _named(token: Token) -> Named | None:
    if isinstance(token.item, Named):
        return token.item
    if token.raw in instruments.markets().future_roots and token.raw not in instruments.markets().tickers:
        return Named(token.raw, AssetClass.FUTURE)
    return instruments.in_order_place(token.raw)


def _before_strike(tokens: list[Token], contract: Contract) -> int:
    """Find the symbol that stands before the strike, with only an expiry or a sign between."""
    if not contract.strikes:
        return -1
    at = contract.strikes[0].at - 1
    while at >= 0 and (
        tokens[at].roles & (lex.QUANTITY | lex.EXPIRY | lex.MONTH)
        or (tokens[at].kind == PUNCT and tokens[at].text in "$,-(@:")
        or (tokens[at].kind == NUMBER and tokens[at].glued)
        or tokens[at].text in {"exp", "the"}
    ):
        at -= 1
    return at if at >= 0 and _ticker_like(tokens[at]) else -1


def _ticker_like(token: Token) -> bool:
    if token.roles & lex.SYMBOL:
        return True
    return (
        token.kind == WORD
        and token.raw.isascii()
        and token.raw.isupper()
        and len(token.raw) <= 5
        and not token.roles & _NO_TICKER
        and (not token.roles & ~_SOFT or _listed(token))
    )


def _listed(token: Token) -> bool:
    return token.raw in instruments.markets().tickers


def _plainly_listed(token: Token) -> bool:
    """Tell COIN after a verb, though coin is also a word, from words in capitals."""
    return len(token.raw) > 1 and not token.roles & ~_SOFT and _ticker_like(token) and _listed(token)


def _after_verb(tokens: list[Token], *, shouted: bool) -> int:
    """Find the symbol that follows an order's verb; after BTO and its like any ticker shape is one."""
    for at, token in enumerate(tokens):
        if not token.roles & _TAKES_SYMBOL or token.roles & lex.SYMBOL:
            continue
        jargon = not _JARGON.isdisjoint(token.details.values())
        found = _follows(tokens, at, jargon=jargon, shouted=shouted)
        if found >= 0:
            return found
    return -1


def _future_root(token: Token, following: Token | None) -> bool:
    """Tell GC before its price (``LONG GC 2030.5``), in capitals like all the rest or not."""
    priced = following is not None and (
        following.kind == NUMBER or following.text == "@" or following.roles & lex.AT
    )
    return bool(priced) and token.raw in instruments.markets().future_roots


def _follows(tokens: list[Token], verb: int, *, jargon: bool, shouted: bool) -> int:
    for at in range(verb + 1, min(verb + 6, len(tokens))):
        token = tokens[at]
        if token.roles & lex.SYMBOL:
            return at
        if (jargon and _ticker_like(token)) or (not shouted and _plainly_listed(token)):
            return at
        if _future_root(token, tokens[at + 1] if at + 1 < len(tokens) else None):
            return at
        if (
            token.kind == WORD
            and not token.roles & _BETWEEN
            and token.text not in {"of", "my", "in", "on", "to"}
        ):
            return -1
        if token.kind not in {WORD, NUMBER} and token.text not in "-:$(":
            return -1
    return -1
