"""
A real Prometheus, which scrapes real nodes: what it makes of their figures, and of their absence.
"""

import json
import re
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError
from twisted.internet.task import deferLater
from twisted.trial.unittest import SkipTest
from twisted.web.client import Agent, ResponseFailed, readBody

from tests.lived.nodes import PATIENCE, LivedCase, NodeProcess, Program
from tests.test_deploy import RULES, deployed

reactor: Any = global_reactor

PROMETHEUS = shutil.which("prometheus")

OFTEN = 0.1
"""Seconds between two questions to one who tells nothing by itself."""

CONFIGURATION = """
global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files: [{rules}]
scrape_configs:
  - job_name: p2p-gossip
    static_configs:
      - targets: {targets}
"""


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def calm(alerts: Any) -> bool:
    """Whether nothing is wrong with the network; how a loaded machine fares is another matter."""
    return not any(each["labels"]["severity"] == "critical" for each in alerts["alerts"])


class PrometheusTests(LivedCase):
    """Two nodes and their alerts."""

    def setUp(self) -> None:
        if PROMETHEUS is None:
            raise SkipTest("there is no prometheus, which comes with Debian's package of this name")
        # It waits for nothing here: a minute is what an operator wants.
        rules = re.sub("for: .*", "for: 0s", deployed(RULES).read_text())
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.place = Path(directory.name)
        (self.place / "rules.yml").write_text(rules)

    async def named(self, name: str, *arguments: str, http: str = "127.0.0.1:0") -> NodeProcess:
        """Start a node that has a directory by its name and a door for Prometheus."""
        where = ("--name", name, "--state", str(self.place / name), "--http", http)
        node = self.node(*where, *arguments)
        await node.listening()
        return node

    async def scraper(self, *targets: str) -> None:
        """Start Prometheus."""
        configuration = CONFIGURATION.format(rules="rules.yml", targets=json.dumps(targets))
        (self.place / "prometheus.yml").write_text(configuration)
        port = free_port()
        assert PROMETHEUS is not None
        self.prometheus = self.watched(
            Program(
                (
                    PROMETHEUS,
                    f"--config.file={self.place / 'prometheus.yml'}",
                    f"--storage.tsdb.path={self.place / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                )
            )
        )
        self.api = f"http://127.0.0.1:{port}/api/v1/"

    async def asked(self, what: str) -> Any:
        """What Prometheus answers; None while it does not yet."""
        try:
            response = await Agent(reactor).request(b"GET", (self.api + what).encode())
            content = await readBody(response)
        except (ConnectError, ResponseFailed):
            return None
        return json.loads(content)["data"] if response.code == 200 else None

    async def until(self, what: str, wanted: Callable[[Any], bool]) -> Any:
        """Ask until what is answered is wanted."""
        begun, found = reactor.seconds(), None
        while reactor.seconds() < begun + PATIENCE:
            self.assertFalse(self.prometheus.ended.called, self.prometheus.errors)
            found = await self.asked(what)
            if found is not None and wanted(found):
                return found
            await deferLater(reactor, OFTEN)
        raise AssertionError(f"{what} is still {found}\n{self.prometheus.errors[-2000:]}")

    def query(self, expression: str) -> str:
        """The path of a query."""
        return f"query?query={quote(expression)}"

    async def value(self, expression: str, wanted: float) -> None:
        """Wait until an expression has one value, and this one."""
        await self.until(
            self.query(expression),
            lambda found: [float(each["value"][1]) for each in found["result"]] == [wanted],
        )

    async def fires(self, alert: str, **labels: str) -> None:
        """Wait until an alert fires."""
        await self.until(
            "alerts",
            lambda found: any(
                each["state"] == "firing"
                and {**each["labels"], **labels, "alertname": alert} == each["labels"]
                for each in found["alerts"]
            ),
        )

    async def test_a_node_is_killed(self) -> None:
        """It is scraped as long as it lives; then an alert names it, until it is back."""
        a = await self.named("a")
        b = await self.named("b", "--connect", a.address)
        await self.mesh([a, b])
        doors = [str(node._listening["http"]).split("/")[2] for node in (a, b)]
        await self.scraper(*doors)
        await self.value("count(p2p_gossip_node_info)", 2)
        await self.value('sum(p2p_gossip_nodes{state="alive"})', 2)
        await self.value("min(p2p_gossip_rtt_seconds_count) > bool 3", 1)
        await self.value("count(p2p_gossip_event_loop_lag_seconds_count > 0)", 2)
        await self.until("alerts", calm)
        # All that it was told has a type and a help.
        metadata = await self.until("metadata", lambda found: len(found) > 30)
        untold = [name for name, (each, *_) in metadata.items() if not each["help"]]
        self.assertEqual([], untold)
        b.signal("KILL")
        ended: Deferred[int] = b.ended
        await ended
        await self.fires("P2pGossipNodeDead", name="b", peer=b.id[:12])
        again = await self.named("b", "--connect", a.address, http=doors[1])
        self.assertEqual(b.id, again.id)
        await self.until("alerts", calm)
        await self.value('sum(p2p_gossip_nodes{state="alive"})', 2)
        await self.value("sum(p2p_gossip_silence_seconds_count) >= bool 1", 1)
