"""
Whom a node dials because of others: victims named in records, and seeds that are not what it hoped for.
"""

import os
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

from tests.lived.hostile.case import GRAIN, PROOF, HostileCase, after, ipv6, when
from tests.lived.hostile.costs import Watch
from tests.lived.hostile.keys import Key, Message
from tests.lived.hostile.peers import Creator, Peer, linked, tls
from tests.lived.hostile.wrong import deep

DIALS_OF_HEARSAY = 4
"""Dials of one address in a minute, for all the peers never met that are said to be there."""


class HearsayTests(HostileCase):
    """Records by which a node is to be used against others."""

    async def test_hearsay_that_points_at_a_victim(self) -> None:
        """However many records name an address, it is dialed a few times; some addresses never."""
        watch = Watch()
        self.addCleanup(watch.close)
        await self.stage(**watch.environ)
        target = await self.trap(lambda peer: None)
        six = await self.trap(lambda peer: None, host="::1") if ipv6() else None
        wanted = [
            [f"127.0.0.1:{target.port}"],
            [f"[::ffff:127.0.0.1]:{target.port}", f"localhost:{target.port}"],
            ["169.254.169.254:80", "[::ffff:169.254.169.254]:80", "[fe80::1]:80"],
            ["127.0.0.1:0", "0.0.0.0:80", "[::]:80", "224.0.0.1:80", "255.255.255.255:80"],
            [self.victim.address, f"[::ffff:127.0.0.1]:{self.victim.port}"],
            [f"localhost:{self.victim.port}", f"127.0.0.1:{target.port}"],
        ]
        if six is not None:
            wanted.append([f"[::1]:{six.port}", f"[0::1]:{six.port}"])
        feeder = await linked(self.victim.port)
        for n in range(0, 2000, 50):
            records = [Key().record(addresses=wanted[k % len(wanted)]) for k in range(n, n + 50)]
            feeder.say({"type": "peers", "records": records, "more": False})
            await after(0)
        feeder.say({"type": "ping", "seq": 1, "text": ""})
        await feeder.told("pong")
        await when(lambda: target.connections, "a dial")
        # Long enough for the three tries that a peer never met gets within the backoff.
        await after(2.5)
        dialed = watch.dialed(self.victim)
        ports = {target.port, *([six.port] if six is not None else [])}
        self.assertEqual(set(), {where for where in dialed if where[1] not in ports})
        self.assertLessEqual(len(target.connections), 2 * DIALS_OF_HEARSAY)
        self.assertLessEqual(dialed.count(("127.0.0.1", target.port)), DIALS_OF_HEARSAY)
        at_target = [where for where in dialed if where[1] == target.port]
        self.assertLessEqual(len(at_target), DIALS_OF_HEARSAY, at_target)
        await self.unharmed()

    async def test_a_thousand_at_one_address(self) -> None:
        """However many are said to be there, it is dialed four times a minute; we ourselves, never."""
        watch = Watch()
        self.addCleanup(watch.close)
        await self.stage(**watch.environ)
        target = await self.trap(lambda peer: None)
        there = [f"127.0.0.1:{target.port}", self.victim.address]
        feeder = await linked(self.victim.port)
        for _ in range(20):
            records = [Key().record(addresses=there) for _ in range(50)]
            feeder.say({"type": "peers", "records": records, "more": False})
        await when(lambda: target.connections, "a dial")
        # In a full minute those go out again that were tried before.
        await after(55 if PROOF else 8)
        dialed = watch.dialed(self.victim)
        self.assertLessEqual(dialed.count(("127.0.0.1", target.port)), DIALS_OF_HEARSAY)
        self.assertNotIn(("127.0.0.1", self.victim.port), dialed)
        # The honest one has heard of them all, too.
        self.assertLessEqual(len(target.connections), 2 * DIALS_OF_HEARSAY)
        await self.unharmed()

    async def test_one_victim_under_many_spellings(self) -> None:
        """An address that is written in many ways is still one address."""
        if not ipv6():
            print("not tried: there is no IPv6 on this machine")
            return
        await self.stage()
        target = await self.trap(lambda peer: None, host="::1")
        feeder = await linked(self.victim.port)
        spellings = [f"[::1%{n}]:{target.port}" for n in range(1, 41)]
        records = [Key().record(addresses=[spelling]) for spelling in spellings]
        feeder.say({"type": "peers", "records": records, "more": False})
        feeder.say({"type": "ping", "seq": 1, "text": ""})
        await feeder.told("pong")
        await after(1.5)
        self.assertLessEqual(len(target.connections), 2 * DIALS_OF_HEARSAY)
        await self.unharmed()

    async def test_one_who_comes_and_goes_by_hearsay(self) -> None:
        """Records by which a peer leaves and is back, again and again, do not make it dialed so."""
        await self.stage()
        target = await self.trap(lambda peer: None)
        key = Key()
        seq = int(time.time() * 1000) - 80_000_000
        peer = await linked(self.victim.port, key, record=key.record(seq=seq))
        gone = key.record(seq=seq + 1, state="left")
        peer.say({"type": "bye", "code": "leaving", "reason": "", "record": gone})
        await self.victim.said("peer_left", peer=key.id)
        feeder = await linked(self.victim.port)
        where = [f"127.0.0.1:{target.port}"]
        for n in range(seq + 2, seq + 102, 2):
            for k, state in ((n, "alive"), (n + 1, "left")):
                record = key.record(seq=k, state=state, addresses=where)
                feeder.say({"type": "peers", "records": [record], "more": False})
                await after(GRAIN)
        feeder.say({"type": "ping", "seq": 1, "text": ""})
        await feeder.told("pong")
        self.assertLessEqual(len(target.connections), 12)
        await self.unharmed()


class SeedsTests(HostileCase):
    """Those whom a node dials, and who are not what it hoped for."""

    async def test_hostile_acceptors(self) -> None:
        """Whatever answers a dial is refused with a code and words, and tried again with patience."""
        key = Key()
        creator = tls(key)

        def says(*values: Message | bytes) -> Callable[[Peer], None]:
            return lambda peer: peer.say(*values)

        plain: list[tuple[str, Callable[[Peer], None], Creator | None]] = [
            ("tls", lambda peer: peer.raw(b"220 mail ready\r\n"), None),
            ("tls", lambda peer: peer.raw(os.urandom(100_000)), None),
            ("closed unreachable", Peer.reset, None),
            ("closed", Peer.finish, None),
            ("tls", lambda peer: None, tls(key, newest=SSL.TLS1_2_VERSION)),
            ("tls", lambda peer: None, tls(key, alpn=())),
            ("tls", lambda peer: None, tls(key, chain=(Key().certificate(),))),
            ("tls", lambda peer: None, tls(Key(ec.generate_private_key(ec.SECP521R1())))),
        ]
        spoken: list[tuple[str, Callable[[Peer], None], Creator | None]] = [
            ("tls", lambda peer: None, tls(key, certificate=key.certificate(bulk=4096))),
            ("protocol", lambda peer: peer.raw((16385).to_bytes(4, "big")), creator),
            ("protocol", says({"type": "pong", "seq": 1}), creator),
            ("protocol", says(deep(33)), creator),
            ("protocol", says(key.hello(view="x")), creator),
            ("protocol", says(key.hello(record=Key().record())), creator),
            ("network", says(key.hello(network="elsewhere")), creator),
            ("closed", Peer.reset, creator),
        ]
        for cases in (plain, spoken):
            traps = [(code, await self.trap(act, made)) for code, act, made in cases]
            seeds = [part for _, t in traps for part in ("--connect", f"127.0.0.1:{t.port}")]
            await self.stage(*seeds)
            for code, trap in traps:
                event = await self.victim.said("refused", address=f"127.0.0.1:{trap.port}")
                self.assertIn(event["code"], code.split(), event)
            await self.unharmed()
            for _, trap in traps:
                self.assertLess(len(trap.connections), 20)
                self.assertLess(self.victim.count("refused", address=f"127.0.0.1:{trap.port}"), 5)
