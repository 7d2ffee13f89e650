"""Put together what stands behind the web pages, where the settings ask for them."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence

from api.pages.deps import PageDeps
from api.pages.discord import SignIn, SignInFailed
from bot.runner import Connection
from bot.settings import Settings
from domain.broker import BrokerAdapter, BrokerManifest, Credentials
from domain.ports import Clock, Store
from wizard.door import Door, Passes
from wizard.manager import FlowManager
from wizard.web import Face


def apps(settings: Settings) -> Mapping[str, Credentials]:
    """Give the operator's own apps at brokers, by slug."""
    key, secret = settings.alpaca_oauth_client_id, settings.alpaca_oauth_client_secret
    if key is None or secret is None:
        return {}
    app = {"client_id": key.get_secret_value(), "client_secret": secret.get_secret_value()}
    return {"alpaca": Credentials(app)}


class Web:
    """Hold the door to the pages. ``door`` is None where members cannot sign in with a browser."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        connection: Connection,
        adapters: Mapping[str, BrokerAdapter],
        hide: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._connection = connection
        self._passes = Passes(store.passes, clock, hide)
        self._hide = hide
        self._manifests = {slug: adapter.manifest for slug, adapter in adapters.items()}
        self._apps = apps(settings)
        self.door = self._door() if settings.web_pages else None

    def pages(self, flows: FlowManager, face: Face) -> PageDeps | None:
        """Give what the pages need, or None where there are none."""
        secret, settings = self._settings.discord_client_secret, self._settings
        if self.door is None or secret is None:
            return None
        sign_in = SignIn(
            api_url=settings.discord_api_url,
            client_id=self._client_id,
            client_secret=secret.get_secret_value(),
            redirect_uri=f"{settings.public_url}/sign-in/callback",
            hide=self._hide,
        )
        return PageDeps(
            flows=flows,
            face=face,
            passes=self._passes,
            sign_in=sign_in,
            brokers=self._manifests,
            public_url=settings.public_url,
            apps=self._apps,
            endpoints=settings.endpoints,
            hide=self._hide,
        )

    async def sweep(self) -> int:
        """Forget links and sign-ins that were over long ago."""
        return await self._passes.sweep()

    def _door(self) -> Door:
        settings = self._settings
        return Door(
            self._passes,
            settings.public_url,
            required=settings.secrets_on_page_only,
            leads_to=lambda slug: can_consent(self._manifests.get(slug), self._apps),
        )

    def _client_id(self) -> str:
        """Give the application's id: Discord says it at log-in; before that, the token does."""
        bot = self._connection.usable
        if bot is not None and bot.application_id is not None:
            return str(bot.application_id)
        named = id_in(self._settings.discord_token.get_secret_value())
        if not named:
            raise SignInFailed("not_ready")
        return named


def can_consent(manifest: BrokerManifest | None, known: Mapping[str, Credentials] | Sequence[str]) -> bool:
    """Tell whether a broker has a sign-in of its own, and the operator the app it needs, if it needs one."""
    if manifest is None or manifest.consent is None:
        return False
    return not manifest.consent_app or manifest.slug in known


def id_in(token: str) -> str:
    """Read the id that a bot token begins with, in base64; empty when it is none."""
    head = token.partition(".")[0]
    try:
        found = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return found if found.isascii() and found.isdigit() else ""
