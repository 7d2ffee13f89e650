"""Know how one gets in at a broker: by keys, by the broker's own sign-in, or by both."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.accounts import Environment
from domain.broker import BrokerManifest, FieldSpec
from wizard.flows.linking import asks_for_keys
from wizard.texts import say
from wizard.web import WebDoor

PAGE = 5
"""Fields a form can hold (reference/discord.md section 8: five top-level components in a modal)."""
WORD = "word"
"""The field that live trading is confirmed in."""
SIGN_IN, KEYS = "signin", "keys"
Answers = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Tell what to ask and which step is next. Answers with ``account`` are about one that is there."""

    door: WebDoor | None = None

    def signs_in(self, manifest: BrokerManifest) -> bool:
        """Tell whether the broker's own sign-in can be led to from here."""
        return manifest.consent is not None and self.door is not None and self.door.leads_to(manifest.slug)

    def has_choice(self, manifest: BrokerManifest) -> bool:
        """Tell whether keys may be typed instead of signing in: where the operator's own app leads there."""
        return manifest.consent_app and self.signs_in(manifest)

    def fields(self, manifest: BrokerManifest, answers: Answers) -> tuple[FieldSpec, ...]:
        """Give what is asked for, in order; the typed confirmation first, where it fits into one form."""
        asked = self._keys(manifest, answers)
        return (word(), *asked) if needs_word(answers) and len(asked) < PAGE else asked

    def page(self, manifest: BrokerManifest, answers: Answers, page: int) -> tuple[FieldSpec, ...]:
        """Give what one form asks for."""
        return self.fields(manifest, answers)[page * PAGE : (page + 1) * PAGE]

    def first(self, manifest: BrokerManifest, answers: Answers) -> str:
        """Name the step after the environment is known."""
        if not asks_for_keys(manifest):
            return "test"
        return "way" if self.has_choice(manifest) else self.to_keys(manifest, answers)

    def to_keys(self, manifest: BrokerManifest, answers: Answers) -> str:
        """Name the step at which keys are typed, or what must come before."""
        alone = needs_word(answers) and len(self._keys(manifest, answers)) >= PAGE
        return "confirm_live" if alone else "credentials"

    def to_sign_in(self, manifest: BrokerManifest, answers: Answers) -> str:
        """Name the step that leads to the broker's sign-in, or what must come before."""
        if not self.signs_in(manifest):
            return "credentials"
        return "confirm_live" if needs_word(answers) else "authorize"

    def after_keys(self, manifest: BrokerManifest) -> str:
        """Name the step after keys were typed: a member's own app still wants their sign-in."""
        return "authorize" if self.signs_in(manifest) and not manifest.consent_app else "test"

    def _keys(self, manifest: BrokerManifest, answers: Answers) -> tuple[FieldSpec, ...]:
        asked = list(manifest.fields)
        given_by_sign_in = [spec for spec in asked if spec.secret and not spec.required]
        if manifest.consent_app or self.signs_in(manifest):
            asked = [spec for spec in asked if spec not in given_by_sign_in]
        if "account" not in answers:
            return tuple(asked)
        if answers.get("way") == SIGN_IN and given_by_sign_in:
            return tuple(given_by_sign_in)
        return tuple(spec for spec in asked if spec.secret) or tuple(asked)


def needs_word(answers: Answers) -> bool:
    """Tell whether live trading is still to be confirmed."""
    live = answers.get("environment") == Environment.LIVE
    return live and "account" not in answers and "confirmed" not in answers


def word() -> FieldSpec:
    """Give the field that takes the word LIVE."""
    return FieldSpec(
        key=WORD,
        label=say("link_account.confirm_live.word"),
        help=say("link_account.confirm_live.word_help"),
        secret=False,
        pattern="LIVE",
        pattern_hint=say("link_account.confirm_live.word_hint"),
        max_length=10,
    )
