"""
Figures as Prometheus wants them: names, units, help, and the two text formats.

The only import of prometheus_client, which is loaded for it. Nothing is in its global registry.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from gossip import __version__
from gossip.control.metrics import Scrape
from gossip.surfaces.text import safe
from gossip.wire.census import Histogram

PREFIX: Final = "p2p_gossip_"

SHORT: Final = 12
"""Digits of a peer id in a label, as in all that people read."""

_EVENTS: Final = "events_"

_STORE: Final[Mapping[str, tuple[str, str, bool]]] = {
    "memory_rows_pending": ("store_pending_rows", "Changes that wait to be written.", False),
    "memory_rows_lost": ("store_lost_rows", "Occurrences that could not be kept.", True),
    "memory_write_failures": ("store_write_failures", "Writes that failed.", True),
    "memory_last_write": (
        "store_last_write_timestamp_seconds",
        "When the store was written last; 0 where it never was.",
        False,
    ),
    "memory_bytes": ("store_size_bytes", "Size of the database.", False),
}
"""What a node with a state directory counts; whether it only grows."""

_Values: TypeAlias = Mapping[tuple[str, ...], float]


class Exposition(Collector):
    """Writes scrapes. Process, platform and garbage collector tell of themselves."""

    def __init__(self) -> None:
        # Its own: whoever else runs in this process has the global one.
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._scrape: Scrape | None = None
        self._registry.register(self)

    def write(self, scrape: Scrape, accept: str) -> tuple[bytes, str]:
        """The text of a scrape, and its media type: what the header `accept` prefers."""
        encode, media_type = choose_encoder(accept)
        self._scrape = scrape
        try:
            return encode(self._registry), media_type
        finally:
            self._scrape = None

    def describe(self) -> Iterable[Metric]:
        """None of them by name: there is nothing to be told before somebody asks."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All that the scrape tells."""
        if self._scrape is not None:
            yield from _node(self._scrape)
            yield from _peers(self._scrape)
            yield from _traffic(self._scrape)
            yield from _happened(self._scrape)
            yield from _store(self._scrape.counters)


def _node(scrape: Scrape) -> Iterator[Metric]:
    node = scrape.node
    yield InfoMetricFamily(
        f"{PREFIX}node",
        "The node that is scraped.",
        value={
            "peer": node.id[:SHORT],
            "name": safe(node.name),
            "network": safe(node.network),
        },
    )
    yield InfoMetricFamily(f"{PREFIX}build", "The program.", value={"version": __version__})
    yield _gauge("start_time_seconds", "When the node started.", node.started)
    yield _gauge(
        "time_seconds",
        "What the clock of this machine shows, to be held against the scraper's.",
        scrape.wall,
    )
    if scrape.clock_offset is not None:
        yield _gauge(
            "clock_offset_seconds",
            "By how much the clocks of linked peers are ahead of this machine's: their median, as"
            " they said when their links came up.",
            scrape.clock_offset,
        )
    yield _histogram(
        "event_loop_lag_seconds",
        "How late a timer was that is due every two seconds, since the first scrape.",
        scrape.lag,
    )


def _peers(scrape: Scrape) -> Iterator[Metric]:
    states: _Values = {(state,): float(count) for state, count in scrape.node.peers.items()}
    yield _gauges("nodes", "Peers that this node knows, by state.", ("state",), states)
    yield _gauge("links", "Links that are up.", scrape.links)
    yield _histogram(
        "rtt_seconds",
        "Round trips of all pings that were answered, to all peers.",
        scrape.figures.round_trips,
    )
    if scrape.median_rtt is not None:
        yield _gauge(
            "rtt_median_seconds",
            "Median of the smoothed round trips of all links.",
            scrape.median_rtt,
        )
    yield _histogram(
        "silence_seconds",
        "How long peers were silent, told when they spoke again: those that missed a heartbeat, and"
        " those that had been given up.",
        scrape.figures.census.gaps,
    )
    lost: _Values = {
        (peer.id[:SHORT], safe(peer.name), peer.state): peer.last_linked or 0.0
        for peer in scrape.lost
    }
    yield _gauges(
        "peer_lost_timestamp_seconds",
        "When this peer, one of the ten lost last, had its last link; it is dead, or unreachable"
        " where others hear it.",
        ("peer", "name", "state"),
        lost,
    )
    seen = [((link.peer[:SHORT], safe(link.name)), glimpse) for link, glimpse in scrape.worst]
    yield _gauges(
        "peer_rtt_seconds",
        "Smoothed round trip to this peer, one of the slowest or worst.",
        ("peer", "name"),
        {labels: glimpse.mean for labels, glimpse in seen if glimpse.mean is not None},
    )
    yield _gauges(
        "peer_ping_loss_ratio",
        "Share of the pings on this link that were not answered.",
        ("peer", "name"),
        {labels: glimpse.lost for labels, glimpse in seen},
    )


def _traffic(scrape: Scrape) -> Iterator[Metric]:
    frames: dict[tuple[str, ...], float] = {}
    sizes: dict[tuple[str, ...], float] = {}
    for kind in scrape.figures.census.kinds():
        frames |= {(kind.name, "in"): kind.frames_in, (kind.name, "out"): kind.frames_out}
        sizes |= {(kind.name, "in"): kind.bytes_in, (kind.name, "out"): kind.bytes_out}
    labels = ("kind", "direction")
    yield _counters("frames", "Frames by kind, over all links.", labels, frames)
    yield _counters(
        "frame_bytes",
        "Bytes of frames by kind; what TLS and TCP add is not counted.",
        labels,
        sizes,
    )


def _happened(scrape: Scrape) -> Iterator[Metric]:
    figures = scrape.figures
    yield _counted("dials", "Dials, by how they ended.", "outcome", figures.dials)
    yield _counted(
        "refusals",
        "Connections that did not become links, in either direction, as far as they are told of.",
        "code",
        figures.refusals,
    )
    yield _counted("verdicts", "What others said of peers lost.", "verdict", figures.verdicts)
    events = {
        name.removeprefix(_EVENTS): count
        for name, count in scrape.counters.items()
        if name.startswith(_EVENTS)
    }
    yield _counted("events", "What happened, by the names of events.", "event", events)
    yield _counters(
        "records_dropped",
        "Records of peers that were forgotten since there was no room for more.",
        (),
        {(): scrape.counters.get("records_dropped", 0.0)},
    )


def _store(counters: Mapping[str, float]) -> Iterator[Metric]:
    for counter, (name, text, grows) in _STORE.items():
        if counter in counters:
            made = _counters if grows else _gauges
            yield made(name, text, (), {(): counters[counter]})


def _gauge(name: str, text: str, value: float) -> Metric:
    return _gauges(name, text, (), {(): value})


def _gauges(name: str, text: str, labels: tuple[str, ...], values: _Values) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, text, labels=labels)
    for found, value in values.items():
        family.add_metric(found, value)
    return family


def _counters(name: str, text: str, labels: tuple[str, ...], values: _Values) -> Metric:
    family = CounterMetricFamily(PREFIX + name, text, labels=labels)
    for found, value in values.items():
        family.add_metric(found, value)
    return family


def _counted(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    return _counters(name, text, (label,), {(found,): value for found, value in values.items()})


def _histogram(name: str, text: str, histogram: Histogram) -> Metric:
    family = HistogramMetricFamily(PREFIX + name, text, labels=())
    buckets, total = [], 0
    for bound, count in zip((*histogram.bounds, float("inf")), histogram.counts, strict=True):
        total += count
        buckets.append(("+Inf" if bound == float("inf") else str(float(bound)), float(total)))
    family.add_metric((), buckets, histogram.sum)
    return family
