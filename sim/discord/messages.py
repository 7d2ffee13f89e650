"""Hold one message, and read it as a person would."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sim.discord.errors import JSON

EPHEMERAL = 1 << 6
LOADING = 1 << 7
COMPONENTS_V2 = 1 << 15

ROW, BUTTON, TEXT_INPUT, SECTION, TEXT_DISPLAY = 1, 2, 4, 9, 10
THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 11, 12, 13, 14, 17
LABEL, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 18, 19, 21, 22, 23
STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT = 3, 5, 6, 7, 8
SELECTS = frozenset({STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT})


def walk(components: list[JSON]) -> Iterator[JSON]:
    """Go through components depth first, in the order a person reads them."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for key in ("accessory", "component"):
            if component.get(key):
                yield from walk([component[key]])


def flatten_embed(embed: JSON) -> list[str]:
    """List the texts of an embed, top to bottom."""
    parts: list[Any] = [(embed.get("author") or {}).get("name"), embed.get("title"), embed.get("description")]
    for one in embed.get("fields") or []:
        parts += [one.get("name"), one.get("value")]
    parts.append((embed.get("footer") or {}).get("text"))
    return [part for part in parts if part]


@dataclass(slots=True, kw_only=True, eq=False)
class SimMessage:
    """Be a message as it stands now; it changes when the bot edits it."""

    id: int
    channel_id: int
    guild_id: int | None
    author_id: int
    author_name: str
    from_bot: bool
    content: str
    created_at: datetime
    embeds: list[JSON] = field(default_factory=list)
    components: list[JSON] = field(default_factory=list)
    attachments: list[JSON] = field(default_factory=list)
    mentions: list[int] = field(default_factory=list)
    reactions: dict[str, set[int]] = field(default_factory=dict)
    flags: int = 0
    type: int = 0
    edited_at: datetime | None = None
    edits: int = 0
    deleted: bool = False
    reply_to: int | None = None
    webhook_id: int | None = None
    application_id: int | None = None
    metadata: JSON | None = None
    nonce: str | int | None = None
    audience: int | None = None

    @property
    def ephemeral(self) -> bool:
        """Tell whether only one person can see it."""
        return bool(self.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        """Tell whether it still says that the bot is thinking."""
        return bool(self.flags & LOADING)

    @property
    def text(self) -> str:
        """Give all its text: content, embeds, then the text displays of components v2."""
        parts = [self.content] if self.content else []
        for embed in self.embeds:
            parts += flatten_embed(embed)
        parts += [c["content"] for c in walk(self.components) if c["type"] == TEXT_DISPLAY]
        return "\n".join(parts)

    @property
    def buttons(self) -> list[str]:
        """List the labels of its buttons, in order; an emoji stands for a missing label."""
        found = [c for c in walk(self.components) if c["type"] == BUTTON]
        return [button.get("label") or (button.get("emoji") or {}).get("name") or "" for button in found]

    @property
    def selects(self) -> list[JSON]:
        """List its select menus, in order."""
        return [c for c in walk(self.components) if c["type"] in SELECTS]

    def find(self, label_or_custom_id: str) -> JSON | None:
        """Find a button or select by label, then by custom id, then by placeholder."""
        controls = [c for c in walk(self.components) if c["type"] == BUTTON or c["type"] in SELECTS]
        for key in ("label", "custom_id", "placeholder"):
            for control in controls:
                if control.get(key) == label_or_custom_id:
                    return control
        return None
