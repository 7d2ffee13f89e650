"""Drive flows: start, answer, go back, cancel, and end those nobody finished."""

import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from domain.accounts import FlowState
from domain.broker import Credentials
from domain.errors import VaultError, VaultUnavailable
from domain.ids import UserId
from domain.ports import Clock, Repository, Vault
from wizard.flow import (
    Abort,
    Again,
    Context,
    Done,
    Finish,
    Flow,
    FlowRefused,
    Next,
    Outcome,
    Problem,
    Step,
    Stop,
    Turn,
)

LIFETIME = timedelta(minutes=30)
"""How long a flow waits for the next answer."""
SEALED_AS = "wizard"
"""The broker name half-done secrets are bound to; their account is the flow's id."""
_TRAIL = "@trail"
_ENDED = "@ended"


class FlowManager:
    """Keep half-done flows: each answer is durable before the next step is shown.

    Raises FlowRefused when the flow is gone, not theirs, busy, or already past the step answered. ``powers``
    is what the face found that the person may do, just now. ``hide`` is told every secret as it is typed, so
    that logs can mask it.
    """

    def __init__(
        self,
        flows: Iterable[Flow],
        store: Repository[FlowState],
        vault: Vault,
        clock: Clock,
        *,
        lifetime: timedelta = LIFETIME,
        hide: Callable[[str], None] | None = None,
        scrub: Callable[[str], str] = str,
    ) -> None:
        self._flows = {flow.name: flow for flow in flows}
        self._store = store
        self._vault = vault
        self._clock = clock
        self._lifetime = lifetime
        self._hide = hide
        self._scrub = scrub
        self._busy: set[str] = set()

    def flow(self, name: str) -> Flow:
        """Give a flow as it was declared."""
        return self._flows[name]

    async def start(
        self,
        flow: str,
        user: UserId,
        initial: Mapping[str, str] | None = None,
        powers: Collection[str] = (),
    ) -> Turn:
        """Begin a flow; ``initial`` answers let it skip what is known already."""
        now = self._clock.now()
        state = FlowState(
            id=secrets.token_hex(16),
            user=user,
            flow=flow,
            step="",
            created_at=now,
            expires_at=now + self._lifetime,
        )
        declared = self._flows[flow]
        asked = replace(state, answers=dict(initial or {}))
        _check_power(declared, asked.answers, powers)
        await self._store.insert(state)
        with self._alone(state.id), _vault_says():
            return await self._settle(declared, state, await declared.begin(self._context(asked)))

    async def show(self, flow_id: str, user: UserId, powers: Collection[str] = ()) -> Turn:
        """Show the step a flow is at, as after a restart."""
        state = await self._load(flow_id, user)
        flow, _ = self._declared(state, powers)
        return await self._render(flow, state, ())

    async def known(self, flow_id: str, user: UserId, step: str) -> Context:
        """Give what a flow at ``step`` knows so far, for a page that needs it to ask its question."""
        return self._context(await self._load(flow_id, user, step))

    async def answer(
        self,
        flow_id: str,
        user: UserId,
        step: str,
        values: Mapping[str, str],
        powers: Collection[str] = (),
    ) -> Turn:
        """Take what the person answered at ``step`` and show what comes next."""
        with self._alone(flow_id):
            state = await self._load(flow_id, user, step)
            flow, declared = self._declared(state, powers)
            try:
                with _vault_says():
                    return await self._settle(flow, state, await declared.take(self._context(state), values))
            except VaultError:
                return await self._end(state, Abort(reason="secrets_lost"))

    async def back(self, flow_id: str, user: UserId, step: str, powers: Collection[str] = ()) -> Turn:
        """Return to the question before ``step``."""
        with self._alone(flow_id):
            state = await self._load(flow_id, user, step)
            flow, _ = self._declared(state, powers)
            trail = _trail(state)
            if not trail:
                return await self._render(flow, state, ())
            earlier = self._move(state, trail[-1], state.answers)
            return await self._render(flow, await self._write(earlier), ())

    async def cancel(self, flow_id: str, user: UserId) -> Turn:
        """End a flow and drop what it held."""
        with self._alone(flow_id):
            state = await self._load(flow_id, user)
            return await self._end(state, Abort(reason="cancelled"))

    async def place(self, flow_id: str, channel: str, message: str) -> None:
        """Remember where a flow's panel is, so that it can be closed when nobody finishes it."""
        for _ in range(5):  # an answer may come in between
            state = await self._store.get(flow_id)
            if state is None:
                return
            if await self._store.compare_and_set(replace(state, channel=channel, message=message)):
                return

    async def whereabouts(self, flow_id: str) -> FlowState | None:
        """Give a flow's record, ended ones too: whose it is, and where its panel was put."""
        return await self._store.get(flow_id)

    async def sweep(self) -> Sequence[FlowState]:
        """Remove what has expired; give the half-done ones, whose panels should say so."""
        now = self._clock.now()
        closed = []
        for state in await self._store.find(order_by="expires_at"):
            if state.expires_at > now:
                break
            # Whoever answers at this very moment wins: then the record is newer than what was read.
            marked = await self._store.compare_and_set(replace(state, step=_ENDED, answers={}, sealed={}))
            if marked is not None:
                await self._drop(marked)
                closed.append(state)
        return [state for state in closed if state.step != _ENDED]

    # Inside.

    @contextmanager
    def _alone(self, flow_id: str) -> Iterator[None]:
        """Let one answer of a flow be worked on at a time: a double click is told so."""
        if flow_id in self._busy:
            raise FlowRefused("busy")
        self._busy.add(flow_id)
        try:
            yield
        finally:
            self._busy.discard(flow_id)

    async def _load(self, flow_id: str, user: UserId, step: str | None = None) -> FlowState:
        state = await self._store.get(flow_id)
        if state is None:
            raise FlowRefused("gone")
        if state.user != user:
            raise FlowRefused("not_yours")
        if state.step == _ENDED:
            raise FlowRefused("ended")
        if state.expires_at <= self._clock.now():
            await self._drop(state)
            raise FlowRefused("expired")
        if step is not None and step != state.step:
            raise FlowRefused("moved_on")
        return state

    def _declared(self, state: FlowState, powers: Collection[str]) -> tuple[Flow, Step]:
        flow = self._flows.get(state.flow)
        step = flow.steps.get(state.step) if flow else None
        if flow is None or step is None:
            raise FlowRefused("outdated")  # a newer version of the bot no longer has it
        _check_power(flow, state.answers, powers)
        return flow, step

    def _context(self, state: FlowState) -> Context:
        async def opened() -> Credentials:
            return await self._open(state)

        return Context(
            flow_id=state.id,
            user=state.user,
            answers={key: value for key, value in state.answers.items() if key != _TRAIL},
            created_at=state.created_at,
            secrets=opened,
        )

    async def _open(self, state: FlowState) -> Credentials:
        return await self._vault.open(
            user=state.user, broker=SEALED_AS, account=state.id, sealed=state.sealed
        )

    async def _settle(self, flow: Flow, state: FlowState, outcome: Outcome) -> Turn:
        match outcome:
            case Next():
                return await self._go(flow, state, outcome)
            case Again():
                kept = await self._write(replace(state, answers={**state.answers, **outcome.answers}))
                return await self._render(flow, kept, outcome.problems)
            case Finish():
                return await self._end(state, Done(params=outcome.params))
            case Stop():
                return await self._end(state, Abort(reason=outcome.reason, params=outcome.params))
            case _:
                assert_never(outcome)

    async def _go(self, flow: Flow, state: FlowState, onward: Next) -> Turn:
        before = {_TRAIL: state.answers.get(_TRAIL, "")} if onward.restart else state.answers
        moved = self._move(state, onward.step, {**before, **onward.answers})
        if onward.restart or onward.forget:
            moved = replace(moved, sealed={})
        moved = replace(moved, sealed=await self._seal(moved, onward.secrets))
        problems = (onward.problem,) if onward.problem else ()
        return await self._render(flow, await self._write(moved), problems)

    def _move(self, state: FlowState, step: str, answers: Mapping[str, str]) -> FlowState:
        """Change the step and the trail behind it, so that going back retraces what was really asked."""
        trail = _trail(state)
        flow = self._flows[state.flow]
        if step in trail:
            trail = trail[: trail.index(step)]
        elif state.step in flow.steps and flow.steps[state.step].stays and step != state.step:
            trail = (*trail, state.step)
        return replace(state, step=step, answers={**answers, _TRAIL: "/".join(trail)})

    async def _seal(self, state: FlowState, typed: Mapping[str, str]) -> Mapping[str, bytes]:
        """Seal new secrets together with those there, all under one fresh key."""
        if not typed:
            return state.sealed
        if self._hide is not None:
            for value in typed.values():
                self._hide(value)
        kept = {name: blob for name, blob in state.sealed.items() if name not in typed}
        opened = await self._open(replace(state, sealed=kept))
        fields = {**{name: opened[name] for name in opened}, **typed}
        return await self._vault.seal(user=state.user, broker=SEALED_AS, account=state.id, fields=fields)

    async def _write(self, state: FlowState) -> FlowState:
        fresh = replace(state, expires_at=self._clock.now() + self._lifetime)
        written = await self._store.compare_and_set(fresh)
        if written is None:
            raise FlowRefused("moved_on")
        return written

    async def _render(self, flow: Flow, state: FlowState, problems: tuple[Problem, ...]) -> Turn:
        step = flow.steps[state.step]
        result = await step.show(self._context(state))
        if isinstance(result, Abort):
            return await self._end(state, result)
        return Turn(
            flow_id=state.id,
            flow=state.flow,
            step=state.step,
            result=replace(result, problems=self._clean(problems + result.problems)),
            can_go_back=bool(_trail(state)),
        )

    def _clean(self, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """Mask secrets in what others said, such as a broker that repeats what it was sent."""
        return tuple(
            replace(each, params={name: self._scrub(text) for name, text in each.params.items()})
            for each in problems
        )

    async def _end(self, state: FlowState, result: Done | Abort) -> Turn:
        """Keep an empty mark until the time is up, so that a late click can be told the truth."""
        await self._write(replace(state, step=_ENDED, answers={}, sealed={}))
        await self._vault.forget(user=state.user, broker=SEALED_AS, account=state.id)
        return Turn(flow_id=state.id, flow=state.flow, step="", result=result)

    async def _drop(self, state: FlowState) -> None:
        await self._store.delete(state.id)
        await self._vault.forget(user=state.user, broker=SEALED_AS, account=state.id)


def _check_power(flow: Flow, answers: Mapping[str, str], powers: Collection[str]) -> None:
    """Refuse whoever is not, or no longer, allowed what the flow does."""
    if flow.power is not None and flow.power(answers) not in powers:
        raise FlowRefused("not_allowed")


@contextmanager
def _vault_says() -> Iterator[None]:
    """Tell that nothing changed while keys are away: the same answer works later."""
    try:
        yield
    except VaultUnavailable:
        raise FlowRefused("keys_away") from None


def _trail(state: FlowState) -> tuple[str, ...]:
    return tuple(step for step in state.answers.get(_TRAIL, "").split("/") if step)
