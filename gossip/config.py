"""
The configuration file: the same names as the options, in TOML or INI. Pure but for the reading.

It becomes the options that it stands for, so that one place checks both. What may be said several
times is a list in TOML, and one value a line in INI; tags may be a table or a section as well:

    name = "node-a"                     [p2p-gossip]
    connect = ["b.example:8080"]        name = node-a
    [tag]                               connect =
    site = "north"                          b.example:8080
                                            c.example:8080
                                        [tag]
                                        site = north
"""

from configparser import (
    ConfigParser,
    DuplicateOptionError,
    DuplicateSectionError,
    MissingSectionHeaderError,
    ParsingError,
)
from configparser import Error as INIError
from pathlib import Path
from typing import Any, Final

import msgspec

SECTION: Final = "p2p-gossip"

LARGEST: Final = 1 << 20
"""Bytes that are read: a thousand times what is ever written by hand."""


class ConfigUnusable(Exception):
    """The file cannot be read as a configuration; the text says why."""


def read(path: str) -> list[tuple[str, str]]:
    """
    The options that a file stands for, as names without dashes, and values.

    A name ending in `.toml` makes it TOML, any other one INI.

    :raises ConfigUnusable: it cannot be read, or is not what its name says.
    """
    try:
        with Path(path).open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise ConfigUnusable(f"{path} cannot be read: {error.strerror}") from None
    if len(raw) > LARGEST:
        raise ConfigUnusable(f"{path} is longer than {LARGEST} bytes")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise ConfigUnusable(f"{path} is not UTF-8") from None
    return _toml(path, text) if path.endswith(".toml") else _ini(path, text)


def _toml(path: str, text: str) -> list[tuple[str, str]]:
    try:
        table: dict[str, Any] = msgspec.toml.decode(text)
    except msgspec.DecodeError as error:
        raise ConfigUnusable(f"{path} is not TOML: {error}") from None
    # The same file may configure others; then ours is a table in it.
    table = table.get(SECTION, table)
    if not isinstance(table, dict):
        raise ConfigUnusable(f"{path}: {SECTION} is not a table")
    return [(name, text) for name, value in table.items() for text in _texts(path, name, value)]


def _texts(path: str, name: str, value: object) -> list[str]:
    if isinstance(value, dict):
        return [f"{key}={_text(path, name, one)}" for key, one in value.items()]
    return [_text(path, name, one) for one in (value if isinstance(value, list) else [value])]


def _text(path: str, name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ConfigUnusable(f"{path}: {name} is neither text nor a number")
    return str(value)


class _Parser(ConfigParser):
    def optionxform(self, optionstr: str) -> str:
        # Names of tags are the user's, and so is their case.
        return optionstr


def _ini(path: str, text: str) -> list[tuple[str, str]]:
    parser = _Parser(interpolation=None, delimiters=("=",), default_section="")
    try:
        parser.read_string(text)
    except INIError as error:
        raise ConfigUnusable(f"{path} is not INI: {_wrong_with(error)}") from None
    strange = sorted(set(parser.sections()) - {SECTION, "tag"})
    if strange or not parser.has_section(SECTION):
        raise ConfigUnusable(f"{path} has no section [{SECTION}], or others than that and [tag]")
    found = []
    for name, value in parser.items(SECTION):
        found += [(name, line.strip()) for line in value.splitlines() if line.strip()]
    if parser.has_section("tag"):
        found += [("tag", f"{key}={value}") for key, value in parser.items("tag")]
    return found


def _wrong_with(error: INIError) -> str:
    if isinstance(error, MissingSectionHeaderError):
        return f"line {error.lineno} comes before the first section; begin with [{SECTION}]"
    if isinstance(error, DuplicateOptionError):
        return f"line {error.lineno} says {error.option} again; several values are one a line"
    if isinstance(error, DuplicateSectionError):
        return f"line {error.lineno} begins [{error.section}] again"
    if isinstance(error, ParsingError) and error.errors:
        return f"line {error.errors[0][0]} is not NAME = VALUE"
    return str(error).splitlines()[0]
