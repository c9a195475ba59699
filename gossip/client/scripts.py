"""
What bash, zsh and fish are told, made from the tables of commands and options.
"""

from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from shlex import quote
from typing import Final

from gossip.client.commands import COMMANDS, Argument, Command
from gossip.client.node_options import node_options
from gossip.client.shell import Shell

_SHOWN: Final = tuple(command for command in COMMANDS if not command.hidden)
_HELP: Final = Argument(name="--help", help="show how it is used", required=False)


def script(asked: Namespace, shell: Shell) -> None:
    """Print the script for one shell."""
    shell.put(_MAKERS[asked.shell]())


def options_of(command: Command) -> list[Argument]:
    """All options that a command takes."""
    return [*(one for one in command.arguments if one.is_option), _HELP]


def words_of(command: Command) -> list[Argument]:
    """What it takes that is no option."""
    return [one for one in command.arguments if not one.is_option]


def _node() -> list[Argument]:
    return [argument for _, argument in node_options()]


def bash() -> str:
    """For bash 4 and newer."""
    names = " ".join(command.name for command in _SHOWN)
    cases = "\n".join(
        _bash_case(command.name, options_of(command), words_of(command)) for command in _SHOWN
    )
    starting = " ".join(one.name for one in _node())
    return _BASH.format(
        names=names,
        starting=starting,
        cases=cases,
        node_values=_bash_values(_node()),
    )


def _bash_case(name: str, options: Sequence[Argument], words: Sequence[Argument]) -> str:
    offered = "".join(f"{_bash_offer(one)}; " for one in words)
    return (
        f"        {name})\n"
        f"            case $before in\n{_bash_values(options)}"
        f"            esac\n"
        f"            case $word in\n"
        f'            -*) _p2p_gossip_words "{" ".join(one.name for one in options)}" ;;\n'
        f"            *) {offered or ': '};;\n"
        f"            esac ;;"
    )


def _bash_values(options: Iterable[Argument]) -> str:
    return "".join(
        f"            {one.name}) {_bash_offer(one)}; return ;;\n"
        for one in options
        if not one.is_switch
    )


def _bash_offer(one: Argument) -> str:
    if one.words or one.completes in ("", "word"):
        return f'_p2p_gossip_words "{" ".join(one.words)}"' if one.words else ":"
    return {
        "file": "compopt -o default",
        "directory": "compopt -o dirnames",
        "peer": '_p2p_gossip_peers "$1"',
    }[one.completes]


_BASH: Final = """\
# Completion of p2p-gossip for bash; made by: p2p-gossip completion bash
_p2p_gossip_words() {{
    # Only words of this script come here: compgen -W would expand them.
    COMPREPLY+=($(compgen -W "$1" -- "$word"))
}}
_p2p_gossip_peers() {{
    local one
    while IFS=$'\\t' read -r one _; do
        [[ $one == "$word"* ]] && COMPREPLY+=("$one")
    done < <("$1" _peers -- "${{COMP_WORDS[@]:1:COMP_CWORD-1}}" 2>/dev/null)
}}
_p2p_gossip() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
    COMPREPLY=()
    if [[ $word == = ]]; then
        word=
    elif [[ $before == = ]]; then
        before=${{COMP_WORDS[COMP_CWORD-2]}}
    fi
    if (( COMP_CWORD == 1 )); then
        case $word in
        -*) _p2p_gossip_words "{starting}" ;;
        *) _p2p_gossip_words "{names}" ;;
        esac
        return
    fi
    case ${{COMP_WORDS[1]}} in
{cases}
        -*)
            case $before in
{node_values}            esac
            _p2p_gossip_words "{starting}" ;;
    esac
}}
complete -F _p2p_gossip p2p-gossip
"""


def zsh() -> str:
    """For zsh with its own completion system."""
    commands = "\n".join(f"        {quote(f'{one.name}:{one.help}')}" for one in _SHOWN)
    cases = "\n".join(
        f"    {one.name})\n        _arguments -s {_zsh_specs(options_of(one), words_of(one))} ;;"
        for one in _SHOWN
    )
    return _ZSH.format(commands=commands, cases=cases, node=_zsh_specs(_node(), ()))


def _zsh_specs(options: Sequence[Argument], words: Sequence[Argument]) -> str:
    specs = [quote(_zsh_option(one)) for one in options]
    specs += [
        quote(f"{'' if one.required else ':'}:{one.shown}:{_zsh_offer(one)}") for one in words
    ]
    return "".join(f" \\\n            {spec}" for spec in specs).lstrip()


def _zsh_option(one: Argument) -> str:
    text = one.help
    for special in "\\[]:":
        text = text.replace(special, f"\\{special}")
    many = "*" if one.repeatable or "repeatable" in one.help else ""
    if one.is_switch:
        return f"{many}{one.name}[{text}]"
    return f"{many}{one.name}=[{text}]:{one.shown}:{_zsh_offer(one)}"


def _zsh_offer(one: Argument) -> str:
    if one.words:
        return f"({' '.join(one.words)})"
    return {"file": "_files", "directory": "_files -/", "peer": "_p2p_gossip_peers"}.get(
        one.completes, " "
    )


_ZSH: Final = """\
#compdef p2p-gossip
# Completion of p2p-gossip for zsh; made by: p2p-gossip completion zsh
_p2p_gossip_peers() {{
    local -a found
    found=("${{(@f)$("$program" _peers -- "${{given[@]}}" 2>/dev/null)}}")
    found=("${{(@)found/$'\\t'/:}}")
    _describe peer found
}}
_p2p_gossip() {{
    local program=$words[1]
    local -a commands given
    given=("${{(@)words[2,CURRENT-1]}}")
    commands=(
{commands}
    )
    if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
        _describe command commands
        return
    fi
    if [[ $words[2] == -* ]]; then
        _arguments -s {node}
        return
    fi
    shift words
    (( CURRENT-- ))
    case $words[1] in
{cases}
    esac
}}
if [[ ${{funcstack[1]-}} == _p2p_gossip ]]; then
    _p2p_gossip "$@"
else
    compdef _p2p_gossip p2p-gossip
fi
"""


def fish() -> str:
    """For fish 3 and newer."""
    return "\n".join(
        (
            "# Completion of p2p-gossip for fish; made by: p2p-gossip completion fish",
            "complete -c p2p-gossip -f",
            *_fish_lines(),
            "",
        )
    )


def _fish_lines() -> Iterator[str]:
    first = "-n 'not __fish_seen_subcommand_from " + " ".join(one.name for one in _SHOWN) + "'"
    for command in _SHOWN:
        yield f"complete -c p2p-gossip {first} -a {command.name} -d {_fish_quote(command.help)}"
    for option in _node():
        yield f"complete -c p2p-gossip {first} {_fish_option(option)}"
    for command in _SHOWN:
        seen = f"-n '__fish_seen_subcommand_from {command.name}'"
        for option in options_of(command):
            yield f"complete -c p2p-gossip {seen} {_fish_option(option)}"
        for word in words_of(command):
            if offered := _fish_offer(word):
                yield f"complete -c p2p-gossip {seen} -a {_fish_quote(offered)}"


def _fish_option(one: Argument) -> str:
    shape = f"-l {one.name[2:]} -d {_fish_quote(one.help)}"
    if one.is_switch:
        return shape
    if one.completes == "file":
        return f"{shape} -r -F"
    offered = _fish_offer(one)
    return f"{shape} -x -a {_fish_quote(offered)}" if offered else f"{shape} -x"


def _fish_offer(one: Argument) -> str:
    if one.words:
        return " ".join(one.words)
    return {
        "directory": "(__fish_complete_directories (commandline -ct))",
        "peer": "(p2p-gossip _peers -- (commandline -opc)[2..-1] 2>/dev/null)",
    }.get(one.completes, "")


def _fish_quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


_MAKERS: Final[Mapping[str, Callable[[], str]]] = {"bash": bash, "zsh": zsh, "fish": fish}
