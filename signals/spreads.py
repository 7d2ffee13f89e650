"""Read two-legged option spreads: which strikes, which is bought and which is sold."""

from signals import lexicon as lex
from signals.build import Draft, legs
from signals.facts import Facts

_TWO = 2
_VERTICAL = frozenset(("spread", "spread_C", "spread_P"))


def put_legs(draft: Draft, facts: Facts, side: str) -> str | None:
    """Set the legs of a vertical; give the reason where several strikes are no vertical."""
    strikes = facts.contract.strikes
    structures = {t.details[lex.STRUCT] for t in facts.piece.tokens if t.roles & lex.STRUCT}
    if len(strikes) < _TWO:
        return "unsupported" if structures - _VERTICAL else None
    same_right = len({s.right for s in strikes}) == 1
    if len(strikes) > _TWO or not same_right or structures - _VERTICAL or strikes[0].right is None:
        return "unsupported"
    if not structures and strikes[0].at != strikes[1].at:
        return "contract_incomplete"
    if strikes[0].price == strikes[1].price:
        return "contract_incomplete"
    draft.put("legs", legs(facts, side == "short"), (strikes[0].start, strikes[1].end))
    return None
