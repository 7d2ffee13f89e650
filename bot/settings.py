"""Read the environment, once, into one checked model."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PositiveInt,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from adapters.kit import hosts
from bot import memberships
from bot.problems import Misconfigured

BROKERS = ("alpaca", "ibkr", "schwab", "moomoo", "kraken", "coinbasepro")
DISCORD = "https://discord.com/api"
_TESTS_ONLY = ("IBKR_API_URL", "MOOMOO_API_URL", "FAULT_FILE", "WRITE_AHEAD")
"""What production never takes. Members run a gateway each: one for all would mix their accounts up."""


def _url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.hostname):
        raise ValueError("must be an address that begins with https:// (or http://)")
    return value.rstrip("/")


def _gateway(value: str) -> str:
    parts = urlsplit(value)
    try:
        whole = parts.scheme == "tcp" and parts.hostname and parts.port and parts.path in {"", "/"}
    except ValueError:  # a port that is none
        whole = False
    if value and not whole:
        raise ValueError("must be an address such as tcp://127.0.0.1:7497")
    return value.rstrip("/")


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


Url = Annotated[str, AfterValidator(_url)]
GatewayUrl = Annotated[str, AfterValidator(_gateway)]
Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


class Settings(BaseSettings):
    """Hold what the operator decides (product.md, environment variables).

    Built in ``bot/__main__`` only, through ``load``. Nothing else reads the environment.
    """

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", hide_input_in_errors=True, frozen=True, env_ignore_empty=True
    )

    discord_token: SecretStr
    """The bot's token: developer portal, your application, Bot, Reset Token."""
    environment: Literal["development", "production"] = "development"
    """`production` listens on every address and refuses test settings and other endpoints."""
    data_dir: Path = Path("data")
    """Where the embedded database and the vault's key lie. Back both up, apart from each other."""
    mongodb_uri: SecretStr | None = None
    """MongoDB instead of the embedded database; `mongodb://` or `mongodb+srv://`."""
    redis_url: SecretStr | None = None
    """Redis (or Valkey), which carries events between processes. Without it they stay inside this one."""

    public_url: Url = ""
    """The address people reach this process at; the only web origin that may open `/ws`. See docs/web.md."""
    discord_client_secret: SecretStr | None = None
    """With `PUBLIC_URL`: members may sign in, and type keys on a page, not in Discord (docs/web.md)."""
    secrets_on_page_only: bool = False
    """Take secrets on that page only, never in Discord's own forms."""
    trusted_proxies: Listed = ()
    """Networks your reverse proxy is in, such as `127.0.0.1/32`: its `X-Forwarded-For` is believed."""
    host: str = ""
    """The address to listen on. Empty: 127.0.0.1 in development, 0.0.0.0 in production."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """The port of the HTTP and WebSocket server; 0 picks a free one."""
    metrics_token: SecretStr | None = None
    """Lets a scraper outside private networks read `/metrics`, as `Authorization: Bearer …`."""

    aws_region: str = ""
    """The region of the KMS key, such as `eu-central-1`; not needed where the key is given as an ARN."""
    aws_access_key_id: SecretStr | None = None
    """Who the bot is at AWS. Without it: the machine's role, or whatever else boto3 finds."""
    aws_secret_access_key: SecretStr | None = None
    """The secret of that key. Set both or neither."""
    aws_session_token: SecretStr | None = None
    """With temporary AWS credentials only."""
    aws_kms_key_id: str = ""
    """The AWS KMS key that seals credentials, instead of a key file: ARN, id or `alias/…` (docs/vault.md)."""
    aws_kms_old_key_ids: Listed = ()
    """KMS keys of before, separated by commas: what they sealed opens, until `vault rotate` is done."""
    vault_key_file: Path | None = None
    """32 random bytes, made at the first start. Empty: `vault.key` in `DATA_DIR`."""
    vault_old_key_files: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_split)] = ()
    """Key files of before, separated by commas: what they sealed opens, until `vault rotate` is done."""

    broker_integrations_enabled: bool = True
    """Whether real brokers may be used at all. Paper trading and exits always work."""
    broker_integrations_premium_only: bool = True
    """Whether live trading needs a membership: a role of the server, or a product sold in Discord."""
    allowed_brokers: Listed = BROKERS
    """Real brokers members may link and open positions with, separated by commas."""
    membership_tiers: str = ""
    """Changes to what a tier allows, as JSON: `{"free": {"sources": 2, "accounts": null}}`."""
    premium_skus: Listed = ()
    """Products sold in Discord and the tier each gives, such as `123456789012345678:premium`."""
    beta_brokers: Listed = ()
    """Brokers still being rolled out: open to `BETA_USERS` and `BETA_PERCENT` of the others only."""
    beta_users: Listed = ()
    """Members, by id, who may use them in any case."""
    beta_percent: Annotated[int, Field(ge=0, le=100)] = 0
    """The share of all other members who may; the same ones stay in as it rises."""
    gateway_hosts: Listed = ()
    """Where members' TWS and OpenD may run beside this machine: hosts or networks, with `:port` if wanted."""
    ibkr_rate_limit: PositiveInt = 50
    """Ceiling for IBKR, requests a second."""
    schwab_rate_limit: PositiveInt = 120
    """Ceiling for Schwab, requests a minute."""
    alpaca_rate_limit: PositiveInt = 200
    """Ceiling for Alpaca, requests a minute; the lower of it and Alpaca's own rule holds."""
    moomoo_rate_limit: PositiveInt = 100
    """Ceiling for Moomoo, requests a minute."""
    kraken_rate_limit: PositiveInt = 15
    """Ceiling for Kraken, requests a second."""
    coinbasepro_rate_limit: PositiveInt = 10
    """Ceiling for Coinbase, requests a second."""

    alpaca_data_key_id: SecretStr | None = None
    """An Alpaca key (a paper one will do) for prices: paper orders fill by them."""
    alpaca_data_secret_key: SecretStr | None = None
    """The secret of that key. Set both or neither."""

    alpaca_oauth_client_id: SecretStr | None = None
    """Your Alpaca Connect app: with it members can sign in at Alpaca instead of typing keys (docs/web.md)."""
    alpaca_oauth_client_secret: SecretStr | None = None
    """The secret of that app. Set both or neither."""

    discord_guild_ids: Listed = ()
    """Register commands in these servers only, by id, separated by commas. Empty: everywhere."""
    discord_members_intent: bool = False
    """Hear of role changes at once; needs the Server Members Intent. Else within 15 minutes."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """How much is logged."""
    log_format: Literal["auto", "json", "console"] = "auto"
    """`auto` is json where nobody watches, and console on a terminal."""

    allow_endpoint_overrides: bool = False
    """Allow the addresses below in production, but for the gateways'."""
    aws_endpoint_url_kms: Url = ""
    """Another KMS-compatible server, such as LocalStack."""
    discord_api_url: Url = DISCORD
    """Another Discord-compatible server (a simulator, a proxy): its REST base, without `/v10`."""
    alpaca_api_url: Url = ""
    """Another Alpaca-compatible server: its REST base, which the stream of order updates follows."""
    coinbasepro_api_url: Url = ""
    """Another Coinbase-compatible server, likewise; the order stream is at `/ws` of it."""
    kraken_api_url: Url = ""
    """Another Kraken-compatible server, likewise; the order stream is at `/v2` of it."""
    schwab_api_url: Url = ""
    """Another Schwab-compatible server, sign-in included; it says itself where its stream is."""
    ibkr_api_url: GatewayUrl = ""
    """One TWS, as `tcp://host:port`, in place of every member's own; refused in production."""
    moomoo_api_url: GatewayUrl = ""
    """One OpenD, as `tcp://host:port`, in place of every member's own; refused in production."""

    fault_file: str = ""
    """For the project's own kill tests; refused in production."""
    write_ahead: bool = True
    """For the project's own kill tests; refused in production."""

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("discord_token")
    @classmethod
    def _bare_token(cls, value: SecretStr) -> SecretStr:
        token = value.get_secret_value().strip().removeprefix("Bot ").strip()
        if not token or any(character.isspace() for character in token):
            raise ValueError("must be the token alone, without spaces")
        return SecretStr(token)

    @field_validator("mongodb_uri")
    @classmethod
    def _mongo(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("mongodb://", "mongodb+srv://")):
            raise ValueError("must begin with mongodb:// or mongodb+srv://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("membership_tiers")
    @classmethod
    def _tiers(cls, value: str) -> str:
        memberships.tiers(value)
        return value

    @field_validator("premium_skus")
    @classmethod
    def _skus(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        memberships.skus(value)
        return value

    @field_validator("allowed_brokers", "beta_brokers")
    @classmethod
    def _known_brokers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for slug in value:
            if slug not in BROKERS:
                raise ValueError(f"may name only {', '.join(BROKERS)}, separated by commas")
        return value

    @field_validator("gateway_hosts")
    @classmethod
    def _places(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            try:
                hosts.place(entry)
            except ValueError:
                raise ValueError(
                    "must be hosts such as tws.lan, tws.lan:7497 or 10.0.5.0/24, separated by commas"
                ) from None
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            try:
                ip_network(entry)
            except ValueError:
                raise ValueError("must be addresses or networks such as 10.0.0.0/8, with commas") from None
        return value

    @field_validator("discord_guild_ids", "beta_users")
    @classmethod
    def _snowflakes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(part.isascii() and part.isdigit() and 15 <= len(part) <= 20 for part in value):
            raise ValueError("must be ids (long numbers) separated by commas")
        return value

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if (self.alpaca_data_key_id is None) != (self.alpaca_data_secret_key is None):
            raise ValueError("Set both ALPACA_DATA_KEY_ID and ALPACA_DATA_SECRET_KEY, or neither.")
        if (self.aws_access_key_id is None) != (self.aws_secret_access_key is None):
            raise ValueError("Set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither.")
        if (self.alpaca_oauth_client_id is None) != (self.alpaca_oauth_client_secret is None):
            raise ValueError("Set both ALPACA_OAUTH_CLIENT_ID and ALPACA_OAUTH_CLIENT_SECRET, or neither.")
        return self

    @model_validator(mode="after")
    def _web(self) -> Self:
        if self.secrets_on_page_only and not self.web_pages:
            raise ValueError(
                "SECRETS_ON_PAGE_ONLY needs the page: set PUBLIC_URL and DISCORD_CLIENT_SECRET (docs/web.md)."
            )
        if self.discord_client_secret is None:
            return self
        parts = urlsplit(self.public_url)
        if not self.public_url or parts.path or parts.query:
            raise ValueError(
                "DISCORD_CLIENT_SECRET needs PUBLIC_URL, an address without a path such as https://bot.example."
            )
        if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
            raise ValueError("PUBLIC_URL must begin with https:// where members sign in (docs/web.md).")
        return self

    @model_validator(mode="after")
    def _production(self) -> Self:
        if not self.production:
            return self
        for name in _TESTS_ONLY:
            if getattr(self, name.lower()) != type(self).model_fields[name.lower()].default:
                raise ValueError(f"{name} is for tests only and production refuses it. Unset it.")
        for name in self.overrides:
            if not self.allow_endpoint_overrides:
                raise ValueError(
                    f"{name} sends the bot to another server, which production refuses. Unset it, or set "
                    "ALLOW_ENDPOINT_OVERRIDES=true if you mean it."
                )
        return self

    @property
    def production(self) -> bool:
        """Tell whether real money is meant."""
        return self.environment == "production"

    @property
    def web_pages(self) -> bool:
        """Tell whether members can sign in with a browser."""
        return bool(self.public_url) and self.discord_client_secret is not None

    @property
    def overrides(self) -> tuple[str, ...]:
        """Name the endpoint variables that point away from the real servers."""
        discord = ("DISCORD_API_URL",) if self.discord_api_url != DISCORD else ()
        kms = ("AWS_ENDPOINT_URL_KMS",) if self.aws_endpoint_url_kms else ()
        return (*discord, *kms, *(f"{slug.upper()}_API_URL" for slug in self.endpoints))

    @property
    def endpoints(self) -> dict[str, str]:
        """Give each broker's address override, by slug."""
        return {slug: url for slug in BROKERS if (url := getattr(self, f"{slug}_api_url"))}

    @property
    def rate_ceilings(self) -> dict[str, int]:
        """Give each broker's rate ceiling, by slug, in the unit of its variable."""
        return {slug: getattr(self, f"{slug}_rate_limit") for slug in BROKERS}

    @property
    def bind_host(self) -> str:
        """Give the address to listen on: everywhere in production, this machine only otherwise."""
        return self.host or ("0.0.0.0" if self.production else "127.0.0.1")  # noqa: S104 - a container's port

    @property
    def key_file(self) -> Path:
        """Give where the local vault key is kept."""
        return self.vault_key_file or self.data_dir / "vault.key"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Give every secret value, for the redactor."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))


def load(**overrides: Any) -> Settings:
    """Read and check the environment. Raises Misconfigured with one sentence for each variable at fault."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=True, include_input=False)
        raise Misconfigured(*dict.fromkeys(_sentence(fault) for fault in faults)) from None


_MISSING = {
    "discord_token": (
        "DISCORD_TOKEN is not set. Open https://discord.com/developers/applications, choose your "
        "application, Bot, Reset Token, and put it in the environment or in a file named .env."
    ),
}


def _sentence(fault: Any) -> str:
    place = str(fault["loc"][0]) if fault["loc"] else ""
    kind, context = fault["type"], fault.get("ctx", {})
    name = place.upper()
    if kind == "missing":
        return _MISSING.get(place, f"{name} is not set.")
    if kind == "value_error":
        text = str(context["error"])
        return f"{name} {text}." if place else text
    return f"{name} {_wanted(kind, context)}."


def _wanted(kind: str, context: Any) -> str:
    if kind == "literal_error":
        return f"must be {context['expected']}"
    if kind.startswith("bool"):
        return "must be true or false"
    if kind.startswith("int"):
        return "must be a whole number"
    if kind in {"greater_than", "greater_than_equal", "less_than_equal"}:
        bound = context.get("gt", context.get("ge", context.get("le")))
        word = {"greater_than": "above", "greater_than_equal": "at least", "less_than_equal": "at most"}[kind]
        return f"must be {word} {bound}"
    return "cannot be read"
