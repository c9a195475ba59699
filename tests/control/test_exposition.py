"""
Figures in the formats of Prometheus.
"""

import re

from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as plain

from gossip.control.exposition import Exposition
from gossip.control.lag import LAGS
from gossip.control.metrics import Scrape
from gossip.mesh.figures import Figures
from gossip.wire.census import Histogram
from gossip.wire.messages import Ping
from tests.cases import UnitCase
from tests.control.fakes import FakeWindow

STORE = {
    "memory_rows_pending": 3,
    "memory_rows_lost": 4,
    "memory_write_failures": 5,
    "memory_last_write": 1_700_000_000.5,
    "memory_bytes": 4096,
}


def scrape(**counters: float) -> Scrape:
    """What is to be told of a node without peers of note."""
    return Scrape(
        node=FakeWindow().status(),
        counters=counters,
        figures=Figures(),
        lag=Histogram(LAGS),
        links=4,
        median_rtt=None,
        wall=1_700_000_001.0,
        clock_offset=None,
        lost=(),
        worst=(),
    )


class ExpositionTests(UnitCase):
    """Names and values."""

    def setUp(self) -> None:
        self.exposition = Exposition()

    def written(self, told: Scrape) -> dict[str, float]:
        """Each series as it is written, and its value."""
        text, _ = self.exposition.write(told, "")
        lines = [line for line in text.decode().splitlines() if not line.startswith("#")]
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}

    def test_histogram(self) -> None:
        """Buckets add up, and the last has all."""
        told = scrape()
        for seconds in (0.0001, 0.0002, 0.3, 99.0):
            told.figures.round_trips.observe(seconds)
        found = self.written(told)
        name = "p2p_gossip_rtt_seconds"
        buckets = [found[f'{name}_bucket{{le="{le}"}}'] for le in ("0.0001", "0.00025", "0.5")]
        self.assertEqual([1, 2, 3], buckets)
        self.assertEqual(4, found[f'{name}_bucket{{le="+Inf"}}'])
        self.assertEqual((4, 99.3003), (found[f"{name}_count"], found[f"{name}_sum"]))

    def test_frames(self) -> None:
        """By kind and direction."""
        told = scrape()
        told.figures.census.said[Ping][:] = [7, 700]
        found = self.written(told)
        self.assertEqual(7, found['p2p_gossip_frames_total{direction="out",kind="ping"}'])
        self.assertEqual(700, found['p2p_gossip_frame_bytes_total{direction="out",kind="ping"}'])
        self.assertEqual(0, found['p2p_gossip_frames_total{direction="in",kind="ping"}'])

    def test_what_happened(self) -> None:
        """By code, and events by their names."""
        told = scrape(events_peer_dead=2, events_verdict=1, frames_in=9, records_dropped=6)
        told.figures.dialed("unreachable")
        told.figures.refusals["tls"] = 8
        told.figures.verdicts["cut"] = 1
        found = self.written(told)
        expected = {
            'p2p_gossip_dials_total{outcome="unreachable"}': 1,
            'p2p_gossip_refusals_total{code="tls"}': 8,
            'p2p_gossip_verdicts_total{verdict="cut"}': 1,
            'p2p_gossip_events_total{event="peer_dead"}': 2,
            'p2p_gossip_events_total{event="verdict"}': 1,
            "p2p_gossip_records_dropped_total": 6,
        }
        self.assertEqual(expected, {name: found[name] for name in expected})

    def test_store(self) -> None:
        """Where there is one."""
        found = self.written(scrape(**STORE))
        store = {name: value for name, value in found.items() if "_store_" in name}
        self.assertEqual(
            {
                "p2p_gossip_store_pending_rows": 3,
                "p2p_gossip_store_lost_rows_total": 4,
                "p2p_gossip_store_write_failures_total": 5,
                "p2p_gossip_store_last_write_timestamp_seconds": 1_700_000_000.5,
                "p2p_gossip_store_size_bytes": 4096,
            },
            store,
        )
        without = self.written(scrape())
        self.assertEqual([], [name for name in without if "_store_" in name])

    def test_process(self) -> None:
        """Memory, descriptors, garbage and the Python that runs."""
        found = self.written(scrape())
        self.assertGreater(found["process_open_fds"], 0)
        self.assertGreater(found["process_resident_memory_bytes"], 1e6)
        self.assertTrue(any(name.startswith("python_gc_collections_total") for name in found))
        self.assertTrue(any(name.startswith("python_info") for name in found))

    def test_both_formats_are_read_by_their_parsers(self) -> None:
        """Each family has a help and a type; names are in base units, and what grows says so."""
        told = scrape(events_ping=1, **STORE)
        text, _ = self.exposition.write(told, "")
        other, _ = self.exposition.write(told, "application/openmetrics-text; version=1.0.0")
        families = list(plain(text.decode()))
        names = {sample.name for family in families for sample in family.samples}
        others = list(openmetrics(other.decode()))
        self.assertEqual(names, {sample.name for family in others for sample in family.samples})
        for family in families:
            self.assertTrue(family.documentation, family.name)
            self.assertNotEqual("unknown", family.type, family.name)
            if family.name.startswith("p2p_gossip"):
                self.assertNotRegex(family.name, "_(ms|kb|milliseconds|count|total|minutes)$")
                self.assertRegex(family.name, re.compile("^[a-z0-9_]+$"))
