"""Share the servers of the integration tests with the scenarios."""

from tests.integration.conftest import mongo_uri, redis_url

__all__ = ["mongo_uri", "redis_url"]
