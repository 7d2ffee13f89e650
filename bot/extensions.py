"""List the cogs: the only place that does."""

EXTENSIONS = (
    "cogs.signals",
    "cogs.channels",
    "cogs.follow",
    "cogs.trade",
    "cogs.portfolio",
    "cogs.brokers",
    "cogs.premium",
    "cogs.limits",
    "cogs.owner",
    "cogs.api_token",
)
