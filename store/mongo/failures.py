"""Turn what PyMongo raises into a sentence for the owner. Its own texts name hosts and are long."""

import contextlib
from collections.abc import AsyncIterator

from bson.errors import BSONError
from pydantic import ValidationError
from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    DocumentTooLarge,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from domain.errors import InvalidValue, StoreUnavailable
from store import texts
from store.errors import UnreadableRecord

_CODES = {
    13: "it refused the permission",
    18: "it refused the user name or password",
    8000: "Atlas refused it",
}


def reason(error: PyMongoError) -> str:
    """Say in a few words what went wrong."""
    if isinstance(error, ServerSelectionTimeoutError):
        return "no server answered"
    if isinstance(error, AutoReconnect):
        return "the connection was lost"
    if isinstance(error, OperationFailure):
        return _CODES.get(error.code or 0, f"it answered with error {error.code}")
    if error.timeout:
        return "it took too long"
    return type(error).__name__


@contextlib.asynccontextmanager
async def guarded(where: str) -> AsyncIterator[None]:
    """Raise StoreUnavailable for a failed operation, InvalidValue for a value MongoDB cannot hold."""
    try:
        yield
    except DuplicateKeyError:
        raise
    except (BSONError, DocumentTooLarge, OverflowError, UnicodeEncodeError) as error:
        raise InvalidValue(f"a value cannot be stored in MongoDB: {type(error).__name__}") from error
    except ValidationError as error:
        raise UnreadableRecord(
            "a stored document has fields this version does not know, or lacks some: it was written by "
            "another version of this program. Run that version, or restore a backup."
        ) from error
    except ConfigurationError as error:
        raise StoreUnavailable(texts.BAD_MONGO_URI) from error
    except PyMongoError as error:
        raise StoreUnavailable(texts.mongo_down(where, reason(error))) from error
