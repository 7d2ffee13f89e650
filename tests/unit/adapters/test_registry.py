from adapters import registry


def test_a_broker_whose_sdk_is_not_installed_is_not_offered(monkeypatch):
    everything = set(registry.adapters())
    monkeypatch.setattr(registry, "find_spec", lambda name: None if name == "ccxt" else object())
    assert everything - set(registry.adapters()) == {"kraken", "coinbasepro"}
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    assert list(registry.adapters()) == ["paper"]


def test_the_paper_broker_comes_first():
    assert next(iter(registry.adapters())) == "paper"
