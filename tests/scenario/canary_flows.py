"""What members do with secrets in their hands, each flow from a known start to a known end."""

import asyncio
import contextlib
import re
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.scenario.canary_house import CAPITALS, House, Person, rnd

LINKED = ("is linked and", "is connected again")
TOKEN = re.compile(r"[a-z]{2,6}_[\w-]{20,}|[A-Za-z0-9_-]{40,}")
TURNS = 14
HALF = "half linked:"


@dataclass(slots=True, kw_only=True)
class Told:
    """Say how a flow went for its member: what was shown last, and the failures shown on the way."""

    done: bool = False
    failures: list[str] = None
    silences: int = 0
    last: str = ""


class Linking:
    """Link an account by clicks and forms, and go on after whatever went wrong, as a patient member does."""

    def __init__(self, house: House, person: Person) -> None:
        self.house, self.person = house, person
        self.told = Told(failures=[])
        self.panel: Any = None

    async def run(
        self,
        turns: int = TURNS,
        tries: int = 3,
        path: str = "broker add",
        options: dict[str, str] | None = None,
    ) -> Told:
        """Go on until the account is linked, or patience is over."""
        person, sim = self.person, self.house.discord
        options = options or {"broker": person.broker}
        for _ in range(tries):
            await self.house.up()
            before = self._newest()
            ix = await sim.slash(person.user, self.house.channel, path, **options)
            if not await self._until(partial(self._begun, ix, before)) or self._newest() is before:
                self._note(ix)
                continue
            self.panel = self._newest()
            if await self._walk(turns):
                break
        self.told.last = self.panel.text if self.panel is not None else ""
        return self.told

    async def _walk(self, turns: int) -> bool:
        for _ in range(turns):
            await self.house.up()
            text = self.panel.text
            if any(words in text for words in LINKED):
                self.told.done = True
                return True
            if not self.panel.buttons and not self.panel.selects:
                return False
            edits = self.panel.edits
            ix = await self._act(text)
            if ix is None:
                return False
            moved = await self._until(partial(self._moved, ix, edits))
            if not moved or self._failed(ix):
                self._note(ix)
        return False

    def _begun(self, ix: Any, before: Any) -> bool:
        return (self._newest() is not before and bool(ix.messages)) or self._failed(ix)

    def _moved(self, ix: Any, edits: int) -> bool:
        return (self.panel.edits > edits and not self._busy()) or self._failed(ix)

    async def _act(self, text: str) -> Any:
        sim, person, panel = self.house.discord, self.person, self.panel
        if panel.selects and "paper or live" in text:
            return await sim.select(person.user, panel, panel.selects[0]["custom_id"], person.environment)
        if panel.selects:
            option = panel.selects[0]["options"][0]["value"]
            return await sim.select(person.user, panel, panel.selects[0]["custom_id"], option)
        for label in panel.buttons:
            if label.startswith(("Save", "Use it", "Try again")):
                return await sim.click(person.user, panel, label)
            if label.startswith(("I understand", "Enter", "Type")):
                return await self._fill(await sim.click(person.user, panel, label))
        return None

    async def _fill(self, ix: Any) -> Any:
        reply = await self.house.shown(ix)
        if reply is None or reply.kind != "modal":
            return ix
        asked = {field["custom_id"] for field in reply.modal.fields}
        values = {"word": "LIVE", **self.person.values}
        if "redirect_url" in asked:
            values |= self.house.fresh_code(self.person)
        typed = {key: value for key, value in values.items() if key in asked}
        secret = [v for k, v in typed.items() if k in (*self.person.secret, "redirect_url")]
        self.person.known += [value for value in secret if value not in self.person.known]
        return await self.house.discord.submit(self.person.user, ix, **typed)

    def _newest(self) -> Any:
        messages = self.house.discord.messages(self.house.discord.dm(self.person.user))
        return messages[-1] if messages else None

    def _busy(self) -> bool:
        return self.panel.text.startswith(("### Testing", "### Saving")) and "⚠" not in self.panel.text

    @staticmethod
    def _failed(ix: Any) -> bool:
        return bool(ix.followups) or any("wrong" in message.text for message in ix.messages)

    def _note(self, ix: Any) -> None:
        texts = [message.text for message in ix.messages]
        if texts:
            self.told.failures += texts
        else:
            self.told.silences += 1

    async def _until(self, probe: Any) -> bool:
        return await self.until(self.house, probe)

    @staticmethod
    async def until(house: House, probe: Any, timeout: float = 3.5) -> bool:
        with contextlib.suppress(TimeoutError):
            await house.discord._world.bell.until(probe, timeout)
            return True
        return False


async def linked_rightly(house: House, person: Person) -> str:
    """Say what is wrong with the member's accounts; empty when there is one, whole and usable."""
    accounts = await house.services.accounts.accounts(str(person.user.id))
    for account in accounts:
        opened = await house.services.accounts._deps.vault.open(
            user=account.user, broker=account.broker, account=account.id, sealed=account.sealed
        )
        wrong = [k for k in person.secret if opened.get(k).strip() != person.values[k].strip()]
        if wrong:
            return f"{HALF} {wrong}"
    return "" if len(accounts) == 1 else f"{len(accounts)} accounts"


async def remove_all(house: House, person: Person) -> None:
    """Take every account of the member away."""
    user = str(person.user.id)
    for account in await house.services.accounts.accounts(user):
        await house.services.care.remove(user, account.id)


class Flow:
    """Be one thing members do, to be done many times over, whatever goes wrong on the way."""

    broker = "alpaca"
    name = ""

    def __init__(self, house: House) -> None:
        self.house = house
        self.person: Person = house.member(self.broker)
        self.account = ""

    async def before(self) -> None:
        """Bring about what it starts from; nothing goes wrong here."""

    async def run(self) -> Told:
        """Do it."""
        raise NotImplementedError

    async def wrong(self) -> str:
        """Say what is not as it must be afterwards; empty when all is well."""
        return await linked_rightly(self.house, self.person)

    async def after(self) -> None:
        """Take away what came of it."""


class Link(Flow):
    """Link an account by clicks and forms."""

    async def run(self) -> Told:
        return await Linking(self.house, self.person).run()

    async def after(self) -> None:
        await remove_all(self.house, self.person)


class WrongKeys(Link):
    """Type keys that are refused, of odd alphabets, and right ones then."""

    TRIES = (
        {"secret_key": "a b\"c'd ñandú ✓ " + rnd(24)},
        {"secret_key": "pässwörd-✓-" + rnd(20), "key_id": "PK" + rnd(18, CAPITALS)},
        {"secret_key": rnd(9)},
        {"secret_key": rnd(30) + "\"'<&>%2F\\n{}`$(x)", "key_id": "PK" + rnd(18, CAPITALS)},
        {"secret_key": rnd(40), "key_id": rnd(12).lower() + "-" + rnd(8)},
    )

    async def run(self) -> Told:
        right = self.person.values
        told = Told(failures=[])
        for number, wrong in enumerate(self.TRIES):
            for key, value in wrong.items():
                self.house.net.add(f"wrong {key} {number}", value)
            self.person.values = {**right, **wrong}
            told = await Linking(self.house, self.person).run(turns=4, tries=1)
        self.person.values = right
        last = await Linking(self.house, self.person).run()
        last.silences += told.silences
        return last


class OnAccount(Flow):
    """Do something to a linked account with one command, and its button where it has one."""

    path, options, button = "", {}, ""

    async def before(self) -> None:
        user = str(self.person.user.id)
        accounts = await self.house.services.accounts.accounts(user)
        if len(accounts) != 1:
            await remove_all(self.house, self.person)
            told = await Linking(self.house, self.person).run()
            assert told.done, told
            accounts = await self.house.services.accounts.accounts(user)
        self.account = accounts[0].id

    async def run(self) -> Told:
        told = Told(failures=[])
        options = {k: v.format(account=self.account) for k, v in self.options.items()}
        ix = await self.house.discord.slash(self.person.user, self.house.channel, self.path, **options)
        reply = await self.house.shown(ix)
        if reply is not None and self.button and reply.message is not None:
            label = next((b for b in reply.buttons if b.startswith(self.button)), "")
            if not label:
                told.done = True
                told.failures.append(reply.text)
            else:
                before = reply.message.text
                ix = await self.house.discord.click(self.person.user, reply.message, label)
                told.done = await Linking.until(
                    self.house, lambda: ix.followups or reply.message.text != before
                )
                told.last = reply.message.text
        elif reply is not None:
            told.done, told.last = True, reply.text
        told.silences += not told.done
        return told


class Test(OnAccount):
    path, options = "broker test", {"account": "{account}"}


class Rename(OnAccount):
    path, options = "broker rename", {"account": "{account}", "name": "Another name"}


class Pause(OnAccount):
    path, options = "broker pause", {"account": "{account}"}


class Resume(OnAccount):
    path, options = "broker resume", {"account": "{account}"}

    async def before(self) -> None:
        await super().before()
        await self.house.services.care.pause(str(self.person.user.id), self.account)


class Buy(OnAccount):
    path, options = "buy", {"symbol": "AAPL", "quantity": "1", "type": "limit", "limit": "1.00"}


class Remove(OnAccount):
    path, options, button = "broker remove", {"account": "{account}"}, "Remove"

    async def wrong(self) -> str:
        accounts = await self.house.services.accounts.accounts(str(self.person.user.id))
        return await super().wrong() if accounts else ""


class Relink(OnAccount):
    """Give an account fresh keys."""

    async def run(self) -> Told:
        linking = Linking(self.house, self.person)
        return await linking.run(path="broker relink", options={"account": self.account})


class Tokens(Flow):
    """Make a token for the API, use it and withdraw it."""

    async def run(self) -> Told:
        told = Told(failures=[])
        ix = await self.house.discord.slash(self.person.user, self.house.channel, "api token")
        reply = await self.house.shown(ix)
        if reply is not None:
            told.last = reply.text
            found = TOKEN.search(reply.text)
            if found:
                self.house.shown_once.add(found[0])
                self.house.net.add(f"API token {len(self.house.net.names)}", found[0])
                self.person.known.append(found[0])
                for path in ("/api/gate", "/api/brokers/supported"):
                    await self.house.fetch(path, Authorization=f"Bearer {found[0]}")
                await self.house.fetch("/ws?token=" + found[0])
        told.done = reply is not None
        told.silences += reply is None
        gone = await self.house.command(self.person, "api revoke")
        told.silences += gone is None
        return told

    async def wrong(self) -> str:
        await self.house.services.tokens.revoke_all(str(self.person.user.id))
        self.person.known.clear()
        return ""


class Operator(Flow):
    """Look at the endpoints operators look at."""

    async def run(self) -> Told:
        token = self.house.process["METRICS_TOKEN"]
        for headers in ({"Authorization": f"Bearer {token}"}, {"Authorization": f"Bearer {token}x"}, {}):
            await self.house.fetch(
                "/metrics", **headers, **({"X-Forwarded-For": "8.8.8.8"} if headers else {})
            )
        for path in ("/health", "/livez", "/readyz", f"/no/{token[:20]}", f"/api/gate?token={token[:20]}"):
            await self.house.fetch(path)
        return Told(failures=[], done=True)

    async def wrong(self) -> str:
        return ""


class Restart(OnAccount):
    """Start the bot anew with an account that is linked: it has never seen the keys typed."""

    async def before(self) -> None:
        await super().before()
        await self.house.stop()

    async def run(self) -> Told:
        await self.house.start()
        deadline = self.house.clock.monotonic() + 3
        while self.house.clock.monotonic() < deadline:
            await self.house.up()
            with contextlib.suppress(Exception):
                (one,) = await self.house.services.care.overview(str(self.person.user.id))
                if one.connected:
                    break
            await asyncio.sleep(0.02)
        return Told(failures=[], done=True)


def of(kind: type[Flow], broker: str) -> type[Flow]:
    """Give a flow at another broker."""
    return type(kind.__name__, (kind,), {"broker": broker})


FLOWS: dict[str, type[Flow]] = {
    **{f"link {b}": of(Link, b) for b in ("alpaca", "kraken", "coinbasepro", "schwab", "ibkr", "moomoo")},
    "wrong keys": WrongKeys,
    **{f"relink {b}": of(Relink, b) for b in ("alpaca", "schwab", "coinbasepro")},
    **{f"test {b}": of(Test, b) for b in ("alpaca", "schwab", "kraken")},
    "rename": Rename,
    "pause": Pause,
    "resume": Resume,
    "buy": Buy,
    **{f"remove {b}": of(Remove, b) for b in ("alpaca", "schwab")},
    "API token": Tokens,
    "operator": Operator,
    **{f"restart {b}": of(Restart, b) for b in ("alpaca", "schwab", "kraken", "coinbasepro")},
}
