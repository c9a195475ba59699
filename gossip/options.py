"""
The options, one class for `p2p-gossip` and for twistd (INTERFACE), and their way into `Settings`.
"""

import getopt
import socket
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from ipaddress import ip_network
from pathlib import Path
from reprlib import repr as shortened
from typing import Any

import msgspec
from twisted.python import usage

from gossip import __version__
from gossip.control.hosts import LOCAL, is_name
from gossip.mesh.addresses import LARGEST_PORT, Address, is_loopback, literal
from gossip.settings import HEARTBEAT, Limits, Seed, Settings
from gossip.trust.identity import PeerId
from gossip.trust.records import LONGEST_NAME, LONGEST_TAGS, MOST_ADDRESSES

_ID_DIGITS = 64
_LONGEST_NETWORK = 64
_LONGEST_MESSAGE = 1024
_MOST_PEERS = 1_000_000

_NOT_TEXT = "this is not text in the encoding of the locale"


def _number(
    option: str, kind: type[int | float], least: float, most: float
) -> Callable[[str], float]:
    """What turns the text of an option into a number from `least` to `most`."""

    def read(text: str) -> float:
        try:
            number = kind(text)
        except ValueError:
            what = "a whole number" if kind is int else "a number"
            raise usage.UsageError(f"--{option} {shortened(text)} is not {what}") from None
        if not least <= number <= most:
            shown = shortened(number)
            raise usage.UsageError(f"--{option} {shown} is not from {least:g} to {most:g}")
        return number

    return read


class Options(usage.Options):
    """Options of a node."""

    longdesc = (
        "Runs a node that finds all others, keeps one authenticated link to each, pings them, and"
        " tells who is alive. Start the first one without --connect, and each other one with the"
        " address of any that runs."
    )
    optFlags: list[list[Any]] = []
    optParameters = [
        [
            *("port", "p", 8080, "TCP port to listen on; 0 picks a free one"),
            _number("port", int, 0, LARGEST_PORT),
        ],
        [
            *("period", None, 5.0, "Seconds between pings, 0.05 to 86400"),
            _number("period", float, 0.05, 86400),
        ],
        ["key", None, None, "PEM file of the private key [default: a new one, in memory]"],
        ["cert", None, None, "PEM file of a certificate for the key [default: made for it]"],
        ["ca", None, None, "PEM file of a CA that must vouch for the host names of --connect"],
        ["network", None, "default", "Name of the network; others are refused"],
        ["name", None, None, "Shown to people [default: the host name]"],
        [
            "heartbeat",
            None,
            None,
            "Seconds of silence at most; three mean death [default: 1, more from 250 links on]",
            _number("heartbeat", float, 0.05, 60),
        ],
        ["message", None, None, "Text sent with each ping"],
        ["output", None, "text", "What goes to stdout: text, json or none"],
        ["state", None, None, "Directory in which it remembers who it is, and all peers"],
        ["control", None, None, "Unix socket at which it can be asked [default: see the manual]"],
        ["http", None, None, "host:port of a page that shows the network [default: none]"],
        ["http-token", None, None, "File with a secret to be shown there; needed beyond loopback"],
        ["config", None, None, "File with options, INI or TOML; those given here win"],
        ["log", None, None, "Log level: off, error, warn, info, debug [default: P2P_GOSSIP_LOG]"],
        [
            *("max-peers", None, Limits().peers, "Peers that are known at most, linked or not"),
            _number("max-peers", int, 1, _MOST_PEERS),
        ],
    ]
    compData = usage.Completions(
        optActions={
            "key": usage.CompleteFiles("*.pem"),
            "cert": usage.CompleteFiles("*.pem"),
            "ca": usage.CompleteFiles("*.pem"),
            "output": usage.CompleteList(["text", "json", "none"]),
            "state": usage.CompleteDirs(),
            "control": usage.CompleteFiles("*.sock"),
            "http-token": usage.CompleteFiles(),
            "config": usage.CompleteFiles(),
        }
    )

    def __init__(self) -> None:
        super().__init__()
        self["connect"] = []
        self["listen"] = []
        self["advertise"] = []
        self["tag"] = {}
        self["peer-networks"] = []
        self["http-name"] = []
        self._given: list[str] = []

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """
        Read the command line.

        :raises UsageError: it is wrong; or `SystemExit`, with the line that says so, under twistd,
            which would print the whole of `--help` before it.
        """
        self._given = list(sys.argv[1:] if options is None else options)
        try:
            super().parseOptions([*self._configured(), *self._given])
        except usage.UsageError as error:
            if self.parent is None:
                raise
            print(f"p2p-gossip: {error}; see p2p-gossip --help", file=sys.stderr)
            raise SystemExit(2) from None

    def parseArgs(self, *extra: str) -> None:
        """Take nothing but options."""
        if extra:
            raise usage.UsageError(
                f"{extra[0]!r} is neither an option nor a command; to join through it: --connect"
            )

    def opt_connect(self, text: str) -> None:
        """host:port or [v6]:port to join through, for ever; with #ID only that node; repeatable"""
        where, _, peer = text.partition("#")
        if "#" in text and not _is_id(peer):
            raise usage.UsageError(
                f"--connect {text!r}: what follows # is not a peer id of 64 hex digits"
            )
        address = _address("--connect", where)
        if address.port == 0:
            raise usage.UsageError(f"--connect {text!r}: nobody listens on port 0")
        self["connect"].append(Seed(address, PeerId(peer) if peer else None))

    opt_c = opt_connect

    def opt_listen(self, text: str) -> None:
        """Address or Twisted endpoint to listen on; repeatable [default: all, IPv4 and IPv6]"""
        self["listen"].append(text)

    def opt_advertise(self, text: str) -> None:
        """host:port to give to others; repeatable [default: what peers see]"""
        address = _address("--advertise", text)
        if address.port == 0:
            raise usage.UsageError(f"--advertise {text!r}: nobody dials port 0")
        self["advertise"].append(address)

    def opt_tag(self, text: str) -> None:
        """key=value to show to others; repeatable"""
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise usage.UsageError(f"--tag {text!r} is not key=value")
        self["tag"][key] = value

    def opt_peer_networks(self, text: str) -> None:
        """CIDR outside of which addresses heard from others are not dialed; repeatable"""
        try:
            self["peer-networks"].extend(
                ip_network(part.strip(), strict=False) for part in text.split(",")
            )
        except ValueError as error:
            raise usage.UsageError(f"--peer-networks: {error}") from None

    def opt_http_name(self, text: str) -> None:
        """Host name by which browsers may ask for the page; repeatable [default: localhost]"""
        if not is_name(text):
            raise usage.UsageError(f"--http-name {text!r} is not a host name without a port")
        self["http-name"].append(text)

    def opt_version(self) -> None:
        """Display the version and exit"""
        print(f"p2p-gossip {__version__}")
        raise SystemExit(0)

    def postOptions(self) -> None:
        """Check what one option alone does not show."""
        if self["name"] is None:
            self["name"] = socket.gethostname()[:LONGEST_NAME]
        self["message"] = self["message"] or ""
        self._no_longer("name", LONGEST_NAME)
        self._no_longer("network", _LONGEST_NETWORK)
        self._no_longer("message", _LONGEST_MESSAGE)
        if not self["network"]:
            raise usage.UsageError("--network must not be empty")
        if self["output"] not in ("text", "json", "none"):
            raise usage.UsageError(f"--output {self['output']!r} is not text, json or none")
        if self["cert"] is not None and self["key"] is None:
            raise usage.UsageError("--cert needs the --key that it is for")
        if len(self["advertise"]) > MOST_ADDRESSES:
            raise usage.UsageError(f"--advertise takes at most {MOST_ADDRESSES} addresses")
        self._check_tags()
        self._check_http()

    def again(self) -> Settings:
        """
        What the same command line says now, with the configuration file read anew.

        :raises UsageError: it is wrong now.
        """
        fresh, file = Options(), Path(self["config"])
        if file.exists() and not file.is_file():
            # A node that waits for what comes out of a pipe answers no pings.
            raise usage.UsageError(f"--config {file}: it is no file, and can be read only once")
        try:
            fresh.parseOptions(self._given)
        except usage.UsageError as error:
            # The command line was right when the node started, so it is the file.
            said = str(error)
            if said.startswith("--config "):
                raise
            raise usage.UsageError(f"--config {self['config']}: {said}") from None
        return fresh.settings()

    def _configured(self) -> list[str]:
        """The options that the file of --config stands for, but for those that are given."""
        given = self._names(self._given)
        path = given.get("config")
        if path is None:
            return []
        # Most nodes have no such file, and need nothing that reads one.
        config = import_module("gossip.config")
        try:
            entries = config.read(path)
        except config.ConfigUnusable as error:
            raise usage.UsageError(f"--config {error}") from None
        found = []
        for name, value in entries:
            if f"{name}=" not in self.longOpt or name == "config":
                raise usage.UsageError(f"--config {path}: {shortened(name)} is no option")
            if name not in given:
                found.append(f"--{name}={value}")
        return found

    def _names(self, arguments: list[str]) -> dict[str, str]:
        """The options on a command line, by their long names, each with its last value."""
        try:
            options, _ = getopt.getopt(arguments, self.shortOpt, self.longOpt)
        except getopt.GetoptError as error:
            raise usage.UsageError(str(error)) from None
        return {
            self.synonyms.get(name.lstrip("-"), name.lstrip("-")): value for name, value in options
        }

    def settings(self) -> Settings:
        """What the options say, as the value that everything deeper knows."""
        return Settings(
            port=self["port"],
            listen=tuple(self["listen"]),
            seeds=tuple(dict.fromkeys(self["connect"])),
            advertise=tuple(self["advertise"]),
            key=self["key"],
            certificate=self["cert"],
            authority=self["ca"],
            network=self["network"],
            name=self["name"],
            tags=tuple(self["tag"].items()),
            period=self["period"],
            heartbeat=self["heartbeat"] or HEARTBEAT,
            steady=self["heartbeat"] is not None,
            message=self["message"],
            peer_networks=tuple(self["peer-networks"]),
            output=self["output"],
            state=self["state"],
            control=self["control"],
            http=None if self["http"] is None else _address("--http", self["http"]),
            http_token=self["http-token"],
            http_names=tuple(self["http-name"]),
            log=self["log"],
            limits=Limits(peers=self["max-peers"]),
        )

    def _no_longer(self, name: str, most: int) -> None:
        text = self[name]
        if len(text) > most:
            raise usage.UsageError(f"--{name} is longer than {most} characters")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise usage.UsageError(f"--{name}: {_NOT_TEXT}") from None

    def _check_tags(self) -> None:
        try:
            size = len(msgspec.json.encode(self["tag"]))
        except UnicodeEncodeError:
            raise usage.UsageError(f"--tag: {_NOT_TEXT}") from None
        if size > LONGEST_TAGS:
            raise usage.UsageError(f"--tag: all tags together are longer than {LONGEST_TAGS} bytes")

    def _check_http(self) -> None:
        if self["http"] is None:
            for name in ("http-token", "http-name"):
                if self[name]:
                    raise usage.UsageError(f"--{name} needs the --http that it is for")
            return
        address = _address("--http", self["http"])
        if address.host != LOCAL and literal(address.host) is None:
            raise usage.UsageError(
                f"--http {address}: its host is neither an IP address nor {LOCAL}"
            )
        if self["http-token"] is None and not (address.host == LOCAL or is_loopback(address.host)):
            raise usage.UsageError(
                f"--http {address} can be reached from other machines, so whoever looks there must"
                " show a token: name a file that has one with --http-token, or take 127.0.0.1"
            )


def _is_id(text: str) -> bool:
    return len(text) == _ID_DIGITS and all(digit in "0123456789abcdef" for digit in text)


def _address(option: str, text: str) -> Address:
    try:
        return Address.parse(text)
    except ValueError as error:
        raise usage.UsageError(f"{option}: {error}") from None
