"""Know the marker that names a card; clean up after what tests start and cannot stop themselves."""

import threading

import pytest

from tests.integration.browser import CHROMIUM


def pytest_configure(config):
    """Register the marker here and not with the cards: other tests import them too."""
    config.addinivalue_line("markers", "card(id): the numbered sentence of the contract that a test checks")


def pytest_report_header():
    """Say what is left out on a machine without a browser."""
    return None if CHROMIUM else "Chromium is not installed: the tests in a browser are left out."


@pytest.fixture(autouse=True)
def _no_heartbeat_outlives_its_loop():
    """End discord.py's heartbeat threads with the test that started them.

    A socket the local Discord cut on purpose leaves its thread behind for one more interval; it then
    speaks to a loop that is closed, in the middle of some other test.
    """
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("keep-alive-handler"):
            thread.stop()
            thread.join(1)
