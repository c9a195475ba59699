"""
The route for Prometheus: when it is loaded, whom it tells of, and how many series that makes.
"""

import subprocess
import sys
from typing import Any

import prometheus_client
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock

from gossip.control.metrics import BATCH, WORST, WORST_LOST, worst
from gossip.mesh.figures import Glimpse, Loss
from gossip.mesh.status import LinkStatus, NotLinked, PeerStatus, Unknown
from tests.cases import UnitCase
from tests.control.asking import Answer, Connection, House, HouseCase, answers, request
from tests.control.fakes import NAMES, FakeInstruments, FakeWindow, link, peer
from tests.lived.nodes import environment

MOST = 300
"""Series of one node."""


def number(n: int) -> str:
    """The id of a peer; the digits that are shown differ too."""
    return f"{n:012x}" + "0" * 52


class Crowd(FakeWindow):
    """A window on as many peers as are asked for, made when they are."""

    def peer(self, peer: str) -> PeerStatus:
        """One; every other one is dead."""
        return replace(FAKE, id=peer, name=f"node-{peer}", state="dead", last_linked=1.0)

    def link(self, peer: str) -> LinkStatus:
        """The link to one."""
        return replace(link(FAKE), peer=peer, name=f"node-{peer}")


FAKE = peer(0)


def crowd(count: int) -> FakeInstruments:
    """So many links, and a tenth of that many losses."""
    return FakeInstruments(
        links=[Glimpse(number(n), n / 1000, 0.5 if n % 7 == 0 else 0.0) for n in range(count)],
        lost=[Loss(number(count + n), float(n)) for n in range(count // 10 + 1)],
    )


def series(answer: Answer) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """What an answer tells, by name and labels; twice the same would be an error."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in found, key
            found[key] = sample.value
    return found


def scraped(house: House) -> Answer:
    """What a scrape finds, however many turns of the reactor that takes."""
    connection = Connection(house.front)
    written = connection.send(request("GET", "/metrics"))
    while not written:
        house.clock.advance(0)
        written = connection.read()
    connection.lose()
    [answer] = answers(written, "GET")
    return answer


class SeriesTests(HouseCase):
    """How much is told."""

    def test_as_many_with_ten_thousand_peers(self) -> None:
        """At most 300, and the same ones as with a hundred."""
        few, many = (
            series(scraped(self.house(window=Crowd(), instruments=crowd(count))))
            for count in (100, 10_000)
        )
        names = [{name for name, _ in found} for found in (few, many)]
        self.assertEqual(names[0], names[1])
        self.assertEqual(len(few), len(many))
        self.assertLessEqual(len(many), MOST)
        self.assertEqual(10_000, many["p2p_gossip_links", ()])
        tiny = series(scraped(self.house(window=Crowd(), instruments=crowd(10))))
        self.assertLessEqual(len(tiny), len(many))

    def test_many_peers_are_looked_at_in_many_turns(self) -> None:
        """The node has pings to answer meanwhile."""
        house = self.house(window=Crowd(), instruments=crowd(10 * BATCH))
        turns: list[float] = []
        later = house.clock.callLater

        def counted(delay: float, *call: Any, **named: Any) -> IDelayedCall:
            turns.append(delay)
            return later(delay, *call, **named)

        self.patch(house.clock, "callLater", counted)
        scraped(house)
        # Of ten thousand links, and of a thousand losses; and what is made of all of them.
        self.assertEqual(11 + 3, turns.count(0))

    def test_worst(self) -> None:
        """Half of the places are for lost pings, the others for the slowest; nobody is told twice."""
        seen = [Glimpse(number(n), n / 1000, 0.01 * n if n < 15 else 0.0) for n in range(100)]
        seen.append(Glimpse(number(100), None, 0.0))
        found = [int(each.peer[:12], 16) for each in worst(seen, 20)]
        self.assertEqual([*range(14, 4, -1), *range(99, 89, -1)], found)
        self.assertEqual([], worst([], 20))
        slow = [int(each.peer[:12], 16) for each in worst(seen[20:100], 20)]
        self.assertEqual([*range(99, 79, -1)], slow)

    def test_peers_by_label(self) -> None:
        """Ten that were lost last at most; with the slowest they are twenty."""
        found = series(scraped(self.house(window=Crowd(), instruments=crowd(1000))))
        labels = {
            name: {dict(labels)["peer"] for found_name, labels in found if found_name == name}
            for name in (
                "p2p_gossip_peer_lost_timestamp_seconds",
                "p2p_gossip_peer_rtt_seconds",
                "p2p_gossip_peer_ping_loss_ratio",
            )
        }
        lost, slow, losing = labels.values()
        self.assertEqual({number(1000 + n)[:12] for n in range(91, 101)}, lost)
        self.assertEqual((WORST_LOST, WORST - WORST_LOST), (len(lost), len(slow)))
        self.assertEqual(slow, losing)
        self.assertFalse(lost & slow)


class PeersThatGo(FakeWindow):
    """A window on peers that are gone when they are looked at closely."""

    def peer(self, peer: str) -> PeerStatus:
        """The first was forgotten, the second is back."""
        if peer == number(1):
            raise Unknown(peer)
        return replace(FAKE, id=peer, state="alive" if peer == number(2) else "dead")

    def link(self, peer: str) -> LinkStatus:
        """Of two links one is left."""
        if peer == number(4):
            raise NotLinked(peer)
        return replace(link(FAKE), peer=peer)


class AnswerTests(HouseCase):
    """What a scraper gets."""

    def ask(self, accept: str | None = None, method: str = "GET", **named: Any) -> Answer:
        """Scrape a fake node, and see that the answer is described."""
        headers = {} if accept is None else {"Accept": accept}
        return self.house(**named).ask(method, "/metrics", headers=headers)

    def test_text(self) -> None:
        """To whoever does not say more."""
        for accept in (None, "*/*", "text/html"):
            found = self.ask(accept)
            self.assertEqual(200, found.status)
            self.assertTrue(found.headers["content-type"].startswith("text/plain; version=0.0.4"))

    def test_openmetrics(self) -> None:
        """To whoever prefers it, as Prometheus does."""
        found = self.ask("application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
        media_type = found.headers["content-type"]
        self.assertTrue(media_type.startswith("application/openmetrics-text; version=1.0.0"))
        self.assertTrue(found.content.endswith(b"# EOF\n"))

    def test_head(self) -> None:
        """The same without a body."""
        found = self.ask(method="HEAD")
        self.assertEqual((200, b""), (found.status, found.content))
        self.assertGreater(int(found.headers["content-length"]), 5000)

    def test_others(self) -> None:
        """Nothing else can be done there, and nothing chosen."""
        self.assertEqual(405, self.house().ask("POST", "/metrics").status)
        self.assertEqual(400, self.house().ask("GET", "/metrics?name=x").status)

    def test_names_of_peers(self) -> None:
        """They are escaped, for people and for the format, whatever they are."""
        window = FakeWindow()
        everyone = [Glimpse(peer(n).id, 0.001, 0.0) for n in range(len(NAMES))]
        found = series(self.ask(window=window, instruments=FakeInstruments(links=everyone)))
        names = {
            dict(labels)["name"] for name, labels in found if name.endswith("peer_rtt_seconds")
        }
        self.assertIn("\\x1b[2J\\x1b[31mred\\x07", names)
        self.assertIn("\\ud800lone", names)
        for name in names:
            self.assertTrue(name.isprintable(), ascii(name))

    def test_peers_that_go_meanwhile(self) -> None:
        """They are left out."""
        instruments = FakeInstruments(
            links=[Glimpse(number(n), 0.001, 0.0) for n in (4, 5)],
            lost=[Loss(number(n), 1.0) for n in (1, 2, 3)],
        )
        found = series(self.ask(window=PeersThatGo(), instruments=instruments))
        peers = {
            (name, dict(labels)["peer"])
            for name, labels in found
            if name.startswith("p2p_gossip_peer_")
        }
        self.assertEqual(
            {
                ("p2p_gossip_peer_lost_timestamp_seconds", number(3)[:12]),
                ("p2p_gossip_peer_rtt_seconds", number(5)[:12]),
                ("p2p_gossip_peer_ping_loss_ratio", number(5)[:12]),
            },
            peers,
        )

    def test_failure(self) -> None:
        """It is told as all failures are."""
        found = self.ask(window=FakeWindow(broken=RuntimeError("x")))
        self.assertEqual((500, "internal-error"), (found.status, found.kind))
        self.assertEqual(1, len(self.flushLoggedErrors(RuntimeError)))

    def test_lag(self) -> None:
        """It is measured from the first scrape on."""
        house = self.house()
        self.assertEqual([], house.clock.getDelayedCalls())
        scraped(house)
        house.clock.pump([2.0, 2.0, 2.25])
        found = series(scraped(house))
        self.assertEqual(3, found["p2p_gossip_event_loop_lag_seconds_count", ()])
        self.assertAlmostEqual(0.25, found["p2p_gossip_event_loop_lag_seconds_sum", ()])


class LoadingTests(UnitCase):
    """The library."""

    def test_it_is_loaded_when_it_is_asked_for(self) -> None:
        """Who serves the API and is not scraped has none of it."""
        code = "import sys, gossip.asking; print('prometheus_client' in sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(("False\n", ""), (done.stdout, done.stderr))

    def test_nothing_is_in_the_global_registry(self) -> None:
        """Whoever else runs in this process has it for himself."""
        house = House(Clock())
        scraped(house)
        house.close()
        names = {family.name for family in prometheus_client.REGISTRY.collect()}
        self.assertEqual([], [name for name in names if name.startswith("p2p_gossip")])
