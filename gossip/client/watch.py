"""
`watch`: what happens, as it happens, also when the node restarts in between.
"""

from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import Final, NoReturn

from attrs import define, field

from gossip.client import find
from gossip.client.connection import ANSWER_WAIT, SILENCE, Lines, Node, Refused, Silent, understood
from gossip.client.errors import Failed, NotRunning
from gossip.client.events import Sent, Teller, sent
from gossip.client.shell import Shell

PAUSE: Final = 0.5
"""Seconds between two tries to reach a node that is gone."""


def watch(asked: Namespace, shell: Shell) -> NoReturn:
    """
    Print what happens, for ever.

    :raises Failed: the node cannot be reached at first; later it is waited for.
    """
    Watch(find.node(asked, shell), shell, as_json=asked.json, last=asked.after).run()


@define(eq=False)
class Watch:
    """One who watches a node."""

    node: Node
    shell: Shell
    as_json: bool
    last: int | None
    """The number up to which everything was seen; None until the node was asked for its newest."""
    _met: bool = field(init=False, default=False)
    _lost: bool = field(init=False, default=False)
    _teller: Teller = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._teller = Teller(terminal=self.shell.coloured)

    def run(self) -> NoReturn:
        """Follow the stream, and the next one when it breaks."""
        while True:
            try:
                self.follow()
                why = f"the node at {self.node.path} ended the stream"
            except (NotRunning, Silent) as error:
                why = self._given_up_only_at_first(error)
            except Refused as error:
                if error.status < 500:
                    raise
                why = self._given_up_only_at_first(error)
            if not self._lost:
                self._lost = True
                self.shell.complain(f"{why}; waiting for it")
            self.shell.sleep(PAUSE)

    def follow(self) -> None:
        """Print the events of one stream, until it ends."""
        if self.last is None:
            self.last = self._newest()
        with self.node.stream(self.last, ANSWER_WAIT) as lines:
            if self._lost:
                self.shell.complain(f"the node at {self.node.path} answers again")
            self._met, self._lost = True, False
            for one in sent(_until_silent(lines)):
                self._show(one)
                if one.number is not None:
                    self.last = one.number

    def _newest(self) -> int:
        """
        The number of what was kept last, 0 where nothing was.

        Without it, what happens between the first stream and the second would be missed, if the
        first one ended before it told of anything that is kept.
        """
        page = self.node.get(list[Mapping[str, object]], "history", query=[("limit", 1)])
        number = page[-1].get("number") if page else 0
        return number if isinstance(number, int) else 0

    def _given_up_only_at_first(self, error: Failed) -> str:
        if not self._met:
            raise error
        return str(error)

    def _show(self, one: Sent) -> None:
        happened = understood(one.data, object)
        if self.as_json:
            self.shell.json_line(happened)
        else:
            self.shell.line(self._teller.line(happened))


def _until_silent(lines: Lines) -> Iterator[str]:
    while (line := lines.next(SILENCE)) is not None:
        yield line
