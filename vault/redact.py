"""Keep registered secrets out of everything printed, in whatever dress they come."""

import base64
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from structlog.processors import format_exc_info

MASK = "***"
_Place = tuple[str, int, int]
"""A form, how far into it we look for it, and how many characters from there must be the same."""
SHORTEST = 4
"""Shorter secrets are not registered: they would blank out ordinary words."""
MOST_LEARNT = 20_000
"""About a kilobyte each; with more members than that, what was not used for longest is forgotten."""
MOST_GLIMPSED = 500
"""Of what strangers may send: few, so that they cannot push out what members typed, or fill the memory."""
LONGEST_GLIMPSED = 4096
_HEAD = 4
_SHORTEST_CODED = 6
_SHORTEST_PART = 8
_SHORTEST_LINE = 16
_SHORTEST_END = 12
"""Characters of either end of a long secret masked by themselves: libraries cut long values short."""


class Redactor:
    """Replace registered secrets by stars: raw, base64, URL-encoded, JSON and repr forms.

    Base64 is found at any offset too, as in a Basic authorization header. Looking costs one dictionary
    look-up a character, however many secrets there are. Safe from any thread.
    """

    def __init__(self, most: int = MOST_LEARNT) -> None:
        self._heads: dict[str, tuple[_Place, ...]] = {}
        self._known: set[str] = set()
        self._learnt: OrderedDict[str, None] = OrderedDict()
        self._glimpsed: OrderedDict[str, None] = OrderedDict()
        self._most = most
        self._lock = threading.Lock()

    def register(self, secret: str) -> None:
        """Hide ``secret`` for good; under four characters it is ignored."""
        with self._lock:
            for part in parts(secret):
                if part in self._known:
                    continue
                self._known.add(part)
                if part in self._learnt:
                    del self._learnt[part]
                else:
                    self._hide(part)

    def learn(self, secret: str) -> None:
        """Hide a secret met at work, until ``most`` others were met since it was last."""
        self._keep(secret, self._learnt, self._most)

    def glimpse(self, secret: str) -> None:
        """Hide for a while what anybody may have sent; of a very long one, its first 4096 characters."""
        self._keep(secret[:LONGEST_GLIMPSED], self._glimpsed, MOST_GLIMPSED)

    def _keep(self, secret: str, shelf: "OrderedDict[str, None]", most: int) -> None:
        with self._lock:
            for part in parts(secret):
                if part in self._known:
                    continue
                if part not in shelf:
                    self._hide(part)
                shelf[part] = None
                shelf.move_to_end(part)
            while len(shelf) > most:
                self._show(shelf.popitem(last=False)[0])

    def _hide(self, secret: str) -> None:
        for place in _places(secret):
            head = place[0][place[1] : place[1] + _HEAD]
            self._heads[head] = (*self._heads.get(head, ()), place)

    def _show(self, secret: str) -> None:
        """Take each form back once: another secret may have the same."""
        for place in _places(secret):
            head = place[0][place[1] : place[1] + _HEAD]
            places = list(self._heads[head])
            places.remove(place)
            if places:
                self._heads[head] = tuple(places)
            else:
                del self._heads[head]

    def scrub(self, text: str) -> str:
        """Give the text with every form of every registered secret masked."""
        heads = self._heads
        out: list[str] = []
        start = at = 0
        last = len(text) - _HEAD
        while at <= last:
            places = heads.get(text[at : at + _HEAD])
            begin, end = _match(places, text, at, start) if places else (at, at)
            if end > begin:
                out += (text[start:begin], MASK)
                at = start = end
            else:
                at += 1
        return text if not out else "".join(out) + text[start:]

    def scrub_value(self, value: Any) -> Any:
        """Give any value with secrets masked inside; an odd object that shows one becomes masked text."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.scrub(value)
        if isinstance(value, Mapping):
            return {self.scrub_value(key): self.scrub_value(item) for key, item in value.items()}
        if type(value) in (list, tuple, set, frozenset):
            return type(value)(self.scrub_value(item) for item in value)
        text = repr(value)
        clean = self.scrub(text)
        return value if clean == text else clean

    def processor(
        self, logger: Any, method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Scrub one structlog event; put it right before the renderer. Tracebacks become text here."""
        formatted = format_exc_info(logger, method, event)
        clean: MutableMapping[str, Any] = self.scrub_value(formatted)
        return clean

    def filter(self) -> logging.Filter:
        """Give a filter for stdlib logging; add it to handlers: loggers do not filter their children."""
        return _Filter(self)


class _Filter(logging.Filter):
    """Scrub records of the standard library's logging."""

    _formatter = logging.Formatter()

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Scrub the record in place and let it through."""
        self._message(record)
        self._traceback(record)
        for name, value in list(vars(record).items()):
            if name not in {"msg", "args", "exc_info"}:
                setattr(record, name, self._redactor.scrub_value(value))
        return True

    def _message(self, record: logging.LogRecord) -> None:
        if isinstance(record.msg, Mapping):  # structlog hands its event over as it is
            record.msg = self._redactor.scrub_value(record.msg)
            return
        message = record.getMessage()
        clean = self._redactor.scrub(message)
        if clean != message:
            record.msg, record.args = clean, None

    def _traceback(self, record: logging.LogRecord) -> None:
        if not record.exc_info:
            return
        text = self._formatter.formatException(record.exc_info)
        clean = self._redactor.scrub(text)
        if clean != text:  # fold it into the message: a later formatter would print the exception anew
            record.msg, record.args = f"{record.getMessage()}\n{clean}", None
            record.exc_info = record.exc_text = None


def _places(secret: str) -> Iterator[_Place]:
    """Give each form with where to look for it: at its beginning, and a long one at its end too."""
    cut = len(secret) >= 2 * _SHORTEST_END and "://" not in secret and not secret.startswith(("{", "["))
    for form in _forms(secret):
        yield form, 0, _SHORTEST_END if cut else len(form)
        if cut:
            yield form, len(form) - _SHORTEST_END, _SHORTEST_END


def _shared(one: str, other: str) -> int:
    """Count the characters that two texts begin with alike."""
    pairs = zip(one, other, strict=False)
    return next((count for count, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _match(places: tuple[_Place, ...], text: str, at: int, start: int) -> tuple[int, int]:
    """Give where the longest secret, or end of one, stands around ``at``, not before ``start``."""
    best = (at, at)
    for form, offset, least in places:
        shared = _shared(form[offset:], text[at : at + len(form) - offset])
        if shared < least:
            continue
        before = _shared(form[:offset][::-1], text[start:at][::-1]) if offset else 0
        if shared + before > best[1] - best[0]:
            best = (at - before, at + shared)
    return best


def parts(secret: str) -> set[str]:
    """Give a secret and what of it may show by itself: lines of a key, tokens in JSON, codes in addresses."""
    whole = {secret, secret.strip(), secret.replace("\\n", "\n").strip()}
    inside = {part for part in _inside(secret.strip()) if len(part) >= _SHORTEST_PART}
    return {part for part in whole | inside if len(part) >= SHORTEST}


def _inside(secret: str) -> Iterator[str]:
    lines = [line.strip() for line in secret.replace("\\n", "\n").splitlines()]
    if len(lines) > 1:
        body = [line for line in lines if not line.startswith("-----")]
        yield from ("".join(body), *(line for line in body if len(line) >= _SHORTEST_LINE))
    if secret.startswith(("{", "[")):
        try:
            yield from _leaves(json.loads(secret))
        except ValueError:
            return
    if "://" in secret:
        yield from _of_address(secret)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, str):
        yield value


def _of_address(address: str) -> Iterator[str]:
    """Give the password and every value asked with, as written and as meant."""
    try:
        found = urlsplit(address)
    except ValueError:
        return
    values = [value.partition("=")[2] for value in found.query.split("&")]
    for value in (found.password or "", *values):
        yield from (value, unquote(value))
    yield from (value for _, value in parse_qsl(found.query))


def _forms(secret: str) -> set[str]:
    raw = secret.encode()
    forms = {
        secret,
        repr(secret)[1:-1],
        repr(raw)[2:-1],
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
    }
    forms |= {form for text in _base64(raw) for form in (text, quote(text, safe=""))}
    return {form for form in forms if len(form) >= SHORTEST}


def _base64(raw: bytes) -> set[str]:
    """Give what base64 shows of ``raw`` wherever it lies in a longer text, in both alphabets.

    At each of the three offsets the characters shared with neighbours are cut off.
    """
    out: set[str] = set()
    for offset in range(3):
        padded = b"\0" * offset + raw
        start = -(-offset * 8 // 6)
        end = len(padded) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(padded).decode()[start:end]
            if len(text) >= _SHORTEST_CODED:
                out.add(text)
    return out
