"""Share one server of each kind with all integration tests of a worker."""

import pytest

from tests.integration.browser import CHROMIUM
from tests.servers import MongoServer, ValkeyServer, given

_IN_A_BROWSER = ["test_web_browser.py", "test_web_process.py"]
collect_ignore = [] if CHROMIUM else _IN_A_BROWSER


@pytest.fixture(scope="session")
def mongo_uri(tmp_path_factory):
    if uri := given("TEST_MONGODB_URI"):
        yield uri
        return
    server = MongoServer(tmp_path_factory.mktemp("mongo")).start()
    yield server.uri
    server.kill()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory):
    if url := given("TEST_REDIS_URL"):
        yield url
        return
    server = ValkeyServer(tmp_path_factory.mktemp("valkey")).start()
    yield server.url
    server.kill()
