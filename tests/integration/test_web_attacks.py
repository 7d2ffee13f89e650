"""Five hundred misuses of links and sign-ins, drawn at random: each refused in plain words, none taken."""

import random
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest

from api.pages import session
from api.pages.session import Visitor
from api.pages.texts import TEXTS
from tests.integration.web_house import OURS, Browser, web_house
from tests.unit.wizard.linker import GOOD

SEED, PARTS, CASES = 20261122, 5, 100
FIELDS = {f"field-{key}": value for key, value in GOOD.items()}
KEYS = {"app_key": "K" * 32, "app_secret": "S" * 16}
TITLES = {words for key, words in TEXTS.items() if key.endswith(".title")}
FOREIGN = ("https://evil.example", "http://127.0.0.1", "https://127.0.0.1:1", "http://localhost", "null", "")


@dataclass
class Scene:
    """One link, made for one member, and how it looked before the attack."""

    house: object
    owner: object
    other: object
    kind: str
    link: str
    flow: str
    random: random.Random
    secret: str = ""
    """What would be used up: the link, or the state on the way back from a broker."""

    @property
    def token(self) -> str:
        return self.link.rsplit("/", 1)[1]

    async def browser(self, person) -> Browser:
        """A browser signed in as somebody, by way of a link of their own."""
        browser = self.house.browser()
        await browser.get(await self.house.form_link(self.flow, person))
        return await browser.sign_in(person)

    async def record(self):
        from wizard.door import digest

        return await self.house.store.passes.get(digest(self.secret))

    async def state(self):
        return await self.house.store.flows.get(self.flow)


def fields(scene: Scene) -> dict[str, str]:
    return dict(FIELDS) if scene.kind == "form" else {}


def altered(scene: Scene, text: str) -> str:
    """Change one character, or cut, or lengthen."""
    at = scene.random.randrange(len(text))
    swapped = "A" if text[at] != "A" else "B"
    ways = (text[:at] + swapped + text[at + 1 :], text[:at], text + swapped, text.swapcase(), "")
    return next(way for way in scene.random.sample(ways, len(ways)) if way != text)


def made_by(browser: Browser, token: str) -> str:
    """Make the proof that a browser's owner, who knows its cookie, can make for any link they know."""
    who = Visitor(user="", name="", cookie="", key=session._mixed("form", browser.cookies["__Host-dte"]))
    return session.proof(who, token)


async def proof(scene: Scene, browser: Browser) -> str:
    await browser.get(scene.link)
    return browser.form()[1]["proof"]


# Each attack gives the answer to what must be refused. The owner's own browser is ``mine``.


async def replayed(scene, mine):
    good = await proof(scene, mine)
    await mine.post(scene.link, {"proof": good, **fields(scene)})
    assert mine.status == 200, mine.page
    return await mine.post(scene.link, {"proof": good, **fields(scene)})


async def by_another_member(scene, mine):
    theirs = await scene.browser(scene.other)
    if scene.random.random() < 0.5:
        return await theirs.get(scene.link)
    stolen, made = await proof(scene, mine), made_by(theirs, scene.token)
    return await theirs.post(scene.link, {"proof": scene.random.choice((stolen, made)), **fields(scene)})


async def too_late(scene, mine):
    good = await proof(scene, mine)
    await scene.house.clock.advance(600 + scene.random.randrange(900))
    return await mine.post(scene.link, {"proof": good, **fields(scene)})


async def without_a_cookie(scene, mine):
    good = await proof(scene, mine)
    mine.cookies.clear()
    return await mine.post(scene.link, {"proof": good, **fields(scene)})


async def with_an_altered_cookie(scene, mine):
    good = await proof(scene, mine)
    mine.cookies["__Host-dte"] = altered(scene, mine.cookies["__Host-dte"])
    return await mine.post(scene.link, {"proof": good, **fields(scene)})


async def with_the_cookie_of_another_sign_in(scene, mine):
    good = await proof(scene, mine)
    second = await scene.browser(scene.owner)
    return await second.post(scene.link, {"proof": good, **fields(scene)})


async def without_a_proof(scene, mine):
    await proof(scene, mine)
    return await mine.post(scene.link, fields(scene))


async def with_an_altered_proof(scene, mine):
    return await mine.post(scene.link, {"proof": altered(scene, await proof(scene, mine)), **fields(scene)})


async def with_the_proof_of_another_link(scene, mine):
    elsewhere = await scene.house.form_link(scene.flow, scene.owner)
    if scene.kind == "form":
        await mine.get(elsewhere)
        wrong = mine.form()[1]["proof"]
    else:
        wrong = "0" * 64
    return await mine.post(scene.link, {"proof": wrong, **fields(scene)})


async def from_another_site(scene, mine):
    good = await proof(scene, mine)
    origin = scene.random.choice(FOREIGN)
    headers = {"Origin": origin} if origin else {"X-Nothing": "1"}
    if origin in {"null", ""} or scene.random.random() < 0.5:
        headers["Sec-Fetch-Site"] = scene.random.choice(("cross-site", "same-site", "none"))
    return await mine.post(scene.link, {"proof": good, **fields(scene)}, **headers)


async def by_a_get_with_the_fields_in_the_address(scene, mine):
    await mine.get(f"{scene.link}?proof={await proof(scene, mine)}&field-api_key=x")
    assert mine.status == 200, "it shows the page, and takes nothing"
    return await mine.get(f"{scene.link}x")


async def with_an_altered_link(scene, mine):
    wrong = "/link/" + altered(scene, scene.token)
    good = await proof(scene, mine)
    if scene.random.random() < 0.5:
        return await mine.get(wrong)
    return await mine.post(wrong, {"proof": good, **fields(scene)})


async def at_the_wrong_door(scene, mine):
    """A link is no state, no receipt and no session."""
    await mine.get(scene.link)
    where = scene.random.choice(
        (f"/done/{scene.token}", f"/oauth/schwab/callback?code=x&state={scene.token}")
    )
    return await mine.get(where)


# On the way back from a broker.


async def departed(scene, mine) -> str:
    """Go to the broker; give the state it must send back."""
    await mine.get(scene.link)
    await mine.send()
    scene.secret = parse_qs(urlsplit(mine.leads_to).query)["state"][0]
    return scene.secret


def back(state: str, broker: str = "schwab") -> str:
    return f"/oauth/{broker}/callback?code=C0.abc%40&session=1&state={state}"


async def state_replayed(scene, mine):
    state = await departed(scene, mine)
    await mine.get(back(state))
    assert mine.status == 200, mine.page
    return await mine.get(back(state))


async def state_in_another_members_browser(scene, mine):
    return await (await scene.browser(scene.other)).get(back(await departed(scene, mine)))


async def state_in_another_browser(scene, mine):
    second = await scene.browser(scene.owner)
    return await second.get(back(await departed(scene, mine)))


async def state_in_a_browser_nobody_knows(scene, mine):
    return await scene.house.browser().get(back(await departed(scene, mine)))


async def state_with_an_altered_cookie(scene, mine):
    state = await departed(scene, mine)
    mine.cookies["__Host-dte"] = altered(scene, mine.cookies["__Host-dte"])
    return await mine.get(back(state))


async def state_altered(scene, mine):
    return await mine.get(back(altered(scene, await departed(scene, mine))))


async def state_missing(scene, mine):
    await departed(scene, mine)
    return await mine.get("/oauth/schwab/callback?code=abc")


async def state_too_late(scene, mine):
    state = await departed(scene, mine)
    await scene.house.clock.advance(600 + scene.random.randrange(900))
    return await mine.get(back(state))


async def state_at_another_broker(scene, mine):
    state = await departed(scene, mine)
    return await mine.get(back(state, scene.random.choice(("alpaca", "paper", "nobody", "SCHWAB"))))


async def state_of_another_members_link(scene, mine):
    """The classic: the attacker's own state, put before the victim."""
    attackers = await scene.browser(scene.other)
    link = await scene.house.consent_link(await scene.house.at_consent(scene.other, **KEYS), scene.other)
    await departed(scene, mine)
    await attackers.get(link)
    await attackers.send()
    return await mine.get(back(parse_qs(urlsplit(attackers.leads_to).query)["state"][0]))


ANY_LINK = (
    *(replayed, by_another_member, too_late, without_a_cookie, with_an_altered_cookie),
    *(with_the_cookie_of_another_sign_in, without_a_proof, with_an_altered_proof),
    *(with_the_proof_of_another_link, from_another_site, with_an_altered_link, at_the_wrong_door),
)
FORMS = (*ANY_LINK, by_a_get_with_the_fields_in_the_address)
STATES = (
    *(state_replayed, state_in_another_members_browser, state_in_another_browser, state_missing),
    *(state_in_a_browser_nobody_knows, state_with_an_altered_cookie, state_altered, state_too_late),
    *(state_at_another_broker, state_of_another_members_link),
)
SPENT = (replayed, state_replayed)


def dealt(draw: random.Random) -> list[tuple[str, object]]:
    """Deal every attack on everything it is for, in a new order each round."""
    every = [
        *(("form", attack) for attack in FORMS),
        *(("consent", attack) for attack in ANY_LINK),
        *(("state", attack) for attack in STATES),
    ]
    rounds = -(-CASES // len(every))
    return [case for _ in range(rounds) for case in draw.sample(every, len(every))][:CASES]


async def set_up(house, kind: str, draw: random.Random) -> Scene:
    owner, other = draw.sample((house.ana, house.ben), 2)
    if kind == "form":
        flow = await house.at_keys(owner)
        link = await house.form_link(flow, owner)
    else:
        flow = await house.at_consent(owner, **KEYS)
        link = await house.consent_link(flow, owner)
    scene = Scene(house=house, owner=owner, other=other, kind=kind, link=link, flow=flow, random=draw)
    scene.secret = scene.token
    house.face.user = house.user(owner)
    return scene


async def run(scene: Scene, attack) -> None:
    for _ in range(scene.random.randrange(3)):
        await scene.house.browser().get(scene.link)  # robots that look at links
    mine = await scene.house.browser().get(scene.link)
    await mine.sign_in(scene.owner)
    before, tested, taken = await scene.state(), len(scene.house.linker.tested), len(scene.house.taken)
    answer = await attack(scene, mine)
    assert answer.status in {403, 404, 410}, answer.page
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.title in TITLES, answer.title
    assert "back" in answer.page.lower() or "sign in" in answer.page.lower(), "it says where to go on"
    for secret in GOOD.values():
        assert secret not in answer.page
    if attack in SPENT:
        spent = (len(scene.house.linker.tested) - tested, len(scene.house.taken) - taken)
        assert sum(spent) == (0 if scene.kind == "consent" else 1), "the first time counted, and only it"
        return
    assert not (await scene.record()).used, "what was refused used nothing up"
    assert (await scene.state()) == before, "and the flow stands where it stood"
    assert (len(scene.house.linker.tested), len(scene.house.taken)) == (tested, taken)


@pytest.mark.parametrize("part", range(PARTS))
async def test_five_hundred_misuses_are_refused_in_plain_words_and_take_nothing(part, tmp_path):
    print(f"seed {SEED + part}, {CASES} cases")  # noqa: T201
    draw, seen = random.Random(SEED + part), {}
    async with web_house(tmp_path) as house:
        leads = lambda asked: f"https://broker.example/authorize?state={asked.state}"  # noqa: E731
        object.__setattr__(house.manifests[0], "consent", leads)
        for number, (kind, attack) in enumerate(dealt(draw)):
            scene = await set_up(house, kind, random.Random(draw.random()))
            seen[attack.__name__, scene.kind] = seen.get((attack.__name__, scene.kind), 0) + 1
            try:
                await run(scene, attack)
            except AssertionError as error:
                raise AssertionError(f"seed {SEED + part}, case {number}: {attack.__name__}") from error
    assert sum(seen.values()) == CASES
    assert {name for name, _ in seen} == {each.__name__ for each in (*FORMS, *STATES)}, "all came up"


async def test_the_same_things_done_rightly_are_let_in(tmp_path):
    async with web_house(tmp_path) as house:
        leads = lambda asked: f"https://broker.example/authorize?state={asked.state}"  # noqa: E731
        object.__setattr__(house.manifests[0], "consent", leads)
        draw = random.Random(1)
        for kind in ("form", "state"):
            flow = await (house.at_keys() if kind == "form" else house.at_consent(**KEYS))
            link = await (house.form_link(flow) if kind == "form" else house.consent_link(flow))
            scene = Scene(
                house=house, owner=house.ana, other=house.ben, kind=kind, link=link, flow=flow, random=draw
            )
            mine = await (await house.browser().get(link)).sign_in(house.ana)
            if kind == "form":
                form = {"proof": await proof(scene, mine), **FIELDS}
                await mine.post(link, form, **(OURS if draw.random() < 0.5 else {"Origin": house.url}))
            else:
                await mine.get(back(await departed(scene, mine)))
            assert mine.title == "Done here. It goes on in Discord"
