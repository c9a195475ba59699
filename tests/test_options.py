"""
The options, one class for `p2p-gossip` and for twistd.
"""

import io
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from ipaddress import ip_network
from pathlib import Path

from twisted.python.usage import UsageError

from gossip import __version__
from gossip.mesh.addresses import Address
from gossip.options import Options
from gossip.settings import Seed, Settings
from gossip.trust.identity import PeerId
from tests.cases import UnitCase

ID = PeerId("0123456789abcdef" * 4)

OPTIONS = (
    *("port", "period", "connect", "key", "cert", "listen", "advertise", "network", "name", "tag"),
    *("heartbeat", "message", "output", "ca", "peer-networks", "help", "version"),
    *("state", "control", "config", "log", "max-peers", "http", "http-token", "http-name"),
)


def parse(*arguments: str) -> Settings:
    """The settings that a command line makes."""
    options = Options()
    options.parseOptions(arguments)
    return options.settings()


class SettingsTests(UnitCase):
    """What is asked for."""

    def test_defaults(self) -> None:
        """Without options a node is what INTERFACE says."""
        self.assertEqual(
            Settings(
                port=8080,
                listen=(),
                seeds=(),
                advertise=(),
                key=None,
                certificate=None,
                authority=None,
                network="default",
                name=socket.gethostname()[:64],
                tags=(),
                period=5.0,
                heartbeat=1.0,
                message="",
                peer_networks=(),
                output="text",
            ),
            parse(),
        )

    def test_every_option(self) -> None:
        """Each option arrives where it belongs; the repeatable ones as often as they are given."""
        self.assertEqual(
            Settings(
                port=0,
                listen=("127.0.0.1", "systemd:domain=INET6:name=p2p-gossip"),
                seeds=(Seed(Address("a.example", 1)), Seed(Address("::1", 65535), ID)),
                advertise=(Address("b.example", 2), Address("::2", 3)),
                key="k.pem",
                certificate="c.pem",
                authority="ca.pem",
                network="n",
                name="机器",
                tags=(("site", "north"), ("empty", ""), ("expr", "a=b")),
                period=0.05,
                heartbeat=60.0,
                steady=True,
                message="hello",
                peer_networks=(ip_network("10.0.0.0/8"), ip_network("fd00::/8")),
                output="json",
                http=Address("0.0.0.0", 0),
                http_token="t.txt",
                http_names=("mesh.example", "10.1.2.3"),
            ),
            parse(
                *("--port", "0", "--listen", "127.0.0.1"),
                *("--listen", "systemd:domain=INET6:name=p2p-gossip"),
                *("--connect", "a.example:1", "-c", f"[::1]:65535#{ID}"),
                *("--advertise", "b.example:2", "--advertise", "[::2]:3"),
                *("--key", "k.pem", "--cert", "c.pem", "--ca", "ca.pem", "--network", "n"),
                *("--name", "机器", "--tag", "site=north", "--tag", "empty=", "--tag", "expr=a=b"),
                *("--period", "0.05", "--heartbeat", "60", "--message", "hello"),
                *("--peer-networks", "10.1.2.3/8, fd00::/8", "--output=json"),
                *("--http", "0.0.0.0:0", "--http-token", "t.txt"),
                *("--http-name", "mesh.example", "--http-name", "10.1.2.3"),
            ),
        )

    def test_short_forms(self) -> None:
        """`-p` and `-c` are `--port` and `--connect`."""
        self.assertEqual(parse("--port", "1", "--connect", "a:2"), parse("-p", "1", "-c", "a:2"))

    def test_limits_of_ranges_are_inside(self) -> None:
        """The least and the most are allowed."""
        for option, values in (
            ("port", ("0", "65535")),
            ("period", ("0.05", "86400")),
            ("heartbeat", ("0.05", "60")),
        ):
            for value in values:
                settings = parse(f"--{option}", value)
                self.assertEqual(float(value), getattr(settings, option))

    def test_longest_texts_are_inside(self) -> None:
        """The longest name, network and message that peers take can be given."""
        self.assertEqual("ñ" * 64, parse("--name", "ñ" * 64).name)
        self.assertEqual("ñ" * 64, parse("--network", "ñ" * 64).network)
        self.assertEqual("ñ" * 1024, parse("--message", "ñ" * 1024).message)

    def test_the_same_seed_twice(self) -> None:
        """An address that is given twice is dialed once, in the order of the first time."""
        self.assertEqual(
            (Seed(Address("b", 1)), Seed(Address("a", 1))),
            parse("-c", "b:1", "-c", "a:1", "-c", "b:1").seeds,
        )

    def test_the_same_tag_twice(self) -> None:
        """The last value of a tag counts."""
        self.assertEqual((("k", "2"),), parse("--tag", "k=1", "--tag", "k=2").tags)

    def test_no_state_is_shared(self) -> None:
        """What one command line says is not in the next one."""
        parse("-c", "a:1", "--tag", "k=v", "--listen", "::1", "--peer-networks", "10.0.0.0/8")
        self.assertEqual(Options().settings().seeds, parse().seeds)
        self.assertEqual(((), (), ()), (parse().tags, parse().listen, parse().peer_networks))


class WrongTests(UnitCase):
    """What is wrong is said, and so that one knows what to do."""

    def refused(self, said: str, *arguments: str) -> None:
        """Check what is said to a command line, on one line."""
        error = self.assertRaises(UsageError, parse, *arguments)
        self.assertIn(said, str(error))
        self.assertNotIn("\n", str(error))

    def test_numbers(self) -> None:
        """Not numbers, not finite, too small, too large: each is refused with the range."""
        for option, least, most, values in (
            ("port", "0", "65535", ("-1", "65536", "99999999999999999999")),
            ("period", "0.05", "86400", ("nan", "inf", "-inf", "0", "-1", "0.049", "86400.1")),
            ("heartbeat", "0.05", "60", ("nan", "inf", "-inf", "0", "-1", "0.049", "60.1")),
        ):
            for value in values:
                self.refused(f" is not from {least} to {most}", f"--{option}={value}")
        for value in ("", "x", "1.5", "1e3", "nan"):
            self.refused(f"--port {value!r} is not a whole number", "--port", value)
        self.refused("--period 'x' is not a number", "--period", "x")
        self.refused("--heartbeat '' is not a number", "--heartbeat", "")

    def test_numbers_of_many_digits(self) -> None:
        """However long a number is that somebody wrote, the error is short."""
        for option in ("port", "period", "heartbeat"):
            for digits in (20, 400, 5000):
                error = self.assertRaises(UsageError, parse, f"--{option}", "9" * digits)
                self.assertIn(" is not ", str(error))
                self.assertLess(len(str(error)), 80)
        self.refused("9...9", "--port", "9" * 400)

    def test_connect(self) -> None:
        """An address to join through has a host and a port, and after # a whole peer id."""
        for text in ("nowhere", ":1", "a:", "a:x", "a:-1", "a:65536", "::1:80", "[x]:1", "a b:1"):
            self.refused(f"--connect: {text!r}", "--connect", text)
        self.refused("nobody listens on port 0", "--connect", "a:0")
        for digits in ("", "1", ID[:-1], f"{ID}0", ID.upper(), "g" * 64, f"{ID}#"):
            self.refused(
                "what follows # is not a peer id of 64 hex digits", "--connect", f"a:1#{digits}"
            )

    def test_advertise(self) -> None:
        """What is given to others is an address, and there are at most eight."""
        self.refused("--advertise: 'a' is not host:port", "--advertise", "a")
        self.refused("--advertise 'a:0': nobody dials port 0", "--advertise", "a:0")
        nine = [f"--advertise=a:{port}" for port in range(1, 10)]
        self.assertEqual(8, len(parse(*nine[:8]).advertise))
        self.refused("--advertise takes at most 8 addresses", *nine)

    def test_tags(self) -> None:
        """A tag has a key, and all together are not longer than a record takes."""
        for text in ("x", "", "=x"):
            self.refused(f"--tag {text!r} is not key=value", "--tag", text)
        self.refused("longer than 4096 bytes", "--tag", f"k={'x' * 4096}")
        self.refused("--tag: this is not text in the encoding", "--tag", "k=\udcff")

    def test_texts(self) -> None:
        """Names and messages have a length, and are text."""
        for option, most in (("name", 64), ("network", 64), ("message", 1024)):
            said = f"--{option} is longer than {most} characters"
            self.refused(said, f"--{option}", "x" * (most + 1))
            self.refused(f"--{option}: this is not text", f"--{option}", "\udcff")
        self.refused("--network must not be empty", "--network", "")

    def test_output(self) -> None:
        """There are three kinds of output."""
        for output in ("text", "json", "none"):
            self.assertEqual(output, parse("--output", output).output)
        self.refused("--output 'xml' is not text, json or none", "--output", "xml")

    def test_certificate_alone(self) -> None:
        """A certificate says nothing without its key."""
        self.refused("--cert needs the --key", "--cert", "c.pem")

    def test_peer_networks(self) -> None:
        """A network is in CIDR notation."""
        self.refused("--peer-networks: 'x' does not appear to be", "--peer-networks", "x")

    def test_http_for_this_machine_alone(self) -> None:
        """Nobody needs a token who is here."""
        for text in (
            "localhost:80",
            "127.0.0.1:0",
            "127.1.2.3:80",
            "[::1]:80",
            "[::ffff:127.0.0.1]:80",
        ):
            self.assertEqual(Address.parse(text), parse("--http", text).http)
        self.assertIsNone(parse().http)

    def test_http_for_others(self) -> None:
        """They need one, and it is said why, and what to do."""
        for text in ("0.0.0.0:80", "[::]:80", "10.0.0.1:80", "[2001:db8::1]:80", "[fe80::1]:80"):
            self.refused(f"--http {text} can be reached from other machines", "--http", text)
            self.refused("--http-token, or take 127.0.0.1", "--http", text)
            self.assertEqual("t", parse("--http", text, "--http-token", "t").http_token)

    def test_http_somewhere_else(self) -> None:
        """It is at an address of this machine, with a port."""
        self.refused("is neither an IP address nor localhost", "--http", "mesh.example:80")
        for text in ("80", ":80", "127.0.0.1", "::1:80", "localhost:x", "localhost:65536"):
            self.refused("--http: ", "--http", text)

    def test_http_options_alone(self) -> None:
        """They are for something that is not there."""
        self.refused("--http-token needs the --http", "--http-token", "t")
        self.refused("--http-name needs the --http", "--http-name", "mesh.example")
        for name in ("mesh.example:80", "http://mesh.example", "*.example", ""):
            self.refused(
                "is not a host name without a port", "--http", "[::1]:1", "--http-name", name
            )

    def test_not_an_option(self) -> None:
        """An address without its option, a typing error, and an option without its value."""
        self.refused(
            "'a:1' is neither an option nor a command; to join through it: --connect", "a:1"
        )
        self.refused("option --conect not recognized", "--conect", "a:1")
        self.refused("option --key requires argument", "--key")


class HelpTests(UnitCase):
    """What the program says of itself."""

    def test_help_lists_every_option(self) -> None:
        """Each option has a line with what it is for."""
        described = {}
        for line in Options().getUsage(width=1000).splitlines():
            words = line.replace(", ", " ").split()
            names = [word for word in words if word.startswith("-")]
            long = [name.strip("-=") for name in names if name.startswith("--")]
            if line.startswith("  ") and long:
                described[long[0]] = line.partition(f"--{long[0]}")[2].lstrip("= ")
        self.assertEqual(set(OPTIONS), set(described))
        for option, text in described.items():
            self.assertGreater(len(text.split()), 2, option)

    def test_help_tells_how_to_begin(self) -> None:
        """It says how it is called, and what to do first."""
        text = " ".join(str(Options()).split())
        self.assertTrue(text.startswith("Usage: "))
        self.assertIn("[options]", text)
        self.assertIn("Start the first one without --connect", text)

    def test_help_and_version_end(self) -> None:
        """Who asks for help or for the version gets that, and status 0."""
        for option, said in (
            ("--help", "--connect="),
            ("--version", f"p2p-gossip {__version__}\n"),
        ):
            out = io.StringIO()
            with redirect_stdout(out):
                ending = self.assertRaises(SystemExit, parse, option)
            self.assertIn(said, out.getvalue())
            self.assertFalse(ending.code)

    def test_under_twistd(self) -> None:
        """As a part of another command, what is wrong is one line and the end."""
        options = Options()
        options.parent = Options()
        errors = io.StringIO()
        with redirect_stderr(errors):
            ending = self.assertRaises(SystemExit, options.parseOptions, ["--port", "x"])
        self.assertEqual(
            "p2p-gossip: --port 'x' is not a whole number; see p2p-gossip --help\n",
            errors.getvalue(),
        )
        self.assertEqual(2, ending.code)
        options.parseOptions(["--port", "1"])
        self.assertEqual(1, options.settings().port)


class ConfigTests(UnitCase):
    """What a file says, and what the command line says besides."""

    def config(self, text: str) -> str:
        """A configuration file with this text."""
        path = Path(self.mktemp())
        path.mkdir()
        path /= "node.toml"
        path.write_text(text)
        return str(path)

    def test_file_is_read(self) -> None:
        """Its entries are options."""
        path = self.config("name = 'n'\nport = 9000\nconnect = ['b:1', 'c:2']\ntag = {x = 'y'}")
        settings = parse("--config", path)
        self.assertEqual(("n", 9000), (settings.name, settings.port))
        self.assertEqual(["b:1", "c:2"], [str(seed.address) for seed in settings.seeds])
        self.assertEqual((("x", "y"),), settings.tags)

    def test_options_win(self) -> None:
        """What is given on the command line replaces what the file says, also where it is a list."""
        path = self.config("port = 9000\nperiod = 1.0\nconnect = ['b:1', 'c:2']")
        settings = parse("-p", "9001", "--config", path, "-c", "d:3")
        self.assertEqual((9001, 1.0), (settings.port, settings.period))
        self.assertEqual(["d:3"], [str(seed.address) for seed in settings.seeds])

    def test_mistakes_are_named(self) -> None:
        """What is no option, no value for one, or no file is refused with the reason."""
        for text, reason in (
            ("prot = 1", "'prot' is no option"),
            ("config = 'x'", "'config' is no option"),
            ("help = 1", "'help' is no option"),
            ("port = 70000", "--port 70000 is not from 0 to 65535"),
            ("port", "is not TOML"),
        ):
            path = self.config(text)
            self.assertIn(reason, str(self.assertRaises(UsageError, parse, "--config", path)))

    def test_again(self) -> None:
        """The same command line later says what the file says then."""
        path = self.config("name = 'before'")
        options = Options()
        options.parseOptions(["--config", path, "--period", "2"])
        Path(path).write_text("name = 'after'\nperiod = 9.0")
        settings = options.again()
        self.assertEqual(("after", 2.0), (settings.name, settings.period))
        self.assertEqual("before", options.settings().name)

    def test_again_from_a_pipe(self) -> None:
        """What comes out of a pipe is gone: nobody waits for more."""
        options = Options()
        with ThreadPoolExecutor() as pool:
            pipe = self.mktemp()
            os.mkfifo(pipe)
            pool.submit(Path(pipe).write_text, "[p2p-gossip]\nname = once")
            options.parseOptions(["--config", pipe])
        self.assertEqual("once", options.settings().name)
        error = self.assertRaises(UsageError, options.again)
        self.assertEqual(f"--config {pipe}: it is no file, and can be read only once", str(error))

    def test_again_with_a_mistake(self) -> None:
        """It is told in which file, whatever it is, and once."""
        path = self.config("period = 2")
        options = Options()
        options.parseOptions(["--config", path])
        for text, reason in (
            ("period = 'x'", f"--config {path}: --period 'x' is not a number"),
            ("cert = 'x'", f"--config {path}: --cert needs the --key that it is for"),
            ("bogus = 1", f"--config {path}: 'bogus' is no option"),
        ):
            Path(path).write_text(text)
            self.assertEqual(reason, str(self.assertRaises(UsageError, options.again)))
