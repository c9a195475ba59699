"""
How inputs are changed so that they get past the first check: lengths and signatures stay right, mostly.

`inner` changes bytes without knowing what they are: the fuzzer's own way.
"""

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final, TypeAlias

from tests.fuzz import der, scripts, seeds
from tests.fuzz.scripts import ARRIVALS, Kind, Step
from tests.wire.samples import ALPHA

Inner: TypeAlias = Callable[[bytes, int], bytes]
Shape: TypeAlias = Callable[[bytes, int, Random, Inner], bytes]

RIGHT_LENGTH: Final = 0.9
SIGNED: Final = 0.5

ODD: Final = (
    *("null", "true", "0", "1", "-1", "1.0", "7.0", "-0", "-0.0", "1e15", "0.05", "60", "60.5"),
    *("1e999", "-1e999", "1e-999", "NaN", "Infinity", "01", "+1", ".5", "1.", "1e", "[", "}"),
    *("9007199254740991", "9007199254740992", "-9007199254740992", "9223372036854775808"),
    *("18446744073709551616", "1" * 400, '""', '"\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"'),
    *('"\\/"', '"\x7f"', '"\t"', '"\\x"', '"' + "x" * 65 + '"', '"' + "y" * 1025 + '"'),
    *("[]", "{}", "[[]]", "[" * 31 + "]" * 31, "[" * 32 + "]" * 32, '{"a":' * 31 + "1" + "}" * 31),
    *(
        '"0123456789abcdef"',
        '"0123456789ABCDEF"',
        '"0123456789abcdef\\n"',
        '"::1"',
        '{"body":"","signature":""}',
    ),
    *('["a:1","b:2"]', '"left"', '{"k":"v"}', "2592000", "1767225600000"),
)
"""JSON texts that are good in one place, and not in another."""

_VALUES: Final = (
    *(b"0", b"1", b"-1", b"65535", b"65536", b"9" * 400, b"1e400", b"nan", b"-0.0", b"1_0", b" 5"),
    *(b"0.05", b"60", b"86400", b"a:1", b"a:0", b"[::1]:1", b"[::1", b"a:1#" + b"ab" * 32),
    *(b"k=v", b"=v", b"k=" + b"v" * 200, b"10.0.0.0/8,::/0", b"1.2.3.4/33", b"json", b"x" * 65),
    *("\u0663".encode(), b"\xff", b"\n", b""),
)
"""What somebody may write behind an option."""

_FRAMES: Final = tuple(frame for frame in seeds.FRAMES.values() if len(frame) < 1000)
_MARK: Final = "@odd@"
_LONG_NAME: Final = "n" * 1100
"""Longer than the reason of a farewell may be."""
_SEPARATORS: Final = ((",", ":"), (", ", ": "), ("\t,", " :\n"))
IDENTITIES: Final = seeds.identities()
_KINDS_OF_KEY: Final = (0.85, 0.95, 0.98, 1.0)
"""Up to which share each kind signs: those that sign fast sign most."""


def plain(data: bytes, most: int, random: Random, inner: Inner) -> bytes:
    """As the fuzzer does."""
    return inner(data, most)


def message(data: bytes, most: int, random: Random, inner: Inner) -> bytes:
    """Half of the time one member of the object is made odd, or goes, or comes."""
    if random.random() < 0.5:
        return inner(data, most)
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return inner(data, most)
    if type(value) is not dict or not value:
        return inner(data, most)
    twice = _odd_member(value, random)
    return _written(value, twice, random)[:most]


def _odd_member(value: dict[str, Any], random: Random) -> str:
    """Change one member; the name that is to stand there twice, or none."""
    node: Any = value
    while True:
        key: Any = random.choice(list(node)) if type(node) is dict else random.randrange(len(node))
        child = node[key]
        if not (isinstance(child, dict | list) and child) or random.random() < 0.3:
            break
        node = child
    turn = random.random()
    if turn < 0.6:
        node[key] = _MARK
    elif turn < 0.75:
        del node[key]
    elif turn < 0.9 and type(node) is dict:
        node[random.choice((*seeds.WORDS, _LONG_NAME))] = _MARK
    else:
        return random.choice(list(value) or ["type"])
    return ""


def _written(value: dict[str, Any], twice: str, random: Random) -> bytes:
    text = json.dumps(
        value, ensure_ascii=random.random() < 0.5, separators=random.choice(_SEPARATORS)
    )
    odd = random.choice(ODD)
    text = text.replace(f'"{_MARK}"', odd)
    if twice:
        text = f'{{"{twice}":{odd},{text[1:]}'
    return text.encode("utf-8", "surrogatepass")


def frames(data: bytes, most: int, random: Random, inner: Inner) -> bytes:
    """One frame's body is changed, or frames come, go and change places."""
    if len(data) < 2:
        return inner(data, most)
    if random.random() < 0.1:
        return bytes([random.randrange(256), random.randrange(256)]) + data[2:most]
    return (data[:2] + stream(data[2:], most - 2, random, inner))[:most]


def stream(data: bytes, most: int, random: Random, inner: Inner) -> bytes:
    """The same for the frames alone."""
    bodies: list[bytes] = []
    while len(data) >= 4 and len(bodies) < 64:
        length = min(int.from_bytes(data[:4], "big"), len(data) - 4)
        bodies.append(data[4 : 4 + length])
        data = data[4 + length :]
    bodies = bodies or [data]
    at = random.randrange(len(bodies))
    turn = random.random()
    if turn < 0.6:
        bodies[at] = message(bodies[at], most, random, inner)
    elif turn < 0.75:
        bodies.insert(at, random.choice(_FRAMES)[4:])
    elif turn < 0.85 and len(bodies) > 1:
        del bodies[at]
    elif turn < 0.95:
        bodies.insert(at, random.choice(bodies))
    else:
        return inner(b"".join(map(framed, bodies)), most)
    wrong = -1 if random.random() < RIGHT_LENGTH else at
    parts = [_misframed(b, random) if n == wrong else framed(b) for n, b in enumerate(bodies)]
    return b"".join(parts)[:most]


def framed(body: bytes) -> bytes:
    """A frame of any length."""
    return len(body).to_bytes(4, "big") + body


def _misframed(body: bytes, random: Random) -> bytes:
    length = random.choice((0, 1, 2, len(body) + 1, max(0, len(body) - 1), 65537, 2**32 - 1))
    return length.to_bytes(4, "big") + body


def session(data: bytes, most: int, random: Random, inner: Inner) -> bytes:
    """One step is changed, or steps come, go and change places; on both roles."""
    if not data or random.random() < 0.05:
        return inner(data, most)
    head, steps = data[0], list(scripts.read(data[1:]))
    at = random.randrange(len(steps) + 1)
    turn = random.random()
    if turn < 0.05:
        head = random.randrange(4)
    elif turn < 0.4 or not steps:
        steps.insert(at, _step(random))
    elif turn < 0.5:
        steps.insert(at, random.choice(steps))
    elif turn < 0.6:
        del steps[at - 1]
    elif turn < 0.7:
        other = random.randrange(len(steps))
        steps[at - 1], steps[other] = steps[other], steps[at - 1]
    else:
        steps[at - 1] = _changed(steps[at - 1], most, random, inner)
    return (bytes([head]) + scripts.write(steps))[:most]


def _step(random: Random) -> Step:
    kind = Kind(random.choices(range(len(Kind)), (5, 0, 3, 2, 4, 1, 1, 0.2))[0])
    if kind in ARRIVALS:
        return Step(kind, random.choice(_FRAMES))
    return Step(kind, number=random.choice((0, 1, 5, 20, 100, 255, random.randrange(256))))


def _changed(step: Step, most: int, random: Random, inner: Inner) -> Step:
    if step.kind in ARRIVALS:
        return Step(step.kind, stream(step.data, most, random, inner)[:65535])
    return Step(step.kind, number=random.randrange(256))


def record(data: bytes, most: int, random: Random, inner: Inner) -> bytes:
    """Half of the time the changed record is signed, with the id and key of who signs it."""
    signature, _, body = data.partition(b"\n")
    if random.random() < SIGNED:
        said = _said if random.random() < 0.8 else message
        return _signed(said(body, most, random, inner), random)
    turn = random.random()
    if turn < 0.4:
        return (signature + b"\n" + message(body, most, random, inner))[:most]
    if turn < 0.6:
        return _with_odd_key(signature, body, random, inner)
    return inner(data, most)


def _said(body: bytes, most: int, random: Random, inner: Inner) -> bytes:
    """One member is another one, that its node might say or nearly so."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if type(value) is not dict:
        value = json.loads(ALPHA.body)
    word = inner(random.choice(seeds.WORDS).encode(), 60).decode("utf-8", "replace")
    name, member = random.choice(
        (
            ("name", word),
            ("network", random.choice(("example", word))),
            ("seq", random.choice((0, 1, 1767225600000, 2**53 - 1, random.randrange(2**53)))),
            ("addresses", [word] * random.randrange(9)),
            ("tags", {word: word * random.randrange(40)}),
            ("state", random.choice(("alive", "left"))),
            ("ttl", random.choice((60, 60.0, 259200.0, 2592000, random.uniform(60, 2592000)))),
            (word, word),
        )
    )
    text = json.dumps(value | {name: member}, ensure_ascii=random.random() < 0.5)
    return text.encode("utf-8", "surrogatepass")


def _signed(body: bytes, random: Random) -> bytes:
    turn = random.random()
    who = IDENTITIES[next(at for at, share in enumerate(_KINDS_OF_KEY) if turn < share)]
    if random.random() < 0.95:
        body = seeds.of(body, who.public)
    # The target reads a body so, whatever its bytes are.
    return seeds.signed(who, body.decode("utf-8", "replace").encode())


def _with_odd_key(signature: bytes, body: bytes, random: Random, inner: Inner) -> bytes:
    spki = random.choice(IDENTITIES).public
    spki = der.changed(spki, random, inner) if random.random() < 0.5 else inner(spki, 600)
    return signature + b"\n" + seeds.of(body, spki)


def address(data: bytes, most: int, random: Random, inner: Inner) -> bytes:
    """Flags, port and address are changed apart; often to ones that matter."""
    turn = random.random()
    flags, port = bytes([random.randrange(256)]), random.choice((b"\0\0", b"\x1f\x90", b"\xff\xff"))
    if turn < 0.2 or len(data) < 7:
        where = random.choice(seeds.ADDRESSES)
        text = f"[{where}]:8080" if ":" in where else f"{where}:80"
        return bytes([flags[0] | 1]) + port + text.encode()
    if turn < 0.5:
        return flags + data[1:]
    if turn < 0.6:
        return data[:1] + port + data[3:]
    return data[:3] + inner(data[3:], most - 3)


def certificate(data: bytes, most: int, random: Random, inner: Inner) -> bytes:
    """Elements of DER are changed, and the lengths of all around them kept right."""
    if random.random() < 0.2:
        return inner(data, most)
    return der.changed(data, random, inner)[:most]


def command_line(data: bytes, most: int, random: Random, inner: Inner) -> bytes:
    """Arguments come, go and change, one at a time; an option takes a value that is odd for it."""
    parts = data.split(b"\0")
    at = random.randrange(len(parts) + 1)
    turn = random.random()
    if turn < 0.3:
        option = random.choice([word for word in seeds.WORDS if word.startswith("-")])
        parts[at:at] = [option.encode(), random.choice(_VALUES)]
    elif turn < 0.5:
        parts.insert(at, random.choice(_VALUES))
    elif turn < 0.6:
        del parts[at - 1]
    else:
        parts[at - 1] = inner(parts[at - 1], 300)
    return b"\0".join(parts)[:most]


SHAPES: Final[Mapping[str, Shape]] = {
    "frames": frames,
    "messages": message,
    "records": record,
    "session": session,
    "addresses": address,
    "certificates": certificate,
    "text": plain,
    "options": command_line,
}
