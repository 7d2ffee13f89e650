"""Name what AWS KMS answered in words an operator can act on.

Codes from the KMS API reference, "Errors" of Decrypt, GenerateDataKey, ReEncrypt and "Common errors".
"""

from typing import Any

from domain.errors import VaultError, VaultUnavailable
from vault import texts

OUTAGES = frozenset({"unreachable", "throttled", "internal"})
"""Codes that say nothing about the key: KMS is away, or busy."""

_KEY = {
    "AccessDeniedException": ("denied", texts.DENIED),
    "DisabledException": ("disabled", texts.DISABLED),
    "KMSInvalidStateException": ("deleting", texts.DELETING),
    "NotFoundException": ("missing", texts.MISSING),
    "InvalidArnException": ("missing", texts.MISSING),
    "ValidationException": ("missing", texts.MISSING),
    "InvalidKeyUsageException": ("wrong_use", texts.WRONG_USE),
    "KeyUnavailableException": ("internal", texts.UNREACHABLE),
    "KMSInternalException": ("internal", texts.UNREACHABLE),
    "DependencyTimeoutException": ("internal", texts.UNREACHABLE),
    "ServiceUnavailable": ("internal", texts.UNREACHABLE),
    "InternalFailure": ("internal", texts.UNREACHABLE),
    "ThrottlingException": ("throttled", texts.THROTTLED),
    "LimitExceededException": ("throttled", texts.THROTTLED),
    "RequestLimitExceeded": ("throttled", texts.THROTTLED),
    "UnrecognizedClientException": ("identity", texts.IDENTITY),
    "InvalidClientTokenId": ("identity", texts.IDENTITY),
    "InvalidSignatureException": ("identity", texts.IDENTITY),
    "IncompleteSignature": ("identity", texts.IDENTITY),
    "MissingAuthenticationToken": ("identity", texts.IDENTITY),
    "MissingAuthenticationTokenException": ("identity", texts.IDENTITY),
    "ExpiredTokenException": ("identity", texts.IDENTITY),
    "ExpiredToken": ("identity", texts.IDENTITY),
    "OptInRequired": ("identity", texts.IDENTITY),
}
_VALUE = {
    "IncorrectKeyException": texts.WRONG_KEY,
    "InvalidCiphertextException": texts.CONTEXT,
}


def named(error: Exception, *, operation: str, key: str, region: str) -> VaultError:
    """Give the error to raise instead: VaultError where the value is at fault, else VaultUnavailable."""
    from botocore import exceptions

    words = {"key": key, "operation": operation, "region": region or "of this machine"}
    if isinstance(error, VaultError):
        return error
    if isinstance(error, exceptions.ClientError):
        return _answered(error.response, words)
    if isinstance(error, exceptions.NoRegionError):
        return VaultUnavailable(texts.NO_REGION, code="no_region")
    if isinstance(
        error,
        exceptions.NoCredentialsError
        | exceptions.PartialCredentialsError
        | exceptions.CredentialRetrievalError
        | exceptions.ProfileNotFound
        | exceptions.TokenRetrievalError,
    ):
        return VaultUnavailable(texts.IDENTITY, code="identity")
    if isinstance(error, exceptions.ParamValidationError):
        # Our requests are right but for what they take from the settings and the record.
        return VaultError(texts.WRAP_ALTERED)
    if isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError | OSError):
        return VaultUnavailable(texts.UNREACHABLE, code="unreachable")
    return VaultUnavailable(texts.ODD.format(code=type(error).__name__), code="internal")


def _answered(response: Any, words: dict[str, str]) -> VaultError:
    code = str(response.get("Error", {}).get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _VALUE:
        return VaultError(_VALUE[code].format(**words))
    if code in _KEY:
        short, told = _KEY[code]
        return VaultUnavailable(told.format(**words), code=short)
    if status == 429:
        return VaultUnavailable(texts.THROTTLED, code="throttled")
    if status >= 500:
        return VaultUnavailable(texts.UNREACHABLE, code="internal")
    return VaultUnavailable(texts.ODD.format(code=code or status), code="odd")
