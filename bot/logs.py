"""Write logs: one line an event, secrets masked, no local variables in tracebacks."""

import logging
import re
import sys
import threading
from collections.abc import Iterable, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.types import Processor

from vault.redact import Redactor

_QUIET = {
    "discord": logging.INFO,
    "discord.client": logging.WARNING,
    "discord.http": logging.WARNING,
    "discord.gateway": logging.INFO,
    "discord.webhook": logging.WARNING,
    "aiohttp": logging.WARNING,
    "aiohttp.access": logging.WARNING,
    "asyncio": logging.WARNING,
    "botocore": logging.WARNING,
    "boto3": logging.WARNING,
    "urllib3": logging.WARNING,
    "pymongo": logging.WARNING,
    "websockets": logging.WARNING,
    "alpaca": logging.WARNING,
}
"""The lowest level taken from libraries: their debug lines hold whole payloads."""

_WEBHOOK = re.compile(r"(/(?:webhooks|interactions)/\d+/)[\w-]+")


def configure(
    *,
    level: str,
    json: bool,
    secrets: Iterable[str],
    redactor: Redactor | None = None,
    stream: TextIO | None = None,
) -> Redactor:
    """Send structlog and the standard library's logging through one redacting pipeline to ``stream``.

    ``stream`` is stderr unless given. Gives the redactor, so that secrets learnt later can be registered.
    """
    redactor = redactor or Redactor()
    for secret in secrets:
        redactor.register(secret)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    _install(_handler(shared, redactor, json=json, stream=stream or sys.stderr), level)
    return redactor


def _handler(shared: list[Processor], redactor: Redactor, *, json: bool, stream: TextIO) -> logging.Handler:
    handler = _Handler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redactor.processor,
                _mask_webhooks,
                _renderer(json=json, stream=stream),
            ],
        )
    )
    return handler


class _Handler(logging.StreamHandler[TextIO]):
    """Write records. One that cannot be written is told of without its arguments, which may be secrets."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Say where the faulty call is, in place of the library's own traceback."""
        structlog.get_logger(__name__).error(
            "a log line could not be written", logger_of=record.name, at=f"{record.module}:{record.lineno}"
        )


def _mask_webhooks(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take interaction tokens out of addresses that libraries log; they let anybody answer for 15 minutes."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _WEBHOOK.sub(r"\1***", value)
    return event


def _renderer(*, json: bool, stream: TextIO) -> Processor:
    if json:
        return structlog.processors.JSONRenderer(sort_keys=False, default=str)
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def _install(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name, lowest in _QUIET.items():
        logging.getLogger(name).setLevel(max(lowest, logging.getLevelName(level)))


def wants_json(setting: str, stream: TextIO) -> bool:
    """Choose JSON for machines: when asked for, or when nobody watches the terminal."""
    return setting == "json" or (setting == "auto" and not stream.isatty())


def log_unhandled(loop: Any, context: dict[str, Any]) -> None:
    """Be the event loop's last resort: one line through the same pipeline."""
    error = context.get("exception")
    structlog.get_logger("asyncio").error(
        "unhandled", message=str(context.get("message", "")), exc_info=error if error is not None else False
    )


def take_over() -> None:
    """Send through the same pipeline what Python would print by itself: last words, threads', warnings."""
    sys.excepthook = lambda kind, error, trace: _last_words("ended by an exception", error)
    threading.excepthook = lambda told: _last_words("a thread broke off", told.exc_value)
    sys.unraisablehook = lambda told: _last_words("an exception nobody could catch", told.exc_value)
    logging.captureWarnings(capture=True)


def _last_words(event: str, error: BaseException | None) -> None:
    if isinstance(error, SystemExit):
        return
    told = (type(error), error, error.__traceback__) if error is not None else False
    structlog.get_logger("bot").critical(event, exc_info=told)


def write_crash(error: BaseException, reference: str) -> None:
    """Write down what ended the process."""
    log = structlog.get_logger("bot")
    log.critical("crashed", reference=reference, exc_info=(type(error), error, error.__traceback__))
