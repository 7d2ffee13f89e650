"""Check message bodies: content, embeds, flags, emptiness."""

from typing import Any

from sim.discord.errors import JSON, ApiError, Form, Path
from sim.discord.limits_components import check_message_components
from sim.discord.messages import COMPONENTS_V2, EPHEMERAL, SimMessage

SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS, VOICE = 1 << 2, 1 << 12, 1 << 13
CHANNEL_FLAGS = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | VOICE | COMPONENTS_V2
INTERACTION_FLAGS = CHANNEL_FLAGS | EPHEMERAL
MAX_CONTENT, MAX_EMBEDS, MAX_EMBED_TOTAL, MAX_FILES = 2000, 10, 6000, 10
LEGACY = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"


def check_new_message(body: JSON, files: int, *, flags: int = CHANNEL_FLAGS) -> None:
    """Check a message to be made. Raises 50035, or 50006 when it says nothing."""
    v2 = bool(_flags(body) & COMPONENTS_V2)
    _check(body, files, v2=v2, flags=flags)
    said = ("content", "embeds", "components", "sticker_ids", "poll")
    if not files and not any(body.get(key) for key in said):
        raise ApiError(400, 50006, "Cannot send an empty message")


def check_edit(body: JSON, files: int, message: SimMessage | None) -> None:
    """Check an edit of ``message``; v2 cannot be switched off again. Raises as for a new message."""
    already = message is not None and bool(message.flags & COMPONENTS_V2)
    v2 = already or bool(_flags(body) & COMPONENTS_V2)
    if already and body.get("flags") is not None and not _flags(body) & COMPONENTS_V2:
        form = Form()
        form.add(
            ("flags",), "MESSAGE_CANNOT_REMOVE_COMPONENTS_V2_FLAG", "The components v2 flag cannot be removed"
        )
        form.done()
    merged = dict(body)
    if v2 and not already and message is not None:
        # Switching to v2 needs the old content and embeds gone: sent as null or empty, or never there.
        for key in ("content", "embeds"):
            merged.setdefault(key, getattr(message, key) or None)
    _check(merged, files, v2=v2, flags=INTERACTION_FLAGS)
    if message is not None and not files and _leaves_nothing(body, message):
        raise ApiError(400, 50006, "Cannot send an empty message")


def _leaves_nothing(body: JSON, message: SimMessage) -> bool:
    left = {
        key: body.get(key, getattr(message, key))
        for key in ("content", "embeds", "components", "attachments")
    }
    return not any(left.values())


def _flags(body: JSON) -> int:
    flags = body.get("flags") or 0
    return flags if isinstance(flags, int) else 0


def _check(body: JSON, files: int, *, v2: bool, flags: int) -> None:
    form = Form()
    form.text(body.get("content"), ("content",), high=MAX_CONTENT)
    if _flags(body) & ~flags:
        form.add(("flags",), "MESSAGE_FLAGS_INVALID", "These flags cannot be set here")
    if v2:
        for key in ("content", "embeds", "poll", "sticker_ids"):
            if body.get(key):
                form.add(
                    (key,),
                    LEGACY,
                    f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
                )
    _check_embeds(form, body.get("embeds"))
    form.count(body.get("attachments"), ("attachments",), high=MAX_FILES)
    if files > MAX_FILES:
        form.add(("files",), "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_FILES} or fewer in length.")
    form.text(body.get("nonce") if isinstance(body.get("nonce"), str) else None, ("nonce",), high=25)
    check_message_components(form, body.get("components"), v2=v2)
    _check_mentions(form, body.get("allowed_mentions"))
    form.done()


def _check_mentions(form: Form, mentions: Any) -> None:
    if not isinstance(mentions, dict):
        return
    parse = mentions.get("parse") or []
    for index, one in enumerate(parse):
        form.choice(one, ("allowed_mentions", "parse", index), frozenset({"users", "roles", "everyone"}))
    for key in ("users", "roles"):
        listed = form.count(mentions.get(key), ("allowed_mentions", key), high=100)
        if listed and key in parse:
            message = f'parse:["{key}"] and {key}: [ids...] are mutually exclusive.'
            form.add(("allowed_mentions",), "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)


def _check_embeds(form: Form, embeds: Any) -> None:
    total = 0
    for index, embed in enumerate(form.count(embeds, ("embeds",), high=MAX_EMBEDS)):
        path: Path = ("embeds", index)
        form.text(embed.get("title"), (*path, "title"), high=256)
        form.text(embed.get("description"), (*path, "description"), high=4096)
        form.text(embed.get("url"), (*path, "url"), high=2048)
        form.text((embed.get("footer") or {}).get("text"), (*path, "footer", "text"), high=2048)
        form.text((embed.get("author") or {}).get("name"), (*path, "author", "name"), high=256)
        form.number(embed.get("color"), (*path, "color"), low=0, high=0xFFFFFF)
        for place, one in enumerate(form.count(embed.get("fields"), (*path, "fields"), high=25)):
            form.text(one.get("name"), (*path, "fields", place, "name"), low=1, high=256, required=True)
            form.text(one.get("value"), (*path, "fields", place, "value"), low=1, high=1024, required=True)
        total += embed_size(embed)
    if total > MAX_EMBED_TOTAL:
        form.add(
            ("embeds",), "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {MAX_EMBED_TOTAL}"
        )


def embed_size(embed: JSON) -> int:
    """Count the characters that Discord counts towards six thousand."""
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    for one in embed.get("fields") or []:
        texts += [one.get("name"), one.get("value")]
    return sum(len(text) for text in texts if isinstance(text, str))
