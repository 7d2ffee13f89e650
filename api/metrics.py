"""Keep the figures an operator watches. No label ever names a member, an account or a URL."""

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from domain.events import Event
from domain.orders import TERMINAL, OrderState

_LAG_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """Be one process's own registry, so that two of them in one test do not share a count."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        own = self.registry
        self.intents = Gauge(
            "dte_intents", "Orders that may still change, by state.", ["state"], registry=own
        )
        self.events = Counter("dte_events", "Journaled events, by kind.", ["kind"], registry=own)
        self.sockets = Gauge("dte_ws_sockets", "WebSocket connections that are open.", registry=own)
        self.socket_drops = Counter(
            "dte_ws_drops", "Sockets closed because their reader was slow.", registry=own
        )
        self.lag = Histogram(
            "dte_loop_lag_seconds",
            "How late the event loop woke a timer.",
            buckets=_LAG_BUCKETS,
            registry=own,
        )
        self.gateway = Gauge("dte_gateway_up", "1 while Discord's gateway is connected.", registry=own)
        self.recovered = Gauge("dte_recovered", "1 once start-up recovery is done.", registry=own)
        self.restarts = Counter("dte_restarts", "Parts of the process started again.", ["part"], registry=own)
        self.notices = Counter(
            "dte_notices", "Direct messages to members, by outcome.", ["outcome"], registry=own
        )
        self.key_calls = Counter(
            "dte_key_service_calls", "Calls of the key service.", ["operation", "outcome"], registry=own
        )
        self.requests = Counter(
            "dte_http_requests", "HTTP requests.", ["method", "route", "status"], registry=own
        )

    def count_event(self, event: Event) -> None:
        """Count one journaled event."""
        self.events.labels(event.kind.value).inc()

    def set_intents(self, states: Iterable[OrderState]) -> None:
        """Set the gauge of every state that is not final, to zero where there is none."""
        tally = Tally(states)
        for state in OrderState:
            if state not in TERMINAL or tally[state]:
                self.intents.labels(state.value).set(tally[state])

    def render(self) -> bytes:
        """Write the text exposition format, version 0.0.4."""
        return generate_latest(self.registry)
