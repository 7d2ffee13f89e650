"""Let a server's owner make a channel a source of signals."""

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.accounts import Source
from domain.broker import FieldSpec
from domain.errors import InvalidValue
from domain.ids import ChannelId, GuildId, UserId
from wizard.fields import check
from wizard.flow import Again, Context, Finish, Flow, Form, Menu, Next, Option, Outcome, Problem, Step
from wizard.texts import say

NAME = "source"
MOST_AUTHORS = 10
_ID = r"\d{15,20}"


class SourceKeeper(Protocol):
    """Be what sources need of the verbs (trading/service.py)."""

    async def sources(self, guild: GuildId) -> Sequence[Source]:
        """List a server's sources."""

    async def add_source(
        self,
        guild: GuildId,
        channel: ChannelId,
        *,
        authors: Sequence[str],
        webhooks: Sequence[str],
        by: UserId,
    ) -> Source:
        """Make a channel a source, or add authors to one. Raises InvalidValue."""


def manages(answers: Mapping[str, str]) -> str:
    """Name the power to manage the server a flow is about."""
    return f"manage:{answers.get('guild', '')}"


class SourceSetup:
    """Ask for a channel and for whose messages there are signals; look; save."""

    def __init__(self, service: SourceKeeper) -> None:
        self._service = service

    def flow(self) -> Flow:
        """Declare the flow; it is started with ``guild``."""
        steps = {
            "who": Step(kind=Form, show=_show_who, take=_take_who),
            "review": Step(kind=Menu, show=self._show_review, take=self._take_review),
        }
        return Flow(name=NAME, begin=_begin, steps=steps, here=True, power=manages)

    async def _show_review(self, ctx: Context) -> Menu:
        known = await self._service.sources(GuildId(ctx.answers["guild"]))
        there = any(source.channel == ctx.answers["channel"] for source in known)
        return Menu(
            options=(Option(value="save", label=say("source.review.save")),),
            problems=(Problem(key="source_known"),) if there else (),
            params=_shown(ctx.answers),
        )

    async def _take_review(self, ctx: Context, values: Mapping[str, str]) -> Outcome:
        answers = ctx.answers
        try:
            source = await self._service.add_source(
                GuildId(answers["guild"]),
                ChannelId(answers["channel"]),
                authors=answers["authors"].split(),
                webhooks=answers["webhooks"].split(),
                by=ctx.user,
            )
        except InvalidValue as error:
            return Next(step="who", problem=Problem(key="not_saved", params={"text": str(error)}))
        authors, webhooks = " ".join(source.authors), " ".join(source.webhooks)
        return Finish(params=_shown({**answers, "authors": authors, "webhooks": webhooks}))


async def _begin(ctx: Context) -> Next:
    known = {key: ctx.answers[key] for key in ("guild", "channel") if key in ctx.answers}
    return Next(step="who", answers=known)


async def _show_who(ctx: Context) -> Form:
    return Form(
        fields=fields(), values={spec.key: ctx.answers.get(spec.key, spec.default) for spec in fields()}
    )


async def _take_who(ctx: Context, values: Mapping[str, str]) -> Outcome:
    hooks = " ".join(re.split(r"[\s,;]+", values.get("webhooks", "").strip()))
    checked = check(fields(), {**values, "webhooks": hooks})
    if checked.problems:
        return Again(problems=checked.problems, answers=checked.plain)
    if not checked.plain["authors"] and not checked.plain["webhooks"]:
        return Again(problems=(Problem(key="nobody_chosen"),), answers=checked.plain)
    return Next(step="review", answers=checked.plain)


def _shown(answers: Mapping[str, str]) -> Mapping[str, str]:
    """Point at channel and authors as Discord shows them."""
    people = [f"<@{one}>" for one in answers["authors"].split()]
    hooks = [say("source.review.webhook", id=one) for one in answers["webhooks"].split()]
    return {"channel": f"<#{answers['channel']}>", "authors": ", ".join((*people, *hooks))}


def fields() -> tuple[FieldSpec, ...]:
    """Give what is asked for."""
    return (
        FieldSpec(
            key="channel",
            label=say("source.who.channel"),
            help=say("source.who.channel_help"),
            secret=False,
            pattern=_ID,
            entity="channel",
        ),
        FieldSpec(
            key="authors",
            label=say("source.who.authors"),
            help=say("source.who.authors_help"),
            secret=False,
            required=False,
            pattern=rf"{_ID}( {_ID})*",
            max_length=21 * MOST_AUTHORS,
            entity="user",
            most=MOST_AUTHORS,
        ),
        FieldSpec(
            key="webhooks",
            label=say("source.who.webhooks"),
            help=say("source.who.webhooks_help"),
            secret=False,
            required=False,
            pattern=rf"{_ID}( {_ID})*",
            pattern_hint=say("source.who.webhooks_hint"),
            max_length=210,
        ),
    )
