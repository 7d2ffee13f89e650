"""List every broker that the contract suite is run against."""

from tests.contract import (
    alpaca_harness,
    coinbasepro_harness,
    ibkr_harness,
    kraken_harness,
    moomoo_harness,
    paper_harness,
    schwab_harness,
)

HARNESSES = (
    paper_harness.SPEC,
    alpaca_harness.SPEC,
    ibkr_harness.SPEC,
    coinbasepro_harness.SPEC,
    moomoo_harness.SPEC,
    kraken_harness.SPEC,
    schwab_harness.SPEC,
)
