"""Write Discord's JSON objects; the required fields are those its clients index without a default."""

from sim.discord.errors import JSON
from sim.discord.messages import SimMessage
from sim.discord.state import (
    ALL_PERMISSIONS,
    PRIVILEGED,
    BotApp,
    Channel,
    Guild,
    Interaction,
    Member,
    Role,
    User,
    World,
)

TEXT_CHANNEL, DM_CHANNEL = 0, 1


def user_json(user: User) -> JSON:
    """Write a user."""
    return {
        "id": str(user.id),
        "username": user.name,
        "global_name": None if user.bot else user.name,
        "discriminator": f"{user.id % 10_000:04d}" if user.bot else "0",
        "avatar": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "display_name_styles": None,
        "banner": None,
        "accent_color": None,
        "bot": user.bot,
        "flags": 0,
        "public_flags": 0,
        "primary_guild": None,
    }


def own_user_json(user: User) -> JSON:
    """Write the bot's own user, with what only the owner of the token sees."""
    return user_json(user) | {"mfa_enabled": False, "locale": "en-US", "verified": True, "email": None}


def member_json(world: World, member: Member, *, with_user: bool = True) -> JSON:
    """Write a member; roles are id strings."""
    body: JSON = {
        "roles": [str(role) for role in member.roles],
        "joined_at": world.iso(member.joined_at),
        "nick": None,
        "avatar": None,
        "banner": None,
        "premium_since": None,
        "communication_disabled_until": None,
        "pending": False,
        "deaf": False,
        "mute": False,
        "flags": 0,
    }
    return body | {"user": user_json(member.user)} if with_user else body


def role_json(role: Role) -> JSON:
    """Write a role."""
    return {
        "id": str(role.id),
        "name": role.name,
        "description": None,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": role.position,
        "permissions": str(role.permissions),
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }


def channel_json(channel: Channel) -> JSON:
    """Write a channel."""
    body: JSON = {"id": str(channel.id), "last_message_id": None, "flags": 0}
    if channel.messages:
        body["last_message_id"] = str(max(channel.messages))
    if channel.recipient is not None:
        return body | {"type": DM_CHANNEL, "recipients": [user_json(channel.recipient)]}
    return body | {
        "type": TEXT_CHANNEL,
        "guild_id": str(channel.guild_id),
        "name": channel.name,
        "position": 0,
        "topic": None,
        "nsfw": False,
        "parent_id": None,
        "rate_limit_per_user": 0,
        "permission_overwrites": [],
    }


def guild_json(guild: Guild) -> JSON:
    """Write what REST and the gateway both tell of a guild."""
    nothing = (
        "icon splash discovery_splash banner description vanity_url_code afk_channel_id application_id "
        "home_header system_channel_id rules_channel_id public_updates_channel_id safety_alerts_channel_id "
        "widget_channel_id"
    )
    body: JSON = dict.fromkeys(nothing.split())
    return body | {
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(guild.owner_id),
        "features": [],
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw": False,
        "nsfw_level": 0,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "system_channel_flags": 0,
        "preferred_locale": "en-US",
        "max_members": 25_000_000,
        "max_presences": None,
        "max_video_channel_users": 25,
        "max_stage_video_channel_users": 50,
        "widget_enabled": False,
        "emojis": [],
        "stickers": [],
        "incidents_data": None,
        "region": "us-east",
        "roles": [role_json(role) for role in guild.roles.values()],
    }


def gateway_guild_json(world: World, guild: Guild, app: BotApp, *, intents: int, large: int) -> JSON:
    """Write GUILD_CREATE.

    All members come along with the presence intent and in guilds of at most ``large``; else the bot alone.
    """
    everybody = intents & PRIVILEGED["presences"] and len(guild.members) <= large
    members = list(guild.members.values()) if everybody else [guild.members[app.user_id]]
    return guild_json(guild) | {
        "joined_at": world.iso(guild.members[app.user_id].joined_at),
        "large": len(guild.members) > large,
        "unavailable": False,
        "member_count": len(guild.members),
        "members": [member_json(world, member) for member in members],
        "channels": [channel_json(channel) for channel in guild.channels.values()],
        "threads": [],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def application_json(world: World, app: BotApp) -> JSON:
    """Write the application as /applications/@me tells it."""
    flags = sum(bit for name, bit in _APP_FLAGS.items() if app.granted & PRIVILEGED[name])
    owner = next((user for user in world.users.values() if not user.bot), world.users[app.user_id])
    return {
        "id": str(app.id),
        "name": app.name,
        "description": "",
        "summary": "",
        "type": None,
        "icon": None,
        "bot_public": True,
        "bot_require_code_grant": False,
        "owner": user_json(owner),
        "verify_key": "00" * 32,
        "flags": flags,
        "flags_new": str(flags),
        "eligible_oauth2_scopes": ["bot", "applications.commands"],
        "team": None,
        "bot": user_json(world.users[app.user_id]),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "approximate_guild_count": len(world.guilds),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "event_webhooks_status": 1,
        "integration_types_config": {"0": {}, "1": {}},
        "max_participants": None,
        "tags": [],
    }


_APP_FLAGS = {"presences": 1 << 13, "members": 1 << 15, "message_content": 1 << 19}


def author_json(world: World, message: SimMessage) -> JSON:
    """Write a message's author: a user, or a webhook's face."""
    if message.webhook_id is not None and message.author_id not in world.users:
        return user_json(User(id=message.author_id, name=message.author_name, bot=True))
    return user_json(world.users[message.author_id])


def message_json(
    world: World, message: SimMessage, app: BotApp, *, nested: bool = False, intents: int | None = None
) -> JSON:
    """Write a message as ``app`` may see it; without guild_id in DMs, where null would kill a client.

    ``intents`` are those of the gateway session it goes to; without them what was granted decides.
    """
    body: JSON = {
        "id": str(message.id),
        "channel_id": str(message.channel_id),
        "type": message.type,
        "author": author_json(world, message),
        "content": message.content,
        "embeds": message.embeds,
        "components": message.components,
        "attachments": message.attachments,
        "mentions": [user_json(world.users[one]) for one in message.mentions if one in world.users],
        "mention_roles": [],
        "mention_everyone": False,
        "timestamp": world.iso(message.created_at),
        "edited_timestamp": world.iso(message.edited_at),
        "tts": False,
        "pinned": False,
        "flags": message.flags,
    }
    if not may_read(message, app, app.granted if intents is None else intents):
        body |= {"content": "", "embeds": [], "components": [], "attachments": []}
    return body | _message_extras(world, message, app, nested=nested, intents=intents)


def _message_extras(
    world: World, message: SimMessage, app: BotApp, *, nested: bool, intents: int | None
) -> JSON:
    """Write what only some messages have."""
    body: JSON = {}
    if message.reactions:
        body["reactions"] = [_reaction_json(name, who, app) for name, who in message.reactions.items()]
    if message.webhook_id is not None:
        body["webhook_id"] = str(message.webhook_id)
        if message.application_id is not None:
            body["application_id"] = str(message.application_id)
    if message.metadata is not None:
        body["interaction_metadata"] = message.metadata
    if message.nonce is not None:
        body["nonce"] = message.nonce
    if message.reply_to is not None:
        body |= _reference_json(world, message, app, nested=nested, intents=intents)
    return body


def event_message_json(world: World, message: SimMessage, app: BotApp, intents: int | None = None) -> JSON:
    """Write a message as the gateway sends it: with guild_id and member in guilds."""
    body = message_json(world, message, app, intents=intents)
    if message.guild_id is not None:
        body["guild_id"] = str(message.guild_id)
        member = world.guilds[message.guild_id].members.get(message.author_id)
        if member is not None and message.webhook_id is None:
            body["member"] = member_json(world, member, with_user=False)
    return body


def may_read(message: SimMessage, app: BotApp, intents: int) -> bool:
    """Tell whether content reaches the application: by intent, in DMs, its own, or when mentioned."""
    return (
        bool(intents & PRIVILEGED["message_content"])
        or message.guild_id is None
        or message.author_id == app.user_id
        or message.application_id == app.id
        or app.user_id in message.mentions
    )


def _reaction_json(name: str, who: set[int], app: BotApp) -> JSON:
    count = len(who)
    return {
        "emoji": {"id": None, "name": name},
        "count": count,
        "count_details": {"burst": 0, "normal": count},
        "me": app.user_id in who,
        "me_burst": False,
        "burst_colors": [],
    }


def _reference_json(
    world: World, message: SimMessage, app: BotApp, *, nested: bool, intents: int | None
) -> JSON:
    reference: JSON = {"type": 0, "channel_id": str(message.channel_id), "message_id": str(message.reply_to)}
    if message.guild_id is not None:
        reference["guild_id"] = str(message.guild_id)
    body: JSON = {"message_reference": reference}
    if nested:
        return body
    target = world.messages.get(message.reply_to or 0)
    body["referenced_message"] = (
        None
        if target is None or target.deleted
        else message_json(world, target, app, nested=True, intents=intents)
    )
    return body


def metadata_json(ix: Interaction) -> JSON:
    """Write where a message came from: the interaction it answers."""
    body: JSON = {
        "id": str(ix.id),
        "type": ix.type,
        "user": user_json(ix.user),
        "authorizing_integration_owners": integration_owners(ix.channel),
    }
    if ix.message is not None and ix.type == 3:
        body["interacted_message_id"] = str(ix.message.id)
    if ix.type == 2:
        body |= {"name": ix.data.get("name", ""), "command_type": ix.data.get("type", 1)}
    if ix.parent is not None:
        body["triggering_interaction_metadata"] = metadata_json(ix.parent)
    return body


def integration_owners(channel: Channel) -> JSON:
    """Write by whose installation the bot is here."""
    return {"0": str(channel.guild_id) if channel.guild_id is not None else "0"}


def partial_channel_json(channel: Channel) -> JSON:
    """Write the channel of an interaction."""
    body = channel_json(channel)
    if channel.is_dm:
        return body
    return body | {"permissions": str(ALL_PERMISSIONS)}
