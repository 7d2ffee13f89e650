"""Say what a flow is: declared steps, what each shows, and what an answer leads to.

Nothing here knows how a person is reached. Words are keys into wizard/texts.py.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from domain.broker import Credentials, FieldSpec
from domain.errors import DomainError
from domain.ids import UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Tell what is wrong, or worth knowing; words at ``problem.<key>``. No ``about`` means the whole step."""

    key: str
    about: str = ""
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Offer one choice; label and help are words ready to show."""

    value: str
    label: str
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Ask for fields together. ``values`` holds what was typed before, never a secret."""

    fields: tuple[FieldSpec, ...]
    values: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """Ask for one of several; answered as ``{"choice": value}``."""

    options: tuple[Option, ...]
    problems: tuple[Problem, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class External:
    """Send the person to a page; answered as ``{}`` when they come back."""

    url: str
    problems: tuple[Problem, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Work for a moment: the face answers ``{}`` at once, or lets the person retry after a problem."""

    problems: tuple[Problem, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """End well; words at ``done.<flow>``."""

    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort:
    """End without a result; words at ``abort.<reason>``."""

    reason: str
    params: Mapping[str, str] = field(default_factory=dict)


Screen: TypeAlias = Form | Menu | External | Progress
Result: TypeAlias = Screen | Done | Abort


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """Go on to ``step``, keeping ``answers`` and sealing ``secrets``.

    ``restart`` drops all answers and secrets of before; ``forget`` only the secrets.
    """

    step: str
    answers: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    problem: Problem | None = None
    restart: bool = False
    forget: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Show the same step with what is wrong, keeping the ``answers`` that were right or can be shown."""

    problems: tuple[Problem, ...]
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """End well."""

    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """End without a result."""

    reason: str
    params: Mapping[str, str] = field(default_factory=dict)


Outcome: TypeAlias = Next | Again | Finish | Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Hand a step what is known so far. ``secrets`` opens what was sealed, only when called."""

    flow_id: str
    user: UserId
    answers: Mapping[str, str]
    created_at: datetime
    secrets: Callable[[], Awaitable[Credentials]]


Show: TypeAlias = Callable[[Context], Awaitable[Screen | Abort]]
Take: TypeAlias = Callable[[Context, Mapping[str, str]], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Declare one step: the kind of screen, how it looks, and what an answer does.

    Its words are at ``<flow>.<step>.title`` and ``.body``; forms have ``.open`` and menus ``.pick`` beside.
    """

    kind: type[Form] | type[Menu] | type[External] | type[Progress]
    show: Show
    take: Take

    @property
    def stays(self) -> bool:
        """Tell whether "back" may return here: not to a moment of work."""
        return self.kind is not Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Declare a flow. ``begin`` looks at the answers it was started with and says where to start."""

    name: str
    begin: Callable[[Context], Awaitable[Next | Stop]]
    steps: Mapping[str, Step]
    here: bool = False
    """Shown where it was asked for instead of in private: it picks from what is there."""
    power: Callable[[Mapping[str, str]], str] | None = None
    """Names, from its answers, what whoever answers must be allowed to do, each time anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Give a face all it needs for one panel. ``step`` is empty once the flow has ended."""

    flow_id: str
    flow: str
    step: str
    result: Result
    can_go_back: bool = False


class FlowRefused(DomainError):
    """Refuse an answer; words at ``refused.<key>``. The flow stays as it was."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key
