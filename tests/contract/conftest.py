"""Register the marker that names a card, so that ``-m card`` and reports can show it."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "card(id): the numbered sentence of the contract that a test checks")
