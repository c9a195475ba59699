"""
Records of hostile peers: those that do not hold, those that are old, and far too many of them.
"""

import json
import time
from collections.abc import Iterator
from itertools import chain, cycle, islice
from random import randrange

from tests.lived.hostile.case import PROOF, HostileCase, after, together
from tests.lived.hostile.costs import MIB
from tests.lived.hostile.keys import Key, Message
from tests.lived.hostile.peers import Peer, frame, linked
from tests.lived.hostile.wrong import WRONG_IN_RECORDS

OFFERED = 5_000_000 if PROOF else 200_000
"""Records that are offered in all."""

LINKS, LOT, HELD = 8, 100, 10_000
"""Links that offer them, records in a frame, and peers that a node holds (the protocol's §8)."""


class RecordsTests(HostileCase):
    """Records that do not hold, in hello and in hearsay."""

    async def test_in_hello(self) -> None:
        """Only one's own, valid, current record of this network opens a link."""
        await self.stage()
        key, other = Key(), Key()
        now = time.time() * 1000
        stale, any_of = ("refused", "protocol"), ("protocol",)
        forged = {**key.record(), "signature": other.record()["signature"]}
        cases: list[tuple[Message, tuple[str, ...]]] = [
            (key.hello(network="elsewhere"), ("network",)),
            (key.hello(record=forged), any_of),
            (key.hello(record={**key.record(), "signature": "!"}), any_of),
            (key.hello(record={**key.record(), "signature": ""}), any_of),
            (key.hello(record=other.record()), any_of),
            (key.hello(record=other.seal(json.dumps(key.body()))), any_of),
            (key.hello(record=key.record(key=other.body()["key"])), any_of),
            (key.hello(record=key.record(network="elsewhere")), (*stale, "network")),
            (key.hello(record=key.record(seq=int(now) + 90_000_000)), stale),
            (key.hello(record=key.record(seq=int(now) - 400_000_000)), stale),
            (key.hello(record=key.record(state="left")), any_of),
            (key.hello(record=key.seal("x")), any_of),
            (key.hello(record=key.seal("[]")), any_of),
            (key.hello(record=key.seal('{"a":NaN}')), any_of),
            (key.hello(record=key.seal(json.dumps(key.body(name="\ud800")))), any_of),
            *(
                (key.hello(record=key.record(**{member: value})), any_of)
                for member, values in WRONG_IN_RECORDS.items()
                for value in values
            ),
        ]
        for half in (cases[::2], cases[1::2]):
            await together(self.turned_down(key, frame(message), *codes) for message, codes in half)
        await self.all_counted()
        self.assertEqual(0, self.victim.count("peer_alive", peer=key.id))
        await self.unharmed()

    async def test_replayed_ones(self) -> None:
        """An older record of a peer, from itself or others, does not replace the newer one."""
        await self.stage()
        key = Key()
        old = key.record(name="old", seq=int(time.time() * 1000) - 1000)
        new = key.record(name="new")
        (await linked(self.victim.port, key, record=new)).reset()
        peer = await linked(self.victim.port, key, record=old)
        witness = await linked(self.victim.port)
        witness.say({"type": "peers", "records": [old], "more": False}, {"type": "get_peers"})
        answer = await witness.told("peers", more=False)
        self.assertIn(new, answer["records"])
        self.assertNotIn(old, answer["records"])
        peer.say({"type": "ping", "seq": 1, "text": "again"})
        ping = await self.victim.said("ping", peer=key.id, text="again")
        self.assertEqual("new", ping["name"])
        await self.unharmed()

    async def test_in_peers(self) -> None:
        """Each bad record of a list is refused alone, and the rest is kept and passed on."""
        await self.stage()
        good = [Key().record(name=f"good {n}") for n in range(3)]
        key, now = Key(), int(time.time() * 1000)
        bad = [
            {**Key().record(), "signature": good[0]["signature"]},
            {**Key().record(), "signature": "é"},
            key.seal(json.dumps(Key().body())),
            key.record(key=Key().body()["key"]),
            key.record(network="elsewhere"),
            key.record(seq=now + 90_000_000),
            key.record(seq=now - 400_000_000),
            key.seal("x"),
            key.seal('{"a":' + "[" * 7000),
            *(
                key.record(**{m: value})
                for m, values in WRONG_IN_RECORDS.items()
                for value in values
            ),
        ]
        liar = await linked(self.victim.port)
        for batch in (bad[:30], bad[30:]):
            records = [good[0], *batch, good[1]]
            liar.say({"type": "peers", "records": records, "more": False})
        liar.say({"type": "peers", "records": [*bad[:5], good[2]], "more": False})
        liar.say({"type": "ping", "seq": 1, "text": ""})
        await liar.told("pong")
        witness = await linked(self.victim.port)
        witness.say({"type": "get_peers"})
        answer = await witness.told("peers", more=False)
        for record in good:
            self.assertIn(record, answer["records"])
        for record in bad:
            self.assertNotIn(record, answer["records"])
        self.assertFalse(liar.over)
        await self.unharmed()


class MassesTests(HostileCase):
    """More records than anybody could hold."""

    timeout = 1500

    async def test_millions_offered(self) -> None:
        """They cost a bounded part of memory, and nobody who is linked is lost for them."""
        await self.stage()
        keys = [Key() for _ in range(LINKS)]
        liars = [await linked(self.victim.port, key) for key in keys]
        fresh = self.frames(HELD + 2000)
        costs = self.costs()
        await costs.of(together(self.offers(n, liar, fresh) for n, liar in enumerate(liars)))
        self.told(f"{OFFERED} records", costs)
        self.assertLess(costs.memory, 20 * MIB)
        for key, liar in zip(keys, liars, strict=True):
            self.assertFalse(liar.over)
            self.assertEqual(0, self.victim.count("peer_dead", peer=key.id))
        witness = await linked(self.victim.port)
        witness.say({"type": "get_peers"})
        await witness.told("peers", more=False)
        known = [r for m in witness.messages if m["type"] == "peers" for r in m["records"]]
        self.assertLessEqual(len(known), HELD + 1)
        self.assertGreater(len(known), HELD - 2 * LOT)
        ids = {json.loads(record["body"])["id"] for record in known}
        for linked_one in (self.honest.id, *(key.id for key in keys)):
            self.assertIn(linked_one, ids)
        await self.unharmed()

    async def test_longest(self) -> None:
        """Records that are as long, and as costly to hold, as they may be crowd out each other."""
        await self.stage()
        liars = [await linked(self.victim.port) for _ in range(LINKS)]
        tags = {f"{n:x}": "" for n in range(480)}
        made = [Key().record(tags=tags) for _ in range(2000)]
        self.assertGreater(len(made[0]["body"]), 4000)
        costs = self.costs()
        lots = [frame(self.lot(made[n : n + 4])) for n in range(0, len(made), 4)]
        await costs.of(
            together(self.all_heard(liar, iter(lots[n::LINKS])) for n, liar in enumerate(liars))
        )
        self.told("2000 of the costliest records", costs)
        self.assertLess(costs.memory, 20 * MIB)
        await self.unharmed()

    async def test_that_lead_nowhere(self) -> None:
        """Records full of addresses that are never dialed cost time, and nobody is lost for it."""
        await self.stage()
        liars = [await linked(self.victim.port) for _ in range(LINKS)]
        lots = [
            frame(self.lot([Key().record(addresses=self.nowhere()) for _ in range(LOT // 2)]))
            for _ in range(2 * HELD // LOT)
        ]
        costs = self.costs()
        await costs.of(
            together(self.all_heard(liar, iter(lots[n::LINKS])) for n, liar in enumerate(liars))
        )
        self.told(f"{HELD} that lead nowhere", costs)
        self.assertLess(costs.memory, 28 * MIB)
        self.assertFalse([liar for liar in liars if liar.over])
        await self.unharmed()

    def nowhere(self) -> list[str]:
        """As many addresses as a record may have, none of which is dialed for others."""
        return [
            f"169.254.{randrange(256)}.{randrange(256)}:{randrange(1, 65536)}" for _ in range(8)
        ]

    async def offers(self, number: int, liar: Peer, fresh: list[bytes]) -> None:
        """One peer's part of them: first those never heard of, then old and wrong ones."""
        now = int(time.time() * 1000)
        wrong = [
            [Key().record(network="elsewhere") for _ in range(LOT)],
            [Key().record(seq=now + 90_000_000) for _ in range(LOT)],
            [Key().record(seq=now - 400_000_000) for _ in range(LOT)],
        ]
        mine = fresh[number::LINKS]
        rest = cycle([*(frame(self.lot(records)) for records in wrong), mine[-1]])
        await self.all_heard(liar, islice(chain(mine, rest), OFFERED // LINKS // LOT))

    async def all_heard(self, liar: Peer, frames: Iterator[bytes]) -> None:
        """Everything is said, and was heard."""
        await liar.offer(frames)
        liar.say({"type": "ping", "seq": 1, "text": ""})
        # The node takes its time with what it has not asked for.
        while not liar.count("pong"):
            self.assertFalse(liar.over)
            await after(0.1)

    def frames(self, count: int) -> list[bytes]:
        """So many records that nobody has heard of, in frames."""
        return [
            frame(self.lot([Key().record(tags={"a": "b"}) for _ in range(LOT)]))
            for _ in range(count // LOT)
        ]

    def lot(self, records: list[dict[str, str]]) -> Message:
        """Records in a message."""
        return {"type": "peers", "records": records, "more": True}
