"""
Networks made of network namespaces, which tests break.

A network is a switch and its hosts, each in a namespace of its own, and the switch too: nothing of it
is in the machine's own namespace. Their names begin with the id of the process that made them. They
are removed when the test is over and when the process ends; what a killed process left is removed by
the next one that makes a network.
"""

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from itertools import count
from pathlib import Path

PREFIX = "p2p-gossip-test-"
NAMESPACES = Path("/run/netns")
PORT = 4001
"""Where the node of each host listens."""

_numbers = count(1)


def system(*command: str, stdin: str = "") -> str:
    """
    What a command of the system prints.

    :raises OSError: it failed; the text says how.
    """
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


class Host:
    """A machine with one interface, on which a node can be started."""

    def __init__(self, network: "Network", number: int) -> None:
        self.network = network
        self.number = number
        self.port = f"port{number}"
        """The switch's end of its cable."""
        self.namespace = network.namespace(f"host{number}")
        self.ip = network.ip(number)

    @property
    def address(self) -> str:
        """Where its node is joined through."""
        return f"[{self.ip}]:{PORT}" if ":" in self.ip else f"{self.ip}:{PORT}"

    @property
    def inside(self) -> tuple[str, ...]:
        """What a command begins with to be run on this host."""
        return ("ip", "netns", "exec", self.namespace)

    def plug(self, device: str = "eth0") -> None:
        """Give its interface, however it was made, its name and address."""
        if device != "eth0":
            self._ip("link", "set", device, "name", "eth0")
        self._ip("link", "set", "lo", "up")
        self._ip("link", "set", "eth0", "up")
        self._address("add")

    def down(self) -> None:
        """Take its interface down: nobody is told."""
        self._ip("link", "set", "eth0", "down")

    def up(self) -> None:
        """Bring it up again."""
        self._ip("link", "set", "eth0", "up")
        if ":" in self.ip:
            # The kernel forgets addresses of IPv6 with the interface.
            self._address("replace")

    def move(self, number: int) -> None:
        """Change its address."""
        self._address("del")
        self.ip = self.network.ip(number)
        self._address("add")

    def filter(self, *, received: str = "", sent: str = "") -> None:
        """Replace the rules for what it receives and sends; none lets everything pass."""
        rules = f"""
            table inet broken
            delete table inet broken
            table inet broken {{
                chain received {{
                    type filter hook input priority 0
                    iif lo accept
                    {received}
                }}
                chain sent {{
                    type filter hook output priority 0
                    oif lo accept
                    {sent}
                }}
            }}
        """
        system(*self.inside, "nft", "-f", "-", stdin=rules)

    def counted(self) -> int:
        """Packets that the `counter` of its rules has seen."""
        listed = json.loads(system(*self.inside, "nft", "-j", "list", "table", "inet", "broken"))
        rules = [entry["rule"]["expr"] for entry in listed["nftables"] if "rule" in entry]
        return sum(e["counter"]["packets"] for expr in rules for e in expr if "counter" in e)

    def narrow(self, rate: str) -> None:
        """Bound what it sends, as `tc` writes rates."""
        limit = ("rate", rate, "burst", "4kb", "limit", "64kb")
        system("tc", "-n", self.namespace, "qdisc", "replace", "dev", "eth0", "root", "tbf", *limit)

    def _address(self, verb: str) -> None:
        if ":" in self.ip:
            nodad = () if verb == "del" else ("nodad",)
            self._ip("addr", verb, f"{self.ip}/64", "dev", "eth0", *nodad)
        else:
            self._ip("addr", verb, f"{self.ip}/24", "dev", "eth0")

    def _ip(self, *arguments: str) -> None:
        system("ip", "-n", self.namespace, *arguments)


class Network:
    """A switch and its hosts."""

    def __init__(self, *, ipv6: bool = False) -> None:
        sweep()
        self.hosts: list[Host] = []
        self._ipv6 = ipv6
        self._name = f"{PREFIX}{os.getpid()}-{next(_numbers)}"
        self._namespaces: list[str] = []
        self._bridges: set[str] = set()
        atexit.register(self.remove)
        self.switch = self._made("switch")
        self._bridge("br0")

    def namespace(self, what: str) -> str:
        """The name of one of its namespaces."""
        return f"{self._name}-{what}"

    def ip(self, number: int) -> str:
        """The address with this number."""
        return f"fd77::{number:x}" if self._ipv6 else f"10.77.0.{number}"

    def host(self) -> Host:
        """One more host, on a cable."""
        host = self._host()
        self._ip(
            *("link", "add", host.port, "type", "veth"),
            *("peer", "name", "eth0", "netns", host.namespace),
        )
        self._attach(host)
        host.plug()
        return host

    def distant(self, line: str) -> Host:
        """One more host, on a line of a relay that runs inside the switch's namespace."""
        host = self._host()
        host.port = f"s{line}"
        self._ip("link", "set", f"h{line}", "netns", host.namespace)
        self._attach(host)
        host.plug(f"h{line}")
        return host

    def split(self, *groups: Sequence[Host]) -> None:
        """Each group is a network of its own from now on; hosts that are in none stay."""
        for number, group in enumerate(groups):
            self._bridge(f"br{number}")
            for host in group:
                self._ip("link", "set", host.port, "master", f"br{number}")

    def heal(self) -> None:
        """All hosts are in one network."""
        self.split(self.hosts)

    def remove(self) -> None:
        """Leave nothing of it; may be called again."""
        atexit.unregister(self.remove)
        while self._namespaces:
            discard(self._namespaces.pop())

    def _host(self) -> Host:
        host = Host(self, len(self.hosts) + 1)
        self._made(f"host{host.number}")
        self.hosts.append(host)
        return host

    def _attach(self, host: Host) -> None:
        self._ip("link", "set", host.port, "master", "br0", "up")

    def _made(self, what: str) -> str:
        name = self.namespace(what)
        self._namespaces.append(name)
        system("ip", "netns", "add", name)
        return name

    def _bridge(self, name: str) -> None:
        if name not in self._bridges:
            self._bridges.add(name)
            self._ip("link", "add", name, "type", "bridge", "forward_delay", "0")
            self._ip("link", "set", name, "up")

    def _ip(self, *arguments: str) -> None:
        system("ip", "-n", self.switch, *arguments)


def discard(namespace: str) -> None:
    """Remove a namespace of ours, and end what still runs in it."""
    with suppress(OSError):
        for pid in system("ip", "netns", "pids", namespace).split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        system("ip", "netns", "del", namespace)


def sweep() -> None:
    """Remove what test processes that were killed have left."""
    for path in NAMESPACES.glob(f"{PREFIX}*"):
        pid = path.name.removeprefix(PREFIX).split("-")[0]
        if not Path("/proc", pid).exists():
            discard(path.name)


@cache
def lacking() -> str | None:
    """Why networks cannot be made here, for people; None where they can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "network namespaces need Linux and root"
    for tool, package in (("ip", "iproute2"), ("tc", "iproute2"), ("nft", "nftables")):
        if shutil.which(tool) is None:
            return f"{tool} (Debian: {package}) is not installed: networks cannot be broken"
    network = None
    try:
        network = Network()
        host = network.host()
        host.filter(
            received="ct mark set 1 numgen random mod 100 < 5 drop",
            sent="meta l4proto tcp reject with tcp reset",
        )
        host.narrow("1mbit")
        system("ip", "-n", network.switch, "tuntap", "add", "dev", "probe", "mode", "tap")
    except OSError as error:
        return f"this machine cannot make or break networks: {error}"
    finally:
        if network is not None:
            network.remove()
    return None
