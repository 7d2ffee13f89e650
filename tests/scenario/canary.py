"""Be the net: every dress a secret may come in, and a search of bytes for all of them at once."""

import base64
import html
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

import numpy as np

HEAD = 8
"""Bytes looked at first: nothing shorter is searched for."""
CHUNK = 1 << 20
PART = 20
"""The fewest characters at either end of a long secret that count as the secret."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Say which secret showed where, and in which dress."""

    secret: str
    dress: str
    where: str
    around: str

    def __str__(self) -> str:
        return f"{self.secret} as {self.dress} in {self.where}: {self.around}"


def dresses(secret: str) -> dict[bytes, str]:
    """Give every form to look for, and its name."""
    found: dict[bytes, str] = {}
    for text in _texts(secret):
        for name, form in _dressed(text):
            found.setdefault(form.encode("utf-8", "surrogatepass"), name)
    return {form: name for form, name in found.items() if len(form) >= HEAD}


def _texts(secret: str) -> Iterator[str]:
    """Give the secret, its lines where it has several, and both of its ends where it is long."""
    yield secret
    yield secret.strip()
    lines = [line for line in secret.splitlines() if not line.startswith("-----")]
    if len(lines) > 1:
        yield "".join(lines)
        yield from (line for line in lines if len(line) >= PART)
    elif len(secret) >= 2 * PART and " " not in secret:
        yield secret[:PART]
        yield secret[-PART:]


def _dressed(text: str) -> Iterator[tuple[str, str]]:
    raw = text.encode()
    plain = {
        "raw": text,
        "repr": repr(text)[1:-1],
        "ascii": ascii(text)[1:-1],
        "repr of bytes": repr(raw)[2:-1],
        "quoted repr": repr(repr(text))[1:-1],
        "JSON": json.dumps(text)[1:-1],
        "JSON, unicode": json.dumps(text, ensure_ascii=False)[1:-1],
        "HTML": html.escape(text),
        "HTML, text": html.escape(text, quote=False),
        "HTML, decimal": html.escape(text).replace("&#x27;", "&#39;"),
        "Markdown": "".join(f"\\{c}" if c in "*_`~|>[]()#-" else c for c in text),
        "header": text.encode().decode("latin-1"),
    }
    for name, form in plain.items():
        yield name, form
        yield f"{name} in JSON", json.dumps(form)[1:-1]
        yield f"{name} in JSON, unicode", json.dumps(form, ensure_ascii=False)[1:-1]
    for name, form in {
        "URL": quote(text),
        "URL, all": quote(text, safe=""),
        "URL+": quote_plus(text),
    }.items():
        yield name, form
        yield f"{name}, lower", _lower(form)
    yield "hex", raw.hex()
    yield "HEX", raw.hex().upper()
    for form in _base64(raw):
        yield "base64", form
        yield "base64 in URL", quote(form, safe="")
    yield "base64 of base64", base64.b64encode(base64.b64encode(raw)).decode().rstrip("=")[:-2]


def _lower(quoted: str) -> str:
    """Write the percent codes in small letters."""
    head, *rest = quoted.split("%")
    return head + "".join(f"%{part[:2].lower()}{part[2:]}" for part in rest)


def _base64(raw: bytes) -> Iterator[str]:
    """Give what base64 shows of it at each offset, without what it shares with its neighbours."""
    for offset in range(3):
        padded = bytes(offset) + raw
        start, end = -(-offset * 8 // 6), len(padded) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(padded).decode()[start:end]


class Net:
    """Search bytes for every secret it was told of."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.searched = 0
        self.hits: list[Hit] = []
        self._forms: dict[bytes, tuple[str, str]] = {}
        self._by_head: dict[int, list[bytes]] = defaultdict(list)
        self._heads = np.zeros(0, dtype=np.uint64)

    @property
    def forms(self) -> int:
        """Give how many forms are looked for."""
        return len(self._forms)

    def add(self, name: str, secret: str) -> None:
        """Look for a secret from now on."""
        if secret in self.names.values():
            return
        self.names[name] = secret
        for form, dress in dresses(secret).items():
            if form not in self._forms:
                self._forms[form] = (name, dress)
                self._by_head[_number(form[:HEAD])].append(form)
        self._heads = np.array(sorted(self._by_head), dtype=np.uint64)

    def search(self, where: str, content: bytes | str) -> list[Hit]:
        """Look through it all; give what was found, and remember it."""
        blob = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        self.searched += len(blob)
        hits = [self._hit(where, blob, at, form) for at, form in self._found(blob)]
        self.hits += hits
        return hits

    def _found(self, blob: bytes) -> Iterable[tuple[int, bytes]]:
        for start in range(0, max(0, len(blob) - HEAD + 1), CHUNK):
            part = np.frombuffer(blob[start : start + CHUNK + HEAD - 1], dtype=np.uint8)
            numbers = np.zeros(len(part) - HEAD + 1, dtype=np.uint64)
            for place in range(HEAD):
                numbers = (numbers << np.uint64(8)) | part[place : place + len(numbers)]
            at = np.searchsorted(self._heads, numbers)
            at[at == len(self._heads)] = 0
            for index in np.flatnonzero(self._heads[at] == numbers) if len(self._heads) else ():
                for form in self._by_head[int(numbers[index])]:
                    if blob.startswith(form, start + int(index)):
                        yield start + int(index), form
                        break

    def _hit(self, where: str, blob: bytes, at: int, form: bytes) -> Hit:
        secret, dress = self._forms[form]
        before = blob[max(0, at - 160) : at].decode("utf-8", "replace")
        return Hit(secret, dress, where, f"{before}<{len(form)} bytes>")


def _number(head: bytes) -> int:
    return int.from_bytes(head, "big")
