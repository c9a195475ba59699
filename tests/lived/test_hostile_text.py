"""
Words of peers that are meant for a terminal, or for whoever reads the log.
"""

import json
import re
from unicodedata import category

from tests.lived.hostile.case import HostileCase, when
from tests.lived.hostile.keys import Key
from tests.lived.hostile.peers import dial, linked, tls
from tests.lived.nodes import NodeProcess


class TextTests(HostileCase):
    """Words that are meant for a terminal."""

    ODD = "\x1b[2J\x07\x9b31m\r\n\u202e\u2066\u200b\u2028\ufeff\x00\x7f\u0085\U000e0041"

    async def test_names_and_texts(self) -> None:
        """No control, format or line character of a peer's reaches the output, in text or JSON."""
        await self.stage()
        lines = self.watched(
            NodeProcess(
                *("--output", "text", "--listen", "127.0.0.1", "--port", "0"),
                *("--connect", self.victim.address, "--period", "0.5", "--heartbeat", "0.3"),
            )
        )
        found: list[int] = []

        def port() -> bool:
            found.extend(map(int, re.findall(r"listening on port (\d+)", lines.output)))
            return bool(found)

        await when(port, "its listening")
        for shown, where in ((lambda: lines.output, found[0]), (self.seen, self.victim.port)):
            wide, odd = Key(), Key()
            peers = [
                await linked(where, wide, heartbeat=0.3, record=wide.record(name="宽" * 64)),
                await linked(where, odd, heartbeat=0.3, record=odd.record(name=self.ODD)),
            ]
            for peer in peers:
                peer.say({"type": "ping", "seq": 1, "text": f"{self.ODD}end of text"})
                peer.say({"type": "bye", "code": "protocol", "reason": f"{self.ODD}end of bye"})
            stranger = Key()
            peer = await dial(where, tls(stranger))
            peer.say({"type": "bye", "code": self.ODD, "reason": f"{self.ODD}end of stranger"})
            elsewhere = await dial(where, tls(stranger))
            elsewhere.say(stranger.hello(network=self.ODD))
            for words in ("end of text", "end of bye", "end of stranger", "is network"):
                await when(lambda words=words, shown=shown: words in shown(), words)  # type: ignore[misc]
        self.assertIn("宽" * 64, lines.output)
        for line in lines.output.split("\n")[:-1]:
            self.assertRegex(line, r"^\d\d:\d\d:\d\d ")
            odd_ones = {
                c for c in line if category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Cn")
            }
            self.assertEqual(set(), odd_ones, line)
        for text in self.victim.output.split("\n")[:-1]:
            self.assertIsInstance(json.loads(text), dict)
        await self.unharmed()
        lines.signal("TERM")
        self.assertEqual(0, await lines.ended)
        self.assertEqual("", lines.errors)

    async def test_the_log(self) -> None:
        """Nor does any reach the log, however much is logged."""
        await self.stage(P2P_GOSSIP_LOG="trace")
        odd, stranger = Key(), Key()
        record = odd.record(name=self.ODD, tags={self.ODD: self.ODD}, addresses=[f"{self.ODD}:1"])
        peer = await linked(
            self.victim.port, odd, record=record, agent=self.ODD, features=[self.ODD], time=1.0
        )
        forged = {**Key().record(name=self.ODD), "signature": self.ODD}
        elsewhere = Key().record(network=self.ODD)
        told = {"type": "peers", "records": [forged, elsewhere, odd.seal(self.ODD)], "more": False}
        peer.say(
            told, {"type": self.ODD, self.ODD: self.ODD}, {"type": "heartbeat", "view": self.ODD}
        )
        await peer.told("bye")
        for hello in (
            stranger.hello(network=self.ODD),
            stranger.hello(observed=self.ODD),
            stranger.hello(instance=self.ODD),
            stranger.hello(record=stranger.seal(self.ODD)),
        ):
            other = await dial(self.victim.port, tls(stranger))
            other.say(hello)
            await other.told("bye")
        await self.victim.said("peer_dead", peer=odd.id)
        await self.pinged()
        for node in (self.victim, self.honest):
            self.assertIn("passed on a record", self.victim.errors)
            for line in node.errors.split("\n")[:-1]:
                self.assertRegex(line, r"^\d\d:\d\d:\d\d (debug|info|warn) ")
                self.assertTrue(line.isprintable(), line)
            self.assertTrue(node.output.isascii())
            node.signal("TERM")
            self.assertEqual(0, await node.ended)

    def seen(self) -> str:
        """What the victim has printed."""
        return self.victim.output
