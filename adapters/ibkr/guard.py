"""Keep paper on paper: by port before the socket opens, and by account number before anything is asked.

Account numbers of paper logins begin with D (DU1234567); ports are those TWS and IB Gateway listen on unless
changed (interactivebrokers.github.io/tws-api/initial_setup.html).
"""

from adapters.ibkr import texts
from adapters.ibkr.manifest import LIVE_PORTS, MANIFEST, PAPER_PORTS
from adapters.kit.errors import Errors
from domain.accounts import Environment
from domain.broker import Credentials

_ERRORS = Errors(broker=MANIFEST.slug, operation="connect")


def address(credentials: Credentials, environment: Environment, endpoint: str) -> tuple[str, int]:
    """Give the host and port to connect to. Raises Denied for what this environment may not reach.

    An endpoint names any port but the known live ones for a paper session.
    """
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    if not endpoint:
        host, port = credentials.get("host") or "127.0.0.1", credentials.get("port")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise _ERRORS.denied(texts.WRONG_ADDRESS, "wrong_address")
    refuse(environment, int(port), endpoint)
    return host, int(port)


def refuse(environment: Environment, port: int, endpoint: str) -> None:
    """Raise Denied, with nothing sent, where a paper session would reach a port that is not for paper."""
    if environment is not Environment.PAPER:
        return
    if port in LIVE_PORTS or (not endpoint and port not in PAPER_PORTS):
        raise _ERRORS.denied(texts.PAPER_STAYS_PAPER, "wrong_environment")


def login(environment: Environment, accounts: list[str], wanted: str) -> str:
    """Give the account to trade in, once TWS has said which it is logged in to.

    Raises Denied where the login is not of this environment or the account is not clear, AuthFailed where
    the login does not hold the account.
    """
    paper = environment is Environment.PAPER
    if any(account.startswith("D") is not paper for account in accounts):
        text = texts.NOT_A_PAPER_LOGIN if paper else texts.NOT_A_LIVE_LOGIN
        raise _ERRORS.denied(text, "wrong_environment")
    if wanted:
        if wanted not in accounts:
            raise _ERRORS.auth(texts.WRONG_ACCOUNT, "wrong_account")
        return wanted
    if len(accounts) != 1:
        choices = tuple((account, "…" + account[-4:]) for account in accounts)
        raise _ERRORS.denied(texts.WHICH_ACCOUNT, "which_account", choices)
    return accounts[0]
