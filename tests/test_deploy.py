"""
What is in `deploy/`: units for systemd, alerts for Prometheus, a dashboard for Grafana.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from gossip.mesh.figures import Glimpse, Loss
from gossip.options import Options
from tests.control.asking import HouseCase
from tests.control.fakes import FakeInstruments, FakeWindow, peer
from tests.control.test_exposition import STORE
from tests.lived.test_systemd import TWISTD, SystemdCase, shake_hands

DEPLOY = Path(__file__).parent.parent / "deploy"
SERVICE = "p2p-gossip.service"
SOCKET = "p2p-gossip.socket"
RULES = "prometheus.rules.yml"
DASHBOARD = "grafana.json"
METRIC = re.compile(r"\b(?:p2p_gossip|process|python)_\w+")


def unit(name: str) -> ConfigParser:
    """A unit, parsed; of keys that come twice, the last."""
    path = DEPLOY / name
    if not path.exists():
        raise SkipTest(f"there is no {path}: the tests run apart from the source")
    parsed = ConfigParser(
        interpolation=None, strict=False, delimiters=("=",), comment_prefixes=("#",)
    )
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read(path)
    return parsed


class AnalyzeTests(SynchronousTestCase):
    """What systemd itself says of the units."""

    def analyze(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Let systemd look at copies of the units, whose program exists."""
        tool = shutil.which("systemd-analyze")
        if tool is None:
            raise SkipTest("there is no systemd-analyze")
        command = unit(SERVICE)["Service"]["ExecStart"].split()[0]
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        for name in (SERVICE, SOCKET):
            text = (DEPLOY / name).read_text().replace(command, "/bin/true")
            Path(directory, name).write_text(text)
        return subprocess.run(
            [tool, *arguments],
            cwd=directory,
            env={**os.environ, "SYSTEMD_COLORS": "0", "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def test_verify(self) -> None:
        """Nothing is wrong with them. An unknown key would be told of, but with status 0."""
        done = self.analyze("verify", f"./{SERVICE}", f"./{SOCKET}")
        self.assertEqual((0, "", ""), (done.returncode, done.stdout, done.stderr))

    def test_security(self) -> None:
        """The service is exposed as little as one that needs the network can be: below 2 of 10."""
        done = self.analyze(
            "security", "--offline=true", "--threshold=20", "--no-pager", f"./{SERVICE}"
        )
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)


class UnitTests(SystemdCase):
    """What the units say, held against the program."""

    def test_command(self) -> None:
        """The command line of the unit, with options from its environment, is a node."""
        service = unit(SERVICE)["Service"]
        self.assertEqual("notify", service["Type"])
        name, _, default = service["Environment"].partition("=")
        self.assertEqual(("P2P_GOSSIP_OPTIONS", ""), (name, default))
        self.assertTrue(service["EnvironmentFile"].startswith("-/"))
        program, *rest = service["ExecStart"].split()
        self.assertTrue(program.endswith("/twistd"))
        self.assertIn(f"${name}", rest)
        given = "--listen 127.0.0.1 --port 0 --output json --name 'a node' --tag site=north"
        words: list[str] = []
        state = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, state)
        for word in rest:
            words += shlex.split(given) if word == f"${name}" else [word.replace("%S", state)]
        systemd = self.systemd()
        node = self.run_command(
            [*TWISTD, *words],
            NOTIFY_SOCKET=systemd.name,
            WATCHDOG_USEC=str(int(service["WatchdogSec"].removesuffix("s")) * 1000000),
        )
        self.assertIn("READY=1", systemd.until("READY=1").splitlines())
        listening = node.until("listening")
        self.assertEqual("a node", listening["name"])
        self.assertEqual("p2p-gossip/1", shake_hands(listening["port"]))
        systemd.until("WATCHDOG=1")
        self.assertEqual({node.pid}, {pid for _, _, pid in systemd.told})
        kept = Path(state, service["StateDirectory"])
        self.assertTrue({"key.pem", "gossip.db"} <= {one.name for one in kept.iterdir()})
        self.assertEqual("/bin/kill -HUP $MAINPID", service["ExecReload"])
        self.assertEqual(0, node.terminate()[0])

    def test_port(self) -> None:
        """The socket unit opens the port that a node opens itself."""
        opened = unit(SOCKET)["Socket"]
        self.assertEqual(str(Options()["port"]), opened["ListenStream"])
        self.assertEqual("both", opened["BindIPv6Only"])

    def test_socket_by_its_name(self) -> None:
        """What the comment tells an operator to write is the name that the unit gives."""
        opened = unit(SOCKET)["Socket"]
        listen = f"--listen systemd:domain=INET6:name={opened['FileDescriptorName']}"
        self.assertIn(f"P2P_GOSSIP_OPTIONS={listen}\n", (DEPLOY / SOCKET).read_text())

    def test_memory_that_is_written_and_run(self) -> None:
        """The service may have what pyOpenSSL's callbacks need; without, it would not start."""
        self.assertNotIn("MemoryDenyWriteExecute", unit(SERVICE)["Service"])


def deployed(name: str) -> Path:
    """A file of `deploy/`, where there is one."""
    path = DEPLOY / name
    if not path.exists():
        raise SkipTest(f"there is no {path}: the tests run apart from the source")
    return path


def promtool(case: SynchronousTestCase, *arguments: str, **files: str) -> tuple[int, str]:
    """What promtool says of files with these contents: its status and its output."""
    tool = shutil.which("promtool")
    if tool is None:
        raise SkipTest("there is no promtool, which comes with Debian's package `prometheus`")
    directory = tempfile.mkdtemp()
    case.addCleanup(shutil.rmtree, directory)
    for name, text in files.items():
        Path(directory, f"{name}.yml").write_text(text)
    done = subprocess.run(
        [tool, *arguments], cwd=directory, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout + done.stderr


class WholeWindow(FakeWindow):
    """A window on a node that counts all that any node does."""

    def counters(self) -> Mapping[str, float]:
        """Events, and a store."""
        return {**super().counters(), **STORE, "events_peer_dead": 1}


class MetricsCase(HouseCase):
    """Knows what can be scraped."""

    def exposed(self) -> set[str]:
        """The names of all metrics."""
        instruments = FakeInstruments(
            links=[Glimpse(peer(0).id, 0.1, 0.1)], lost=[Loss(peer(3).id, 1.0)]
        )
        house = self.house(window=WholeWindow(), instruments=instruments)
        text = house.ask("GET", "/metrics").content.decode()
        return {re.split("[{ ]", line)[0] for line in text.splitlines() if line[0] != "#"}


class RulesTests(MetricsCase):
    """The alerts, as promtool has them."""

    def setUp(self) -> None:
        self.rules = deployed(RULES).read_text()
        self.tests, self.days = (
            (Path(__file__).parent / "deploy" / name).read_text().replace("- RULES", "- rules.yml")
            for name in ("prometheus.test.yml", "prometheus-days.test.yml")
        )

    def test_they_are_rules(self) -> None:
        """Each expression can be read, and no alert is there twice."""
        status, said = promtool(self, "check", "rules", "rules.yml", rules=self.rules)
        self.assertEqual(0, status, said)
        self.assertNotIn("duplicate", said)

    def test_they_fire_when_they_should(self) -> None:
        """And not otherwise."""
        named = {"rules": self.rules, "tests": self.tests, "days": self.days}
        status, said = promtool(self, "test", "rules", "tests.yml", "days.yml", **named)
        self.assertEqual(0, status, said)

    def test_the_tests_can_fail(self) -> None:
        """Other thresholds are noticed."""
        for right, wrong in [
            ("group_left () 0.5 * count", "group_left () 5 * count"),
            (">= 2)", ">= 1)"),
            ("0.5 * max by", "0.1 * max by"),
            ("[30m])) >= 3", "[30m])) >= 2"),
            ("10 + 2 *", "100 + 2 *"),
            ("for: 1m", "for: 9m"),
        ]:
            self.assertIn(right, self.rules)
            broken = {"rules": self.rules.replace(right, wrong), "tests": self.tests}
            status, _ = promtool(self, "test", "rules", "tests.yml", **broken)
            self.assertEqual(1, status, wrong)

    def test_every_alert_is_tested_and_told_of(self) -> None:
        """With what it means and what to do, here and in the manual for operators."""
        alerts = re.split("- alert: ", self.rules)[1:]
        manual = deployed("../docs/operating.rst").read_text()
        for alert in alerts:
            name = alert.split()[0]
            self.assertIn("summary: ", alert, name)
            self.assertIn("description: ", alert, name)
            self.assertTrue(name in self.tests or name in self.days, name)
            self.assertTrue(f"``{name}``" in manual, name)

    def test_metrics(self) -> None:
        """They ask for what there is."""
        used = set(METRIC.findall(self.rules))
        self.assertGreater(len(used), 10)
        self.assertEqual(set(), used - self.exposed())


class DashboardTests(MetricsCase):
    """The dashboard, as far as it can be held against something without a Grafana."""

    def setUp(self) -> None:
        self.dashboard: dict[str, Any] = json.loads(deployed(DASHBOARD).read_text())

    def expressions(self) -> Iterator[str]:
        """All that it asks Prometheus for."""
        for panel in self.dashboard["panels"]:
            yield from (target["expr"] for target in panel["targets"])
        yield from (each["expr"] for each in self.dashboard["annotations"]["list"])

    def test_panels(self) -> None:
        """They have numbers, titles and places of their own, and do not overlap."""
        panels = self.dashboard["panels"]
        self.assertEqual(len(panels), len({panel["id"] for panel in panels}))
        self.assertEqual(len(panels), len({panel["title"] for panel in panels}))
        taken: set[tuple[int, int]] = set()
        for panel in panels:
            at = panel["gridPos"]
            places = {
                (x, y)
                for x in range(at["x"], at["x"] + at["w"])
                for y in range(at["y"], at["y"] + at["h"])
            }
            self.assertEqual(set(), taken & places, panel["title"])
            self.assertLessEqual(at["x"] + at["w"], 24)
            taken |= places
            references = [target["refId"] for target in panel["targets"]]
            self.assertEqual(len(references), len(set(references)))
            self.assertIn(panel["type"], ("stat", "timeseries", "table", "heatmap"), panel["title"])

    def test_variables(self) -> None:
        """Those that are used are there, Grafana's own apart."""
        named = {each["name"] for each in self.dashboard["templating"]["list"]}
        used = set(re.findall(r"\$\{?(\w+)", json.dumps(self.dashboard)))
        self.assertEqual(named, used - {"__rate_interval"})

    def test_metrics(self) -> None:
        """They are those that there are."""
        used = set(METRIC.findall(" ".join(self.expressions())))
        self.assertGreater(len(used), 15)
        self.assertEqual(set(), used - self.exposed())

    def test_expressions(self) -> None:
        """Prometheus can read them."""
        lines = ["groups: [{name: dashboard, rules: ["]
        for number, text in enumerate(self.expressions()):
            asked = text.replace("$__rate_interval", "1m")
            lines.append(f"{{record: 'a:{number}', expr: {json.dumps(asked)}}},")
        rules = "\n".join([*lines, "]}]"])
        status, said = promtool(self, "check", "rules", "rules.yml", rules=rules)
        self.assertEqual(0, status, said)
        broken = rules.replace("sum by", "sum of", 1)
        self.assertEqual(1, promtool(self, "check", "rules", "rules.yml", rules=broken)[0])
