"""
Shows that each target can fail: it is given something broken in each way that it looks for.
"""

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.serialization import load_der_public_key
from msgspec.structs import replace

from gossip.mesh.addresses import Address, Judge
from gossip.mesh.status import Event as Shown
from gossip.options import Options
from gossip.settings import Seed, Settings
from gossip.surfaces.terminal import Json, Text
from gossip.surfaces.text import safe
from gossip.trust import identity, records
from gossip.trust.identity import KeyRefused, PeerId
from gossip.trust.records import Record, RecordRefused
from gossip.trust.signing import PublicKey
from gossip.wire import messages, plain
from gossip.wire.bucket import Bucket, Rate
from gossip.wire.errors import LocalProtocolError, RemoteProtocolError
from gossip.wire.frames import FrameReader
from gossip.wire.messages import Bye, Message, Ping, Sealed, Unknown
from gossip.wire.session import Broken, Dead, Event, Received, Session, Silent, State
from tests.cases import UnitCase
from tests.fuzz import seeds
from tests.fuzz.targets.addresses import check as check_addresses
from tests.fuzz.targets.certificates import check as check_certificates
from tests.fuzz.targets.frames import check as check_frames
from tests.fuzz.targets.messages import check as check_messages
from tests.fuzz.targets.options import check as check_options
from tests.fuzz.targets.records import check as check_records
from tests.fuzz.targets.session import check as check_session
from tests.fuzz.targets.text import check as check_text
from tests.fuzz.violation import Violation
from tests.wire.samples import ALPHA


class TargetCase(UnitCase):
    """A test that runs a target over its seeds."""

    name: str

    def finds(self, promise: str, check: Callable[[bytes], None], *more: bytes) -> None:
        """Some seed shows that this promise does not hold."""
        broken = set()
        for data in (*seeds.SEEDS[self.name](), *more):
            try:
                check(data)
            except Violation as error:
                broken.add(str(error))
        self.assertIn(promise, broken)

    def crashes(self, kind: type[Exception], check: Callable[[bytes], None]) -> None:
        """Some seed lets an error through that the target does not expect."""
        with self.assertRaises(kind):
            for data in seeds.SEEDS[self.name]():
                check(data)


class FramesTests(TargetCase):
    """The target of frames."""

    name = "frames"

    def test_frames_that_differ_are_found(self) -> None:
        """A reader that loses the last byte of a frame is found."""

        class Short(FrameReader):
            def maybe_frame(self) -> bytes | None:
                frame = super().maybe_frame()
                return frame and frame[:-1]

        self.finds(
            "the frames of a whole stream are what they should be", lambda d: check_frames(d, Short)
        )

    def test_reads_that_matter_are_found(self) -> None:
        """A reader that forgets what is not a whole header is found."""

        class Forgetful(FrameReader):
            def feed(self, data: bytes) -> None:
                if len(data) > 3:
                    super().feed(data)

        self.finds(
            "the frames of a stream in pieces are those of the whole",
            lambda d: check_frames(d, Forgetful),
        )

    def test_hoarding_is_found(self) -> None:
        """A reader that keeps waiting for a frame that is too long is found."""

        class Patient(FrameReader):
            def maybe_frame(self) -> bytes | None:
                try:
                    return super().maybe_frame()
                except RemoteProtocolError:
                    return None

        self.finds(
            "less than one frame is held",
            lambda d: check_frames(d, Patient),
            b"\0\0\0\0\0\xff" + b"x" * 99,
        )

    def test_other_errors_are_let_through(self) -> None:
        """An error of the reader that is no refusal ends the run."""

        class Wrong(FrameReader):
            def maybe_frame(self) -> bytes | None:
                raise IndexError

        self.crashes(IndexError, lambda d: check_frames(d, Wrong))


class MessagesTests(TargetCase):
    """The target of messages."""

    name = "messages"

    def test_lax_json_is_found(self) -> None:
        """A loader that takes what the protocol refuses is found."""

        def lax(data: bytes) -> dict[str, Any]:
            try:
                return plain.load_object(data)
            except RemoteProtocolError:
                return {}

        self.finds("JSON that the protocol refuses is refused", lambda d: check_messages(d, lax))

    def test_strict_json_is_found(self) -> None:
        """A loader that refuses an escape is found."""

        def strict(data: bytes) -> dict[str, Any]:
            if b"\\u" in data:
                raise RemoteProtocolError("an escape")
            return plain.load_object(data)

        self.finds("JSON that the protocol takes is taken", lambda d: check_messages(d, strict))

    def test_other_values_are_found(self) -> None:
        """A loader that reads a number as another one is found."""

        def wrong(data: bytes) -> dict[str, Any]:
            value = plain.load_object(data)
            return {**value, "seq": 0} if "seq" in value else value

        self.finds("JSON means what the standard library says", lambda d: check_messages(d, wrong))

    def test_names_that_come_twice_are_found(self) -> None:
        """A loader that takes the last of two members of one name is found."""
        with self.assertRaisesRegex(Violation, "JSON that the protocol refuses is refused"):
            check_messages(b'{"type":"tea","a":1,"a":2}', load=json.loads)

    def test_lax_members_are_found(self) -> None:
        """A parser that takes a member out of range is found."""

        def lax(data: bytes) -> Message | Unknown:
            try:
                return messages.parse(data)
            except RemoteProtocolError:
                return Ping(1, "")

        promise = "a bad message is refused, and a good one is what it says"
        self.finds(promise, lambda d: check_messages(d, parse=lax))

    def test_strict_members_are_found(self) -> None:
        """A parser that wants a text in each ping is found."""

        def strict(data: bytes) -> Message | Unknown:
            message = messages.parse(data)
            if message == Ping(1, ""):
                raise RemoteProtocolError("text is empty")
            return message

        self.finds("a good message is taken", lambda d: check_messages(d, parse=strict))

    def test_reasons_that_act_are_found(self) -> None:
        """A reason that would move the cursor is found."""

        def acting(data: bytes) -> Message | Unknown:
            try:
                return messages.parse(data)
            except RemoteProtocolError:
                raise RemoteProtocolError("\x1b[2J") from None

        promise = "what is refused cannot act where the reason is shown"
        self.finds(promise, lambda d: check_messages(d, parse=acting))

    def test_forgotten_kinds_are_found(self) -> None:
        """A parser that does not know a message of this version is found."""

        def old(data: bytes) -> Message | Unknown:
            message = messages.parse(data)
            return Unknown("ping") if isinstance(message, Ping) else message

        promise = "only what nobody knows is unknown"
        self.finds(promise, lambda d: check_messages(d, parse=old))

    def test_members_that_are_not_written_are_found(self) -> None:
        """A serializer that leaves out a text is found."""

        def terse(message: Message) -> bytes:
            return messages.serialize(
                Ping(message.seq, "") if isinstance(message, Ping) else message
            )

        promise = "a message that is written is read as the same"
        self.finds(promise, lambda d: check_messages(d, serialize=terse))

    def test_writing_by_chance_is_found(self) -> None:
        """A serializer that writes the same message in two ways is found."""
        calls: Iterator[int] = iter(range(10**6))

        def wavering(message: Message) -> bytes:
            frame = messages.serialize(message)
            return frame if next(calls) % 2 else frame + b" "

        self.finds("and written the same", lambda d: check_messages(d, serialize=wavering))


class RecordsTests(TargetCase):
    """The target of records."""

    name = "records"

    def test_gullibility_is_found(self) -> None:
        """A verifier that believes everything is found."""

        def gullible(record: Record) -> None:
            pass

        def check(data: bytes) -> None:
            check_records(data, verify=gullible)

        body, signature = ALPHA.body.encode(), ALPHA.signature.encode()
        forged = signature + b"\n" + body.replace(b"alpha", b"omega")
        self.finds("a record that its subject did not sign is refused", check, forged)
        self.finds("no byte of a body can be another one", check)

    def test_distrust_is_found(self) -> None:
        """A verifier that believes nothing is found."""

        def distrustful(record: Record) -> None:
            raise RecordRefused("no")

        promise = "a record that its subject signed holds"
        self.finds(promise, lambda d: check_records(d, verify=distrustful))

    def test_signatures_in_part_are_found(self) -> None:
        """A verifier that looks at a body alone is found."""
        known: dict[str, str] = {}

        def half(record: Record) -> None:
            if known.get(record.sealed.body) != record.id:
                records.verify(record)
                known[record.sealed.body] = record.id

        promise = "no byte of a signature can be another one"
        self.finds(promise, lambda d: check_records(d, verify=half))

    def test_ids_of_others_are_found(self) -> None:
        """A verifier that does not compare ids is found."""

        def anyone(record: Record) -> None:
            spki = b64decode(record.key)
            records.verify(replace(record, id=identity.peer_id(spki)))

        body = ALPHA.body.replace("503d", "603d").encode()
        me = seeds.identities()[0]
        forged = seeds.of(body, me.public).replace(me.id.encode(), b"0" * 64)
        promise = "a record that its subject did not sign is refused"
        self.finds(promise, lambda d: check_records(d, verify=anyone), seeds.signed(me, forged))

    def test_reasons_that_act_are_found(self) -> None:
        """A reason that would move the cursor is found."""

        def acting(record: Record) -> None:
            raise RecordRefused("\x1b[2J")

        promise = "what is refused cannot act where the reason is shown"
        self.finds(promise, lambda d: check_records(d, verify=acting))

    def test_judging_nothing_is_found(self) -> None:
        """A judge that lets each record count is found, whatever is wrong with it."""
        me = seeds.identities()[0]
        body = seeds.of(ALPHA.body.encode(), me.public)
        for promise, old, new in (
            ("a record that counts is of this network", b'"example"', b'"other"'),
            ("a record that counts has not expired", b"1767225600000", b"1"),
            ("a record that counts is not of the future", b"1767225600000", b"1767325600000"),
        ):
            odd = seeds.signed(me, body.replace(old, new))
            self.finds(promise, lambda d: check_records(d, judge=lambda *_: None), odd)

    def test_reading_by_chance_is_found(self) -> None:
        """A reader that says something else each time is found."""
        calls: Iterator[int] = iter(range(10**6))

        def wavering(sealed: Sealed) -> Record:
            return replace(records.read(sealed), ttl=float(next(calls)))

        promise = "a record is read the same twice"
        self.finds(promise, lambda d: check_records(d, read=wavering))

    def test_other_errors_are_let_through(self) -> None:
        """An error that is no refusal ends the run."""

        def wrong(record: Record) -> None:
            raise ValueError

        self.crashes(ValueError, lambda d: check_records(d, verify=wrong))


class SessionTests(TargetCase):
    """The target of sessions."""

    name = "session"

    def test_what_is_not_allowed_is_found(self) -> None:
        """A session that hears more than its state allows is found."""

        class Eager(Session):
            def receive(self, data: bytes, now: float) -> list[Event]:
                events = super().receive(data, now)
                return [Received(Ping(1, "")), *events] if data and not self.ended else events

        self.finds("only what a state allows is heard", lambda d: check_session(d, Eager))

    def test_a_state_of_its_own_is_found(self) -> None:
        """A session that stays where it should move on is found."""

        class Stuck(Session):
            def receive(self, data: bytes, now: float) -> list[Event]:
                events = super().receive(data, now)
                self.state = State.GREETING if self.state is State.GREETED else self.state
                return events

        self.finds("the state is where the messages lead", lambda d: check_session(d, Stuck))

    def test_words_after_the_last_are_found(self) -> None:
        """A session that hears after a farewell is found."""

        class Undying(Session):
            def receive(self, data: bytes, now: float) -> list[Event]:
                events = super().receive(data, now)
                return events + events if self.ended else events

        self.finds("the deaf hear nothing", lambda d: check_session(d, Undying))

    def test_saying_too_much_is_found(self) -> None:
        """A session that lets us say anything at any time is found."""

        class Loose(Session):
            def send(self, message: Message, now: float) -> bytes:
                try:
                    return super().send(message, now)
                except LocalProtocolError:
                    return b""

        self.finds("only what a state allows is said", lambda d: check_session(d, Loose))

    def test_saying_too_little_is_found(self) -> None:
        """A session that lets us say nothing is found."""

        class Mute(Session):
            def send(self, message: Message, now: float) -> bytes:
                if isinstance(message, Ping):
                    raise LocalProtocolError("no")
                return super().send(message, now)

        self.finds("what a state allows can be said", lambda d: check_session(d, Mute))

    def test_standing_still_is_found(self) -> None:
        """A session whose ticks do not move its deadline is found."""

        class Still(Session):
            def deadline(self) -> float:
                return min(1001.0, super().deadline())

        self.finds("a tick at the deadline gets further", lambda d: check_session(d, Still))

    def test_hoarding_is_found(self) -> None:
        """A session that keeps what it has read is found."""

        class Hoarding(Session):
            def receive(self, data: bytes, now: float) -> list[Event]:
                events = super().receive(data, now)
                self._reader._buffer += bytes(70000)
                return events

        promise = "no more is held than a frame and a read"
        self.finds(promise, lambda d: check_session(d, Hoarding))

    def test_greed_is_found(self) -> None:
        """A session that takes frames at any rate is found."""

        class Greedy(Session):
            def receive(self, data: bytes, now: float) -> list[Event]:
                self._allowance = Bucket(Rate(1e9, 10**9), now)
                return super().receive(data, now)

        promise = "no more frames are taken than the rate allows"
        self.finds(promise, lambda d: check_session(d, Greedy))

    def test_early_deaths_are_found(self) -> None:
        """A session that gives a peer up after one heartbeat is found."""

        class Hasty(Session):
            def dead_at(self) -> float:
                return self.heard_at + self.promise

        promise = "nobody is dead before three heartbeats"
        self.finds(promise, lambda d: check_session(d, Hasty))

    def test_deaths_before_life_are_found(self) -> None:
        """A session that lets a stranger die is found."""

        class Grim(Session):
            def tick(self, now: float) -> list[Event]:
                return [Dead(99.0)] if self.state is State.GREETING else super().tick(now)

        self.finds("only who lived can die", lambda d: check_session(d, Grim))

    def test_heartbeats_before_hello_are_found(self) -> None:
        """A session that owes a heartbeat to a stranger is found."""

        class Chatty(Session):
            def tick(self, now: float) -> list[Event]:
                return [Silent()] if self.state is State.GREETING else super().tick(now)

        self.finds("only who greeted owes a heartbeat", lambda d: check_session(d, Chatty))

    def test_reasons_without_end_are_found(self) -> None:
        """A session that says a farewell that nobody takes is found."""

        class Wordy(Session):
            def receive(self, data: bytes, now: float) -> list[Event]:
                return [
                    event._replace(farewell=messages.serialize(Bye(event.code, "x" * 1025)))
                    if isinstance(event, Broken)
                    else event
                    for event in super().receive(data, now)
                ]

        with self.assertRaises(RemoteProtocolError):
            for data in seeds.sessions():
                check_session(data, Wordy)

    def test_deadlines_that_nobody_knows_are_found(self) -> None:
        """A session that does not tell that something is due earlier is found."""

        class Quiet(Session):
            def receive(self, data: bytes, now: float) -> list[Event]:
                events = super().receive(data, now)
                self.hastened = False
                return events

        self.finds("an earlier deadline is told of", lambda d: check_session(d, Quiet))

    def test_deaths_of_the_living_are_found(self) -> None:
        """A session that says that a peer was silent, which was not, is found."""

        class Lying(Session):
            def tick(self, now: float) -> list[Event]:
                if self.state is not State.OPEN:
                    return super().tick(now)
                self.state = State.CLOSING
                return [Dead(99.0)]

        self.finds("nobody is dead who was heard", lambda d: check_session(d, Lying))

    def test_time_that_bytes_tell_is_found(self) -> None:
        """A session that finds in bytes that time has passed is found."""

        class Confused(Session):
            def receive(self, data: bytes, now: float) -> list[Event]:
                return [*super().receive(data, now), Silent()]

        self.finds("time tells of time", lambda d: check_session(d, Confused))

    def test_farewells_that_do_not_fit_are_found(self) -> None:
        """A session that says something else than it reports, or for an odd reason, is found."""

        class Vague(Session):
            def receive(self, data: bytes, now: float) -> list[Event]:
                return [
                    event._replace(reason="?") if isinstance(event, Broken) else event
                    for event in super().receive(data, now)
                ]

        class Odd(Session):
            def receive(self, data: bytes, now: float) -> list[Event]:
                return [
                    event._replace(code="tired") if isinstance(event, Broken) else event
                    for event in super().receive(data, now)
                ]

        self.finds("who broke a rule is told which", lambda d: check_session(d, Vague))
        self.finds("a rule was broken, or it was too late", lambda d: check_session(d, Odd))

    def test_reads_that_matter_are_found(self) -> None:
        """A session that counts reads is found."""

        class Counting(Session):
            def receive(self, data: bytes, now: float) -> list[Event]:
                self.unknown += 1
                return super().receive(data, now)

        promise = "a link that is read in pieces is the same link"
        self.finds(promise, lambda d: check_session(d, Counting))


class AddressesTests(TargetCase):
    """The target of addresses."""

    name = "addresses"

    def test_each_hole_is_found(self) -> None:
        """A judge that lets one kind of address through is found, whichever kind it is."""
        for kind in (
            *("not resolved", "unspecified", "multicast", "link-local", "a metadata service"),
            *("reserved", "loopback, from elsewhere", "this node's own"),
            "outside the peer networks",
        ):

            class Blind(Judge, frozen=True):
                spared = kind

                def objection(self, address: Address, *, loopback: bool) -> str | None:
                    found = super().objection(address, loopback=loopback)
                    return None if found == self.spared else found

            self.finds(
                "what may not be dialed is not dialed", partial(check_addresses, judge=Blind)
            )

    def test_port_0_is_found(self) -> None:
        """A judge that dials port 0 is found."""

        class Blind(Judge, frozen=True):
            def objection(self, address: Address, *, loopback: bool) -> str | None:
                return super().objection(Address(address.host, 1), loopback=loopback)

        self.finds(
            "what may not be dialed is not dialed",
            lambda d: check_addresses(d, Blind),
            b"\0\0\0\x08\x08\x08\x08",
        )

    def test_other_spellings_are_found(self) -> None:
        """Addresses that are read or put plainly in another way each time are found."""

        class Twisting(Address):
            def plain(self) -> Address:
                return Twisting(f"{self.host}x", self.port)

        class Mumbling(Address):
            def __str__(self) -> str:
                return "elsewhere:1"

        promise = "an address has one plain spelling"
        self.finds(promise, lambda d: check_addresses(d, kind=Twisting))
        promise = "an address is read as it is written"
        self.finds(promise, lambda d: check_addresses(d, kind=Mumbling))

    def test_timidity_is_found(self) -> None:
        """A judge that dials nobody is found."""

        class Timid(Judge, frozen=True):
            def objection(self, address: Address, *, loopback: bool) -> str | None:
                return "no"

        self.finds("what may be dialed is dialed", lambda d: check_addresses(d, Timid))


class CertificatesTests(TargetCase):
    """The target of certificates."""

    name = "certificates"

    def test_a_second_encoding_is_found(self) -> None:
        """A loader that takes a key in an encoding that is not canonical is found."""

        def lax(data: bytes) -> PublicKey:
            for own in seeds.identities():
                if data.startswith(own.public[:12]):
                    return own.key.public_key()
            raise KeyRefused("unknown")

        padded = seeds.identities()[0].public + b"\0"
        promise = "a key is read from one encoding only"
        self.finds(promise, lambda d: check_certificates(d, load=lax), padded)

    def test_lax_keys_are_found(self) -> None:
        """A loader that takes any key that OpenSSL reads is found."""

        def lax(data: bytes) -> PublicKey:
            try:
                key = load_der_public_key(data)
            except ValueError:
                raise KeyRefused("unreadable") from None
            assert isinstance(key, PublicKey)
            return key

        for weak in seeds.weak_keys():
            promise = "a key that is read is one that the protocol allows"
            with self.assertRaisesRegex(Violation, promise):
                check_certificates(weak, load=lax)

    def test_another_key_is_found(self) -> None:
        """An id that is not that of the proved key is found."""

        def other(data: bytes) -> PeerId:
            return PeerId(identity.certified_peer(data)[::-1])

        promise = "the id is that of the key that TLS proves"
        self.finds(promise, lambda d: check_certificates(d, certified=other))

    def test_other_errors_are_let_through(self) -> None:
        """An error that is no refusal ends the run."""

        def wrong(data: bytes) -> PeerId:
            raise IndexError

        self.crashes(IndexError, lambda d: check_certificates(d, certified=wrong))

    def test_reasons_that_act_are_found(self) -> None:
        """A reason that would move the cursor is found."""

        def acting(data: bytes) -> PeerId:
            raise KeyRefused("\x1b[2J")

        promise = "what is refused cannot act where the reason is shown"
        self.finds(promise, lambda d: check_certificates(d, certified=acting))


class TextTests(TargetCase):
    """The target of text."""

    name = "text"

    def test_raw_text_is_found(self) -> None:
        """A renderer that shows text as it is is found."""
        self.finds("nothing that is shown is anything but seen", lambda d: check_text(d, str))

    def test_climbing_is_found(self) -> None:
        """A renderer that shows any number of marks is found."""

        def lax(text: str) -> str:
            return "".join(c if c.isprintable() else "?" for c in text)[:1024]

        self.finds("marks do not climb over other lines", lambda d: check_text(d, lax))

    def test_length_is_found(self) -> None:
        """A renderer without an end is found."""
        promise = "no more is shown than the longest text"
        self.finds(promise, lambda d: check_text(d, lambda text: safe(text, 10**6)))

    def test_escaping_twice_is_found(self) -> None:
        """A renderer that escapes its own escapes is found."""
        promise = "what is safe stays as it is"
        self.finds(promise, lambda d: check_text(d, lambda t: safe(t).replace("\\", "\\\\")[:900]))

    def test_a_line_that_acts_is_found(self) -> None:
        """A line for people that is coloured where nobody asked is found."""

        class Loud(Text):
            def event(self, event: Shown) -> str:
                return f"\x1b[1m{super().event(event)}"

        promise = "nothing that is shown is anything but seen"
        self.finds(promise, lambda d: check_text(d, text=Loud))

    def test_json_that_is_not_ascii_is_found(self) -> None:
        """A line for programs with raw text in it is found."""

        class Raw(Json):
            def event(self, event: Shown) -> str:
                return f"{super().event(event)}ü"

        promise = "a JSON line is one line of ASCII"
        self.finds(promise, lambda d: check_text(d, json_lines=Raw))

    def test_json_that_says_something_else_is_found(self) -> None:
        """A line for programs that does not tell what was said is found."""

        class Deaf(Json):
            def event(self, event: Shown) -> str:
                return "{}"

        promise = "a JSON line tells what was said"
        self.finds(promise, lambda d: check_text(d, json_lines=Deaf))


class OptionsTests(TargetCase):
    """The target of options."""

    name = "options"

    def test_what_a_node_cannot_bear_is_found(self) -> None:
        """Each setting that is out of its bounds is found."""
        settings: dict[str, dict[str, Any]] = {
            "the port is one": {"port": 65536},
            "the period is in range": {"period": float("inf")},
            "the heartbeat is in range": {"heartbeat": 0.0},
            "the network has a name": {"network": ""},
            "the name can be told": {"name": "x" * 257},
            "the message can be told": {"message": "x" * 4097},
            "the tags can be told": {"tags": (("k", "v" * 4096),)},
            "what is advertised can be dialed": {"advertise": (Address("a", 0),)},
            "a record holds all addresses": {"advertise": (Address("a", 1),) * 9},
            "the output is known": {"output": "tea"},
            "seeds can be dialed": {"seeds": (Seed(Address("a", 0)),)},
        }
        for promise, bad in settings.items():

            class Lax(Options):
                wrong = bad

                def settings(self) -> Settings:
                    return replace(super().settings(), **self.wrong)

            self.finds(promise, partial(check_options, options=Lax()))

    def test_leaving_without_a_word_is_found(self) -> None:
        """An option that ends the program is found, where nobody asked for the version."""

        class Sullen(Options):
            def parseArgs(self, *extra: str) -> None:
                if extra:
                    raise SystemExit(0)

        promise = "only who asks for help or the version gets nothing else"
        self.finds(promise, lambda d: check_options(d, Sullen()))

    def test_other_errors_are_let_through(self) -> None:
        """An error that is not one of usage ends the run."""

        class Wrong(Options):
            def postOptions(self) -> None:
                raise OverflowError

        self.crashes(OverflowError, lambda d: check_options(d, Wrong()))
