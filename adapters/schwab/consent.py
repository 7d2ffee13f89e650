"""Lead to Schwab's own sign-in page, for the member's own developer app."""

from adapters.kit import consent
from domain.broker import ConsentRequest

_HOST = "https://api.schwabapi.com"


def address(asked: ConsentRequest) -> str:
    """Give where a member signs in (developer.schwab.com, "Three legged OAuth": authorize, then callback).

    Whether Schwab checks PKCE is told differently by its clients; what it does not know it passes over.
    """
    query = {
        "response_type": "code",
        "client_id": asked.credentials["app_key"],
        "redirect_uri": asked.redirect_uri,
    }
    page = f"{asked.endpoint.rstrip('/') or _HOST}/v1/oauth/authorize"
    return consent.address(page, query, secret=asked.credentials["app_secret"], state=asked.state)
