"""Hold the sentences an owner reads when nothing can be stored: what is wrong, and what to do."""

from pathlib import Path


def in_use(directory: Path, pid: str) -> str:
    """Tell that another process has the data directory."""
    who = f" (process {pid})" if pid.isdigit() else ""
    return (
        f"{directory} is already in use by another running bot{who}. "
        "Stop that one first, or give this one its own data directory."
    )


def not_writable(directory: Path, why: str) -> str:
    """Tell that the data directory cannot be written."""
    return (
        f"Nothing can be written to the data directory {directory} ({why}). "
        "Make it writable for the user the bot runs as, or choose another directory."
    )


def not_a_database(path: Path) -> str:
    """Tell that the file is no database of ours."""
    return (
        f"{path} is damaged or is not a database. Restore it from a backup, or move it away to start empty."
    )


def write_failed(directory: Path, why: str) -> str:
    """Tell that a write or read on the disk failed."""
    return (
        f"The database in {directory} cannot be written or read right now ({why}). "
        "Check that its disk has free space and works. No new trades are opened until then."
    )


CLOSED = "The store is closed: the bot is shutting down."


def mongo_down(where: str, why: str) -> str:
    """Tell that MongoDB does not answer."""
    return (
        f"MongoDB at {where} cannot be used right now ({why}). Check that it runs and can be reached "
        "from here. No new trades are opened until then."
    )


BAD_MONGO_URI = (
    "MONGODB_URI cannot be read. It should look like mongodb://host:27017 or "
    "mongodb+srv://user:password@host; characters such as @ or : in the password must be percent-encoded."
)


def redis_down(where: str, why: str) -> str:
    """Tell that Redis does not answer."""
    return (
        f"Redis at {where} does not answer ({why}). Check that it runs and can be reached from here, or "
        "unset REDIS_URL to run without it."
    )


BAD_REDIS_URL = (
    "REDIS_URL cannot be read. It should look like redis://host:6379/0 or rediss://user:password@host:6380/0."
)


def newer_store(names: str) -> str:
    """Tell that the data was migrated by a newer version."""
    return (
        f"This database was written by a newer version of the bot (unknown steps: {names}). "
        "Run that version, or restore a backup made with this one."
    )
