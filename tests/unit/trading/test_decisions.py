from datetime import timedelta
from decimal import Decimal

import pytest

from domain.accounts import Environment, GuildSettings, RiskLimits
from domain.instruments import OptionContract, OptionRight
from domain.orders import Side
from domain.signals import Reading, ReadingKind
from domain.tiers import Tier, TierRules
from tests.unit.trading.builders import BTC, MSFT, NOW, part, trade
from trading import amend, risk, sizing
from trading.config import GateConfig
from trading.denial import DeniedByUs
from trading.entitlements import Facts, Standing, decide, in_beta, tier_of, within

D = Decimal


FREE = Standing(tier=Tier.FREE, set_up=True)
BASIC = Standing(tier=Tier.BASIC, set_up=True)
UNKNOWN = Standing(tier=None, set_up=True)
NOT_SOLD = Standing(tier=Tier.FREE, set_up=False)


def facts(**changes):
    values = {
        "user": "1",
        "broker": "alpaca",
        "environment": Environment.LIVE,
        "standing": Standing(tier=Tier.PREMIUM, set_up=True),
    }
    return Facts(**{**values, **changes})


@pytest.mark.parametrize(
    ("gate", "changes", "code"),
    [
        (GateConfig(), {}, ""),
        (GateConfig(), {"standing": BASIC}, ""),
        (GateConfig(), {"standing": FREE}, "premium_needed"),
        (GateConfig(), {"standing": UNKNOWN}, "roles_unknown"),
        (GateConfig(), {"standing": NOT_SOLD}, "premium_not_set_up"),
        (GateConfig(premium_only=False), {"standing": FREE}, ""),
        (GateConfig(), {"environment": Environment.PAPER, "standing": FREE}, ""),
        (GateConfig(integrations_enabled=False), {}, "integrations_disabled"),
        (GateConfig(integrations_enabled=False), {"broker": "paper"}, ""),
        (GateConfig(allowed_brokers=frozenset({"kraken"})), {}, "broker_not_allowed"),
        (GateConfig(integrations_enabled=False), {"opening": False}, ""),
        (GateConfig(), {"standing": FREE, "opening": False}, ""),
        (GateConfig(beta_brokers=frozenset({"alpaca"})), {}, "beta_only"),
        (GateConfig(beta_brokers=frozenset({"alpaca"}), beta_users=frozenset({"1"})), {}, ""),
        (GateConfig(beta_brokers=frozenset({"alpaca"}), beta_percent=100), {}, ""),
        (GateConfig(beta_brokers=frozenset({"alpaca"})), {"opening": False}, ""),
    ],
)
def test_the_gate_opens_for_whom_it_should_and_says_what_would_open_it(gate, changes, code):
    verdict = decide(gate, facts(**changes))
    assert verdict.code == code
    assert verdict.allowed == (code == "")
    assert bool(verdict.reason) == bool(code)


def test_a_denial_names_the_memberships_that_would_do():
    gate = GateConfig()
    assert "basic, pro or premium membership" in decide(gate, facts(standing=FREE)).reason
    only_top = GateConfig(tiers={t: TierRules(live=t is Tier.PREMIUM) for t in Tier})
    assert "needs the premium membership" in decide(only_top, facts(standing=FREE)).reason


@pytest.mark.parametrize("kind", ["accounts", "sources", "followers", "signals_per_day"])
def test_a_count_is_taken_up_to_its_most_and_not_one_further(kind):
    gate = GateConfig()
    most = getattr(gate.tiers[Tier.FREE], kind)
    assert within(gate, FREE, kind, most - 1).allowed
    refused = within(gate, FREE, kind, most)
    assert refused.code == f"tier_{kind}"
    assert str(most) in refused.reason
    assert "basic, pro or premium" in refused.reason
    assert within(gate, NOT_SOLD, kind, most).allowed
    assert within(gate, UNKNOWN, kind, most).allowed
    assert within(gate, Standing(tier=Tier.PREMIUM, set_up=True), kind, 10**9).allowed


def test_the_highest_of_several_roles_counts():
    server = GuildSettings(id="g", premium_roles=("gold",), pro_roles=("silver",), basic_roles=("iron",))
    assert tier_of(server, {"iron", "gold"}) is Tier.PREMIUM
    assert tier_of(server, {"iron", "silver"}) is Tier.PRO
    assert tier_of(server, {"iron"}) is Tier.BASIC
    assert tier_of(server, {"wood"}) is Tier.FREE


def test_a_rollout_lets_in_about_its_share_and_never_lets_anybody_out_again():
    users = [str(10**17 + n) for n in range(2000)]
    let_in = set()
    for percent in (10, 30, 80):
        gate = GateConfig(beta_brokers=frozenset({"kraken"}), beta_percent=percent)
        now = {user for user in users if in_beta(gate, "kraken", user)}
        assert let_in <= now
        assert abs(len(now) / len(users) - percent / 100) < 0.04
        let_in = now


def entry(**changes):
    values = {
        "signal": "s2",
        "symbol": "MSFT",
        "side": Side.BUY,
        "notional": D(500),
        "currency": "USD",
        "posted_at": NOW,
    }
    return risk.Entry(**{**values, **changes})


def refusal(check, *arguments):
    with pytest.raises(DeniedByUs) as no:
        check(*arguments)
    return no.value.denial.code


def test_an_order_at_the_limit_passes_and_one_cent_more_does_not():
    limits = RiskLimits(id="x")
    risk.check_entry(entry(notional=D(1000)), limits, [], NOW)
    assert refusal(risk.check_entry, entry(notional=D("1000.01")), limits, [], NOW) == (
        "over_max_order_notional"
    )


def test_one_position_too_many_is_refused():
    limits = RiskLimits(id="x", max_open_positions=2)
    others = [trade(part(), id=f"t{n}", signal=f"o{n}", symbol=f"S{n}") for n in range(2)]
    assert refusal(risk.check_entry, entry(), limits, others, NOW) == "too_many_positions"
    risk.check_entry(entry(), limits, others[:1], NOW)


def test_the_same_symbol_and_side_within_the_window_is_a_repeat_and_after_it_is_not():
    limits = RiskLimits(id="x")
    earlier = [trade(part(), signal="other")]
    assert refusal(risk.check_entry, entry(), limits, earlier, NOW + timedelta(seconds=59)) == "duplicate"
    risk.check_entry(entry(), limits, earlier, NOW + timedelta(seconds=60))
    risk.check_entry(entry(side=Side.SELL), limits, earlier, NOW)


def test_a_signal_older_than_its_limit_is_refused():
    risk.check_age(NOW, NOW + timedelta(seconds=30), 30)
    assert refusal(risk.check_age, NOW, NOW + timedelta(seconds=31), 30) == "signal_too_old"


def test_a_size_buys_whole_shares_rounded_down_and_says_so_when_it_buys_none():
    assert sizing.quantity(MSFT, D(1000), D("412.50"), whole=True) == D(2)
    assert refusal(lambda: sizing.quantity(MSFT, D(400), D("412.50"), whole=True)) == "too_small"


def test_coins_are_bought_in_their_own_steps():
    assert sizing.quantity(BTC, D(1000), D(64000), whole=False) == D("0.0156")


def test_a_quantity_is_split_over_its_targets_without_losing_a_share():
    parts = sizing.slices(D(11), D(1), (D(425), D(440), D(450)), D(405))
    assert [p.quantity for p in parts] == [D(5), D(3), D(3)]
    assert [p.target for p in parts] == [D(425), D(440), D(450)]
    assert all(p.stop == D(405) for p in parts)


def test_with_fewer_shares_than_targets_the_first_targets_win():
    assert [p.target for p in sizing.slices(D(1), D(1), (D(425), D(440)), None)] == [D(425)]


def test_a_trim_takes_the_nearest_targets_first_and_is_never_nothing():
    parts = sizing.slices(D(3), D(1), (D(425), D(440)), D(405))
    assert [p.hold for p in sizing.trim(parts, D("0.5"), D(1))] == [D(0), D(1)]
    assert sum(p.hold for p in sizing.trim(parts, D("0.01"), D(1))) == D(2)


def exit_of(symbol, **changes):
    return Reading(kind=ReadingKind.EXIT, symbol=symbol, **changes)


def test_an_exit_speaks_of_its_own_symbol_and_contract_only():
    option = OptionContract(underlying="SPY", expiry=NOW.date(), strike=D(600), right=OptionRight.CALL)
    from dataclasses import replace

    held = trade(part(), instrument=replace(MSFT, symbol=option.occ, option=option), symbol="SPY")
    assert amend.concerns(held, exit_of("SPY"))
    assert amend.concerns(held, exit_of("SPY", strike=D(600)))
    assert not amend.concerns(held, exit_of("SPY", strike=D(605)))
    assert not amend.concerns(held, exit_of("QQQ"))


@pytest.mark.parametrize("written", ["BTC", "BTCUSD", "BTCUSDT"])
def test_a_coin_is_known_by_its_pairs_and_by_its_name(written):
    assert amend.concerns(trade(part(), instrument=BTC, symbol="BTCUSD"), exit_of(written))


def test_a_share_is_not_taken_for_a_coin():
    assert not amend.concerns(trade(part(), symbol="MSFT"), exit_of("MSF"))
    assert not amend.concerns(trade(part(), instrument=BTC, symbol="BTCUSD"), exit_of("BT"))


def test_the_same_message_amends_a_trade_once():
    held = trade(part())
    trim = Reading(kind=ReadingKind.TRIM, symbol="MSFT", fraction=D("0.5"))
    once = amend.amended(held, trim, [], "m1")
    assert [s.hold for s in once.slices] == [D(5)]
    assert amend.amended(once, trim, [], "m1") == once


def test_an_edit_moves_the_stop_and_never_enters_again():
    held = trade(part())
    old = Reading(kind=ReadingKind.ENTRY, symbol="MSFT", side="long", stop=D(405), targets=(D(425),))
    new = Reading(kind=ReadingKind.ENTRY, symbol="MSFT", side="long", stop=D(408), targets=(D(425),))
    after = amend.edited(held, old, new, "m/1")
    assert [s.stop for s in after.slices] == [D(408)]
    assert not after.cancel_entry


def test_an_edit_to_another_symbol_takes_back_what_has_not_filled():
    old = Reading(kind=ReadingKind.ENTRY, symbol="MSFT", side="long")
    new = Reading(kind=ReadingKind.ENTRY, symbol="AAPL", side="long")
    assert amend.edited(trade(part()), old, new, "m/1").cancel_entry
