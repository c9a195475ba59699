"""
Commands that ask nodes: all of it as processes, from the words of a user to the answer of a mesh.
"""

import json
import os
import shutil
import signal
import stat
from pathlib import Path
from typing import Any

from twisted.internet.defer import gatherResults
from twisted.trial.unittest import SkipTest

from tests.lived.commands import Asked, CommandCase, Told
from tests.lived.nodes import Event, NodeProcess, Program

CURL = shutil.which("curl")

TABLE = ("STATE", "ID", "NAME", "ADDRESS")
"""How the head of the table of peers begins."""


class ReadTests(CommandCase):
    """What a node tells of itself and of others."""

    async def test_what_is_told(self) -> None:
        """Status, peers, links and history, as JSON with what scripts rely on, and as tables."""
        first, second = await self.pair("--tag", "site=north")
        said = await self.answer("a", "status")
        self.assertEqual((first.id, "a", first.port), (said["id"], said["name"], said["port"]))
        self.assertEqual(
            {"alive": 1, "dead": 0, "left": 0, "unmet": 0, "unreachable": 0}, said["peers"]
        )
        self.assertLessEqual({"network", "version", "uptime_s", "view"}, said.keys())
        (peer,) = await self.answer("b", "peers")
        self.assertEqual(
            (first.id, "a", "alive", [first.address], first.address, {"site": "north"}),
            tuple(peer[m] for m in ("id", "name", "state", "addresses", "address", "tags")),
        )
        self.assertGreater(peer["rtt_ms"], 0)
        self.assertLessEqual(peer["first_linked"], peer["last_linked"])
        for word in (first.id, first.id[:8], "a"):
            self.assertEqual(first.id, (await self.answer("b", "peers", word))["id"])
        (link,) = await self.answer("a", "links")
        self.assertEqual((second.id, "accepted"), (link["peer"], link["direction"]))
        self.assertEqual(link.keys(), (await self.answer("a", "links", "b")).keys())
        kinds = [one["event"] for one in await self.answer("a", "history")]
        self.assertEqual(["listening", "peer_alive"], kinds)
        head, row = (await self.told("a", "peers")).splitlines()
        self.assertEqual(list(TABLE), head.split()[:4])
        self.assertEqual(["alive", second.id[:12], "b", second.address], row.split()[:4])
        self.assertIn(first.id, await self.told("a", "status"))
        self.assertIn(f"alive   {second.id[:12]} b", await self.told("a", "history"))

    async def test_filters(self) -> None:
        """Only those that are asked for are told of."""
        _, second = await self.pair("--tag", "site=north")
        for filters, count in (
            (("--state", "alive", "--name", "b"), 1),
            (("--state", "dead", "--state", "left"), 0),
            (("--tag", "site=north"), 0),
        ):
            self.assertEqual(count, len(await self.answer("a", "peers", *filters)), filters)
        (one,) = await self.answer("a", "history", "--event", "peer_alive", "--limit", "1")
        self.assertEqual(second.id, one["peer"])

    async def test_whose_key_it_is(self) -> None:
        """`id` says of a directory what its node says of itself, while it runs and later."""
        node = self.named("a")
        await node.listening()
        where = ("--state", str(self.place / "a"))
        self.assertEqual(node.id, (await self.answer("a", "id", *where))["id"])
        node.signal("KILL")
        await node.ended
        self.assertIn(node.id, await self.told("a", "id", *where))

    async def test_http(self) -> None:
        """Any program that speaks HTTP can ask."""
        if CURL is None:
            raise SkipTest("curl is not installed")
        first, _ = await self.pair()
        there = ("--silent", "--unix-socket", self.socket("a"))
        curl = self.watched(Program((CURL, *there, "http://node/v1/status")))
        self.assertEqual(0, await curl.ended)
        self.assertEqual(first.id, json.loads(curl.output)["id"])
        curl = self.watched(Program((CURL, *there, "-X", "POST", "http://node/v1/peers/b/ping")))
        self.assertEqual(0, await curl.ended)
        self.assertGreater(json.loads(curl.output)["rtt_ms"], 0)


class OrderTests(CommandCase):
    """What a node is told to do."""

    async def test_ping(self) -> None:
        """A round trip is measured now."""
        _, second = await self.pair()
        said = await self.answer("a", "ping", "b")
        self.assertEqual(second.id, said["peer"])
        self.assertGreater(said["rtt_ms"], 0)
        self.assertIn(" rtt ", await self.told("a", "ping", second.id[:6]))

    async def test_wait_and_connect(self) -> None:
        """Who waits for a peer is told when an order made it alive, and not before."""
        first, second = self.named("a"), self.named("b")
        await gatherResults([node.said("listening") for node in (first, second)])
        self.assertIn("0 of 1", await self.fails("a", "wait", "--peers", "1", "--timeout", "0"))
        waiting = self.start("a", "wait", "--peers", "1", "--timeout", "60", "--json")
        said = await self.told("a", "connect", second.address)
        self.assertTrue(said.startswith(second.address), said)
        self.assertEqual(0, await waiting.ended, waiting.errors)
        self.assertEqual({"alive": 1}, json.loads(waiting.output))

    async def test_wait_for_a_node_that_is_not_there_yet(self) -> None:
        """A script may wait before it starts the node."""
        waiting = self.start("a", "wait", "--peers", "0", "--timeout", "60")
        self.named("a")
        self.assertEqual(0, await waiting.ended, waiting.errors)

    async def test_forget(self) -> None:
        """A linked peer is not forgotten, a dead one is."""
        _, second = await self.pair()
        self.assertIn("linked", await self.fails("a", "forget", "b"))
        second.signal("KILL")
        await self.when("a", lambda peers: peers[0]["state"] == "dead")
        self.assertIn("no link", await self.fails("a", "ping", "b"))
        await self.told("a", "forget", "b")
        self.assertEqual([], await self.answer("a", "peers"))

    async def test_leave(self) -> None:
        """The node tells the others, ends with status 0, and takes its socket along."""
        first, second = await self.pair()
        self.assertEqual({"id": second.id}, await self.answer("b", "leave"))
        self.assertEqual(0, await second.ended, second.errors)
        self.assertEqual(1, second.count("stopping", reason="it was asked to leave"))
        await first.said("peer_left", peer=second.id)
        self.assertEqual(["left"], [one["state"] for one in await self.answer("a", "peers")])
        self.assertFalse(Path(self.socket("b")).exists())


class ReloadTests(CommandCase):
    """A configuration file that changes."""

    def config(self, text: str) -> None:
        """Write it."""
        (self.place / "a.toml").write_text(text)

    async def reloading(self) -> tuple[NodeProcess, NodeProcess]:
        """A pair of which `a` has the file."""
        self.config("name = 'before'\ntag = {site = 'north'}\n")
        where = ("--state", str(self.place / "a"), "--config", str(self.place / "a.toml"))
        first = self.node(*where)
        await first.listening()
        second = self.named("b", "--connect", first.address)
        await second.listening()
        await self.known([first, second])
        return first, second

    async def test_others_see_it(self) -> None:
        """By a command and by a signal, name and tags change for others, who lose no link."""
        first, second = await self.reloading()
        self.config("name = 'after'\nport = 1\nmessage = 'hello'\ntag = {site = 'south'}\n")
        changed = (await self.answer("a", "reload"))["changed"]
        self.assertEqual(["message", "name", "tag"], sorted(changed))
        await self.when("b", lambda peers: self._shown(peers) == ("after", {"site": "south"}))
        await second.said("ping", peer=first.id, text="hello")
        self.config("name = 'later'\nmax-peers = 9\n")
        first.signal("HUP")
        await self.when("b", lambda peers: self._shown(peers) == ("later", {}))
        await second.said("ping", peer=first.id, name="later", text="")
        self.assertIn("--max-peers takes effect when the node is restarted", first.errors)
        self.assertEqual(0, second.count("peer_dead") + second.count("peer_left"))
        self.assertEqual(1, second.count("peer_alive"))

    @staticmethod
    def _shown(peers: list[Any]) -> tuple[object, object]:
        """What the only peer shows of itself."""
        (peer,) = peers
        return peer["name"], peer["tags"]

    async def test_a_file_that_is_wrong(self) -> None:
        """It is told which one and how, by a command and by a signal, and nothing changes."""
        first, _ = await self.reloading()
        before = await self.shown_by_itself()
        for text, reason in (
            ("name = 'x'\nmax-peers = 'x'", "--max-peers 'x' is not a whole number"),
            ("name = 'x'\nbogus = 1", "'bogus' is no option"),
            ("name = = 'x'", "is not TOML"),
        ):
            self.config(text)
            said = await self.fails("a", "reload")
            self.assertIn("nothing was reloaded", said)
            self.assertIn(f"{self.place / 'a.toml'}", said)
            self.assertIn(reason, said)
        first.signal("HUP")
        # A signal is taken before what is asked later.
        await self.fails("a", "reload")
        self.assertIn("nothing was reloaded: --config", first.errors)
        self.assertEqual(before, await self.shown_by_itself())
        self.config("name = 'before'\ntag = {site = 'north'}\n")
        self.assertEqual([], (await self.answer("a", "reload"))["changed"])

    async def shown_by_itself(self) -> tuple[object, ...]:
        """What can change of a node."""
        said = await self.answer("a", "status")
        return tuple(said[member] for member in ("name", "tags", "period_s"))

    async def test_no_file(self) -> None:
        """Where there is nothing to be read, that is said."""
        node = self.named("a")
        await node.listening()
        self.assertIn("no --config", await self.fails("a", "reload"))


class WatchTests(CommandCase):
    """What happens, seen from outside."""

    async def test_through_a_restart(self) -> None:
        """Whoever watches sees all that is kept, once, also what happens before it is back."""
        first, second = await self.pair()
        watch = self.start("a", "watch", "--json")
        await watch.until(lambda event: event["event"] == "ping")
        first.signal("KILL")
        await first.ended
        again = self.named("a", port=first.port)
        await again.listening()
        await self.mesh([again, second])
        third = self.named("c", "--connect", again.address)
        await third.listening()
        # What is printed, and what is told of, come by ways of their own.
        await gatherResults(
            [program.said("peer_alive", peer=third.id) for program in (watch, again)]
        )
        told = [self._kept(event) for event in watch.events if event["event"] != "ping"]
        expected = [self._kept(event) for event in again.events if event["event"] != "ping"]
        self.assertEqual(expected, told)
        self.assertEqual(2, watch.errors.count("\n"), watch.errors)
        watch.signal("INT")
        self.assertEqual(130, await watch.ended)

    @staticmethod
    def _kept(event: Event) -> tuple[object, ...]:
        return event["event"], event.get("id"), event.get("peer"), event.get("address")

    async def test_after_a_number(self) -> None:
        """What is kept after a number comes first, with what happens now behind it."""
        _, second = await self.pair()
        listening, alive = await self.answer("a", "history")
        watch = self.start("a", "watch", "--json", "--after", str(listening["number"]))
        await watch.until(lambda event: event["event"] == "ping")
        self.assertEqual("peer_alive", watch.events[0]["event"])
        self.assertEqual(alive["time"], watch.events[0]["time"])
        second.signal("TERM")
        await watch.until(lambda event: event["event"] == "peer_left")

    async def test_for_people(self) -> None:
        """Lines are as a node prints them."""
        _, second = await self.pair()
        watch = self.watched(Told("watch", "--control", self.socket("a")))
        await watch.until(lambda line: " ping " in line["text"])
        second.signal("TERM")
        line = await watch.until(lambda line: " left " in line["text"])
        self.assertRegex(
            line["text"], rf"\A\d\d:\d\d:\d\d left    {second.id[:12]} b {second.address}\Z"
        )


class AccessTests(CommandCase):
    """Who is answered, and what others are told."""

    async def test_who_may_ask(self) -> None:
        """The socket is its owner's alone, and so is the directory around it."""
        node = self.named("a")
        await node.listening()
        path = Path(self.socket("a"))
        self.assertTrue(stat.S_ISSOCK(path.stat().st_mode))
        self.assertEqual(0o600, stat.S_IMODE(path.stat().st_mode))
        self.assertEqual(0o700, stat.S_IMODE(path.parent.stat().st_mode))

    async def test_a_node_that_does_not_run(self) -> None:
        """It is said where it was looked for, by every command that needs one."""
        for arguments in (("status",), ("ping", "b"), ("watch",), ("leave",)):
            said = await self.fails("a", *arguments)
            self.assertIn(f"no node runs at {self.socket('a')}", said)

    async def test_a_node_that_was_killed(self) -> None:
        """Its socket is there, and nobody behind it; the next node takes its place."""
        node = self.named("a")
        await node.listening()
        node.signal("KILL")
        await node.ended
        self.assertIn("nobody listens there", await self.fails("a", "peers"))
        again = self.named("a")
        await again.listening()
        self.assertEqual(again.id, (await self.answer("a", "status"))["id"])

    async def test_a_socket_that_is_in_use(self) -> None:
        """It is left to whoever has it, and the second node does not start."""
        first = self.named("a")
        await first.listening()
        second = self.node("--control", self.socket("a"))
        self.assertEqual(1, await second.ended)
        self.assertIn("listens on the control socket", second.errors)
        self.assertEqual(first.id, (await self.answer("a", "status"))["id"])

    async def test_words_that_mean_nobody_or_several(self) -> None:
        """It is told what to do, and who may be meant."""
        first, second = await self.pair()
        third = self.node("--name", "b", "--connect", first.address)
        await third.listening()
        await self.mesh([first, second, third])
        said = await self.fails("a", "ping", "b")
        for node in (second, third):
            self.assertIn(f"{node.id[:12]} (b, alive)", said)
        self.assertIn("p2p-gossip peers", await self.fails("a", "ping", "nobody"))
        self.assertIn("host:port", await self.fails("a", "connect", "nowhere"))
        self.assertIn("--help", await self.fails("a", "ping", expected=2))
        self.assertIn("--help", await self.fails("a", "peers", "--nonsense", expected=2))

    async def test_the_directory_of_a_user(self) -> None:
        """A node without a state directory is found by its port, or as the only one."""
        self.place.chmod(0o700)
        environ = {"XDG_RUNTIME_DIR": str(self.place)}
        nodes = [self.node(**environ) for _ in range(2)]
        await gatherResults([node.said("listening") for node in nodes])
        found = self.watched(Asked("status", **environ))
        self.assertEqual(1, await found.ended)
        self.assertIn("--port", found.errors)
        for node in nodes:
            self.assertIn(str(node.port), found.errors)
            asked = self.watched(Asked("status", "--json", "--port", str(node.port), **environ))
            self.assertEqual(0, await asked.ended, asked.errors)
            self.assertEqual(node.id, json.loads(asked.output)["id"])
        os.kill(nodes[0].process.pid, signal.SIGKILL)
        await nodes[0].ended
        found = self.watched(Asked("status", "--json", **environ))
        self.assertEqual(0, await found.ended, found.errors)
        self.assertEqual(nodes[1].id, json.loads(found.output)["id"])
