"""Say what is the same at every broker."""

EXPIRED = "The order was not sent in time, so it was not sent at all."
NOTHING_TO_CHANGE = "Nothing was asked to change."
LONE_LEG = "A closing order takes both a stop and a target, or neither."
TAKE_SIDE = "The target must lie beyond the entry price, on the side of profit."
STOP_SIDE = "The stop must lie beyond the entry price, on the side of loss."
