"""Secrets learnt while the process runs: whatever of them may show by itself is masked."""

import json
from pathlib import Path

import pytest

from sim.clock import DrivenClock
from vault.keys import KeyFile
from vault.redact import MASK, MOST_GLIMPSED, Redactor, parts
from vault.vault import EnvelopeVault

LINES = ("MHcCAQEEIOWCanaryCanaryCanaryCanary", "AwEHoUQDQgAEcAnArYcAnArYcAnArYcAnArY")
PEM = "\n".join(("-----BEGIN EC PRIVATE KEY-----", *LINES, "-----END EC PRIVATE KEY-----", ""))
TOKEN = {
    "creation_timestamp": 1,
    "token": {
        "access_token": "I0.canary-of-the-access",
        "refresh_token": "R1.canary-of-the-refresh",
        "token_type": "Bearer",
    },
}
ADDRESS = "https://127.0.0.1/back?code=C0.canarycode%40&session=canary-session&x=1"


@pytest.fixture
def redactor() -> Redactor:
    return Redactor()


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("  padded-secret \n", "padded-secret"),
        (PEM, PEM.strip()),
        (PEM, LINES[0]),
        (PEM, "".join(LINES)),
        (PEM.replace("\n", "\\n"), PEM),
        (json.dumps(TOKEN), "I0.canary-of-the-access"),
        (json.dumps(TOKEN), json.dumps(TOKEN["token"])),
        (json.dumps(TOKEN), repr(TOKEN)),
        (ADDRESS, "C0.canarycode@"),
        (ADDRESS, "C0.canarycode%40"),
        (ADDRESS, "canary-session"),
        ("mongodb://bot:p%40ss-canary@db.example/x", "p@ss-canary"),
        ("redis://:p%40ss-canary@cache:6379/0", "p%40ss-canary"),
    ],
)
def test_what_a_secret_is_made_of_is_masked_as_well(redactor: Redactor, secret: str, shown: str):
    redactor.learn(secret)
    clean = redactor.scrub(f"refused: {shown}.")
    assert MASK in clean
    for piece in ("padded", *LINES, "canary"):
        assert piece not in clean


def test_the_plain_words_around_a_secret_are_not_secrets():
    assert not set(parts(json.dumps(TOKEN))) & {"Bearer", "access_token", "1"}
    assert not {part for part in parts(PEM) if part.startswith("-----") and "\n" not in part}
    assert "db.example" not in set(parts("mongodb://bot:p%40ss-canary@db.example/x"))


def test_what_is_learnt_is_forgotten_when_there_is_too_much_of_it_and_what_is_configured_never_is():
    redactor = Redactor(most=3)
    redactor.register("the-bot-token")
    for number in range(4):
        redactor.learn(f"secret-number-{number}")
        redactor.learn("secret-number-0")  # used again and again
    kept = redactor.scrub("the-bot-token secret-number-0 secret-number-1 secret-number-2 secret-number-3")
    assert kept == f"{MASK} {MASK} secret-number-1 {MASK} {MASK}"
    redactor.learn("secret-number-1")
    assert redactor.scrub("secret-number-1") == MASK


def test_forgetting_leaves_nothing_behind():
    redactor = Redactor(most=1)
    for number in range(100):
        redactor.learn(f"a-secret-{number:03d}")
    assert sum(len(forms) for forms in redactor._heads.values()) < 20


async def test_whatever_the_vault_seals_or_opens_is_learnt_first(tmp_path: Path):
    heard: list[str] = []
    key = KeyFile.create(tmp_path / "key")
    vault = EnvelopeVault(key, DrivenClock(), hide=heard.append)
    whose = {"user": "1", "broker": "alpaca", "account": "a"}
    sealed = await vault.seal(**whose, fields={"key": "a-key-of-ana"})
    assert heard == ["a-key-of-ana"]
    anew: list[str] = []
    opening = EnvelopeVault(key, DrivenClock(), hide=anew.append)
    await opening.open(**whose, sealed=sealed)
    assert anew == ["a-key-of-ana"], "a process that did not see it typed masks it as well"


@pytest.mark.parametrize("cut", ["{}...", "{:.22}...", "...{tail}", "x{tail}'", "{:.14}...{tail}!"])
def test_the_ends_of_a_secret_that_a_library_cut_short_are_masked(redactor: Redactor, cut: str):
    secret = "Kq7canary-of-a-long-secret-key-8Zx1"
    redactor.learn(secret)
    clean = redactor.scrub("input_value='" + cut.format(secret, tail=secret[-20:]))
    assert clean == "input_value='" + cut.format(MASK, tail=MASK)


def test_what_only_begins_like_a_secret_is_left(redactor: Redactor):
    redactor.learn("Kq7canary-of-a-long-secret-key-8Zx1")
    redactor.learn("https://127.0.0.1/back?code=canary-code")
    assert redactor.scrub("Kq7canary at https://127.0.0.1/back") == "Kq7canary at https://127.0.0.1/back"


def test_what_strangers_send_is_masked_but_pushes_out_nothing_that_members_typed(redactor: Redactor):
    redactor.learn("typed-by-a-member")
    redactor.glimpse("sent-by-somebody")
    assert redactor.scrub("sent-by-somebody") == MASK
    for number in range(MOST_GLIMPSED):
        redactor.glimpse(f"flood-number-{number:05d}")
    assert redactor.scrub("sent-by-somebody") == "sent-by-somebody"
    assert redactor.scrub("typed-by-a-member") == MASK


def test_a_secret_met_both_ways_stays_masked_while_either_holds(redactor: Redactor):
    redactor.glimpse("first-glimpsed-then-typed")
    redactor.learn("first-glimpsed-then-typed")
    for number in range(MOST_GLIMPSED):
        redactor.glimpse(f"flood-number-{number:05d}")
    assert redactor.scrub("first-glimpsed-then-typed") == MASK
    redactor.register("first-glimpsed-then-typed")
    assert redactor.scrub("first-glimpsed-then-typed") == MASK
