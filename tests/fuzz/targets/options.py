"""
Options: settings, or a sentence about what is wrong.
"""

from contextlib import redirect_stdout
from copy import copy
from io import StringIO
from math import isfinite
from typing import Final

from twisted.python import usage

from gossip.options import Options
from gossip.settings import Settings
from tests.fuzz.violation import require

_MADE: Final = Options()
# It takes longer to make one than to parse most command lines.
_DEFAULTS: Final = dict(_MADE)


def check(data: bytes, options: Options = _MADE) -> None:
    """
    Any command line makes settings that a node can bear, or an error of usage of one line.

    The arguments are between zero bytes, and need not be UTF-8.
    """
    arguments = [part.decode("utf-8", "surrogateescape") for part in data.split(b"\0")]
    options.clear()
    options.update({name: copy(value) for name, value in _DEFAULTS.items()})
    try:
        with redirect_stdout(StringIO()):
            options.parseOptions(arguments)
    except usage.UsageError:
        return
    except SystemExit as left:
        asked = any(part.startswith("--") for part in arguments)
        require(not left.code and asked, "only who asks for help or the version gets nothing else")
        return
    _require_bearable(options.settings())


def _require_bearable(settings: Settings) -> None:
    require(0 <= settings.port <= 65535, "the port is one")
    require(
        isfinite(settings.period) and 0.05 <= settings.period <= 86400, "the period is in range"
    )
    require(0.05 <= settings.heartbeat <= 60, "the heartbeat is in range")
    require(1 <= len(settings.network.encode()) <= 256, "the network has a name")
    require(len(settings.name.encode()) <= 256, "the name can be told")
    require(len(settings.message.encode()) <= 4096, "the message can be told")
    require(sum(len((k + v).encode()) for k, v in settings.tags) <= 4096, "the tags can be told")
    require(all(seed.address.port for seed in settings.seeds), "seeds can be dialed")
    require(len(settings.advertise) <= 8, "a record holds all addresses")
    require(all(each.port for each in settings.advertise), "what is advertised can be dialed")
    require(settings.output in ("text", "json", "none"), "the output is known")
    for each in (*settings.advertise, *(seed.address for seed in settings.seeds)):
        str(each).encode()
