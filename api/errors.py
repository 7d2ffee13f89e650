"""Give every refusal the same body: ``{"error": {"code", "message", "reference"?}}``."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from api.schemas import json_response
from domain.errors import InvalidValue, StoreUnavailable

log = structlog.get_logger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

BODY_LIMIT = 64 * 1024
TIMEOUT = 10.0
STREAMING = frozenset({"/ws"})


class Refused(Exception):
    """Refuse a request with a status, a stable code and one sentence."""

    def __init__(self, status: int, code: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after


def route_of(request: web.BaseRequest) -> str:
    """Name an address without what is secret in it: its pattern, not the one-time link asked for."""
    resource = request.match_info.route.resource if isinstance(request, web.Request) else None
    return resource.canonical if resource is not None else "unmatched"


def refuse_large(request: web.Request) -> None:
    """Refuse a body over 64 KB before it is read."""
    if (request.content_length or 0) > BODY_LIMIT:
        raise Refused(413, "body_too_large", f"The body may hold at most {BODY_LIMIT} bytes.")


def _answer(refused: Refused, reference: str = "") -> web.Response:
    error = {"code": refused.code, "message": refused.message}
    if reference:
        error["reference"] = reference
    response = json_response({"error": error}, status=refused.status)
    if refused.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, round(refused.retry_after)))
    if refused.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


_PLAIN = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("body_too_large", f"The body may hold at most {BODY_LIMIT} bytes."),
}


def _of_http(error: web.HTTPException) -> Refused:
    code, message = _PLAIN.get(error.status, ("refused", error.reason))
    return Refused(error.status, code, message)


async def _run(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.path in STREAMING:
        return await handler(request)
    async with asyncio.timeout(TIMEOUT):
        return await handler(request)


@web.middleware
async def uniform_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever goes wrong into the one body; what nobody foresaw is logged under a reference."""
    try:
        refuse_large(request)
        return await _run(request, handler)
    except Refused as refused:
        return _answer(refused)
    except web.HTTPException as error:
        answer = _answer(_of_http(error))
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer
    except InvalidValue as error:
        return _answer(Refused(422, "invalid", str(error)))
    except StoreUnavailable:
        return _answer(Refused(503, "store_unavailable", "The database cannot be reached right now."))
    except TimeoutError:
        return _answer(Refused(504, "timeout", f"No answer within {TIMEOUT:.0f} seconds."))
    except Exception:
        reference = secrets.token_hex(4)
        log.exception("request failed", path=route_of(request), reference=reference)
        message = "Something went wrong here. Tell the operator the reference."
        return _answer(Refused(500, "internal", message), reference)
