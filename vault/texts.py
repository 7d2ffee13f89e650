"""Hold what operators read about keys: what is wrong, where, what to do. Never what a key is."""

ALTERED = "A stored credential was altered, or belongs to someone else. Link the account again."
NOT_TEXT = "A stored credential is not text. Link the account again."
OTHER_KEY_FILE = (
    "This credential was sealed with another key file ({key}). Put that key file back, name it in "
    "VAULT_OLD_KEY_FILES, or link the account again."
)
OTHER_KMS_KEY = (
    "This credential was sealed with the AWS KMS key {key}, which is not among those this bot may use. "
    "Put it in AWS_KMS_KEY_ID or AWS_KMS_OLD_KEY_IDS, or link the account again."
)
WRAP_ALTERED = "A stored credential was altered and cannot be opened. Link the account again."

BUSY = "Somebody else kept writing it. Run this once more."
CLOSED = "The vault is closed: the process is shutting down."
NO_KEY = "No key seals new credentials. Set AWS_KMS_KEY_ID, or VAULT_KEY_FILE."

DENIED = (
    "AWS does not let this bot use the KMS key {key} ({operation}). Allow kms:{operation} to it in the key's "
    "policy; if the policy asks for an encryption context, docs/vault.md has the names."
)
DISABLED = (
    "The KMS key {key} is disabled. Enable it in the AWS console: "
    "until then no credential under it can be opened."
)
DELETING = (
    "The KMS key {key} is pending deletion, or not ready. Cancel its deletion in the AWS console at once and "
    "enable it: when it is deleted, every credential under it is lost."
)
MISSING = (
    "There is no KMS key {key} in the region {region}. "
    "Check AWS_KMS_KEY_ID, AWS_KMS_OLD_KEY_IDS and AWS_REGION."
)
WRONG_USE = "The KMS key {key} is not a symmetric key for encryption. Make one of that kind and name it."
IDENTITY = (
    "AWS does not take this bot's credentials (missing, wrong or expired). Set AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, or give the machine a role."
)
NO_REGION = "AWS KMS needs a region. Set AWS_REGION, or put the key's full ARN in AWS_KMS_KEY_ID."
THROTTLED = "AWS KMS asks this bot to slow down."
UNREACHABLE = "AWS KMS does not answer. Check this machine's network, or the health page of AWS."
WRONG_KEY = "AWS KMS says that another key than {key} wrapped this data key. Link the account again."
CONTEXT = (
    "AWS KMS does not open this data key for this member, broker and account: it was altered, or belongs to "
    "someone else. Link the account again."
)
ODD = "AWS KMS answered in a way nobody foresaw ({code})."
