"""A template as a program: what the engine parsed, compiled once to functions that run for each row.

The engine walks its nodes anew for every row; this does the same many times as fast, and tests hold the two together.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from dotpromptz_handlebars import Block, Mustache, Node, Text

from batchdrop.rows.calls import (
    HELPERS,
    Piece,
    Turn,
    call_value,
    medium_value,
    role_value,
    token_value,
)
from batchdrop.rows.paths import Data, Names, Scope, Value, field_name, is_list, literal, path
from batchdrop.rows.shown import shown
from batchdrop.rows.tags import Call

Action = Callable[[Scope, list[Piece]], None]
"""Appends pieces."""

Program = tuple[str | Action, ...]
"""Texts, and actions that take their place for a row."""

_NO_NAMES: Names = frozenset()


def compile_nodes(nodes: Iterable[Node], names: Names = _NO_NAMES) -> Program:
    """Compile what the engine parsed.

    Raises:
        ValueError: a node could never be rendered.
    """
    return tuple(_step(node, names) for node in nodes)


def call_of(node: Mustache | Block) -> Call:
    """What stands in the node's tag.

    Raises:
        ValueError: it is a text in quotes, which calls a helper of that name, and none may be called so.
    """
    call = node.call
    if call["literal"]:
        raise ValueError(f'there is no helper "{call["name"]}"')
    return Call(call["name"], tuple(call["args"]), tuple(call["hash"].items()), tuple(call["params"]))


def inserted(call: Call, names: Names = _NO_NAMES) -> Value:
    """Compile what a tag inserts as text, helpers included.

    Raises:
        ValueError: it inserts no text.
    """
    if call.name in HELPERS or not call.is_bare:
        return call_value(call, names)
    return literal(call.name) or path(call.name, names)


def _step(node: Node, names: Names) -> str | Action:
    match node:
        case Text(value=text):
            return text
        case Mustache():
            return _mustache(call_of(node), names)
        case Block():
            return _block(node, call_of(node), names)
        case _:
            raise ValueError("partials cannot be used")


def _mustache(call: Call, names: Names) -> Action:
    if call.name == "role":
        role = role_value(call, names)
        return lambda scope, out: out.append(Turn(str(role(scope))))
    if call.name == "media":
        return _media(call, names)
    name = None if names or call.name in HELPERS or not call.is_bare else field_name(call.name)
    return _insertion(inserted(call, names)) if name is None else _field(name)


def _insertion(value: Value) -> Action:
    def step(scope: Scope, out: list[Piece]) -> None:
        found = value(scope)
        out.append(found if isinstance(found, str) else shown(found))

    return step


def _field(name: str) -> Action:
    """The commonest insertion, in one call instead of two."""
    value = path(f"[{name}]", _NO_NAMES)

    def step(scope: Scope, out: list[Piece]) -> None:
        found = scope.value.get(name) if isinstance(scope.value, dict) else value(scope)
        out.append(found if isinstance(found, str) else shown(found))

    return step


def _media(call: Call, names: Names) -> Action:
    value = medium_value(call, names)

    def step(scope: Scope, out: list[Piece]) -> None:
        medium = value.medium(scope)
        if medium is not None:
            out.append(medium)

    return step


def _block(node: Block, call: Call, names: Names) -> Action:
    inner = names | frozenset(call.params)
    body, inverse = compile_nodes(node.body, inner), compile_nodes(node.inverse, names)
    match call.name:
        case "if" | "unless":
            return _choice(_condition(call, names), body, inverse, wanted=call.name == "if")
        case "ifEquals" | "unlessEquals":
            return _choice(_equality(call, names), body, inverse, wanted=call.name == "ifEquals")
        case "with":
            return _with(token_value(_only(call), names), call.params, body, inverse)
        case "each":
            return _each(token_value(_only(call), names), call.params, body, inverse)
        case _:
            if call.name in HELPERS or not call.is_bare:
                raise ValueError(f"{call.name} is no block")
            return _section(path(call.name, names), call.params, body, inverse)


def run(program: Program, scope: Scope, out: list[Piece]) -> None:
    """Append the pieces of a program, in order."""
    for step in program:
        if isinstance(step, str):
            out.append(step)
        else:
            step(scope, out)


def _only(call: Call) -> str:
    if len(call.args) != 1:
        raise ValueError(f"#{call.name} takes one argument")
    return call.args[0]


def _condition(call: Call, names: Names) -> Callable[[Scope], bool]:
    value = token_value(_only(call), names)
    zero_token = dict(call.named).get("includeZero", "false")
    includes_zero = token_value(zero_token, names)

    def holds(scope: Scope) -> bool:
        found = value(scope)
        if isinstance(found, str | bool):
            return bool(found)
        if found == 0:
            return includes_zero(scope) is True
        return not _is_nothing(found)

    return holds


def _equality(call: Call, names: Names) -> Callable[[Scope], bool]:
    if len(call.args) != 2:  # noqa: PLR2004  # one on each side
        raise ValueError(f"#{call.name} takes two arguments")
    one, other = (token_value(token, names) for token in call.args)
    return lambda scope: one(scope) == other(scope)


def _is_nothing(value: object) -> bool:
    """What #with does not step into, an empty object excepted."""
    return value is None or value is False or value == "" or (is_list(value) and not value)


def _choice(condition: Callable[[Scope], bool], body: Program, inverse: Program, *, wanted: bool) -> Action:
    def step(scope: Scope, out: list[Piece]) -> None:
        run(body if condition(scope) is wanted else inverse, scope, out)

    return step


def _with(value: Value, params: tuple[str, ...], body: Program, inverse: Program) -> Action:
    def step(scope: Scope, out: list[Piece]) -> None:
        found = value(scope)
        if _is_nothing(found):
            run(inverse, scope, out)
        else:
            run(body, Scope(found, scope, scope.data, _given(params, found, None)), out)

    return step


def _each(value: Value, params: tuple[str, ...], body: Program, inverse: Program) -> Action:
    def step(scope: Scope, out: list[Piece]) -> None:
        pairs = _pairs(value(scope))
        last = len(pairs) - 1
        for index, (key, item) in enumerate(pairs):
            data = Data(scope.data, key, index, is_last=index == last)
            run(body, Scope(item, scope, data, _given(params, item, key)), out)
        if not pairs:
            run(inverse, scope, out)

    return step


def _pairs(value: object) -> Sequence[tuple[object, object]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list | tuple) else ()


def _given(params: tuple[str, ...], value: object, key: object) -> Mapping[str, object]:
    return dict(zip(params, (value, key), strict=False)) if params else {}


def _section(value: Value, params: tuple[str, ...], body: Program, inverse: Program) -> Action:
    """`{{#name}}`: a list repeats, true stays where it is, anything else is stepped into, even an empty text."""
    repeat = _each(value, params, body, inverse)

    def step(scope: Scope, out: list[Piece]) -> None:
        found = value(scope)
        if is_list(found):
            repeat(scope, out)
        elif found is None or found is False:
            run(inverse, scope, out)
        else:
            run(body, scope if found is True else Scope(found, scope, scope.data), out)

    return step
