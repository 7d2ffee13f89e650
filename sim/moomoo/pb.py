"""Reach the vendor's message classes without running the vendor's package.

Its ``__init__`` installs a signal handler, opens log files and starts threads; the generated modules beside
it need none of that. They register in one global pool, so this must not share a process with the real SDK.
"""

import importlib
import importlib.util
import sys
from functools import cache
from pathlib import Path
from typing import Any

NAMES = {
    1001: "InitConnect",
    1002: "GetGlobalState",
    1004: "KeepAlive",
    2001: "Trd_GetAccList",
    2005: "Trd_UnlockTrade",
    2008: "Trd_SubAccPush",
    2101: "Trd_GetFunds",
    2102: "Trd_GetPositionList",
    2201: "Trd_GetOrderList",
    2202: "Trd_PlaceOrder",
    2205: "Trd_ModifyOrder",
    2208: "Trd_UpdateOrder",
    2221: "Trd_GetHistoryOrderList",
    3202: "Qot_GetStaticInfo",
    3203: "Qot_GetSecuritySnapshot",
}
"""Protocol numbers and the modules that hold their messages (shared/reference/brokers.md section 4)."""


@cache
def module(proto: int) -> Any:
    """Give the generated module of a protocol number. Raises KeyError for one not served."""
    name = NAMES[proto]
    found = importlib.util.find_spec("moomoo")
    if found is None or found.origin is None:
        raise RuntimeError("the pretend OpenD needs the moomoo-api package for its message classes")
    folder = str(Path(found.origin).parent / "common" / "pb")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(f"{name}_pb2")
