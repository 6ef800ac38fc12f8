"""Says what functions there are in Python code, without running any of it.

The code comes on standard input. The answer is JSON: {"functions": […]}, those at the top level that
`serve.py` would make tools of, or {"refused": "line 2: …"} where Python does not take the code. Only
Python's own library is used, and nothing newer than Python 3.8.
"""

import ast
import json
import sys

# What `hints.py` makes of the same hints once they are types.
WORDS = {"int": "integer", "float": "number", "bool": "boolean", "str": "string", "None": "null",
         "NoneType": "null"}
LISTS = {"list", "List", "set", "Set", "frozenset", "FrozenSet", "tuple", "Tuple", "Sequence",
         "Iterable", "Collection", "MutableSequence"}
OBJECTS = {"dict", "Dict", "Mapping", "MutableMapping"}


def read(source):
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        return {"refused": "line %s: %s" % (error.lineno or 1, error.msg)}
    except ValueError as error:
        return {"refused": "line 1: %s" % error}
    # A function that is written again stands where the first one stood.
    functions = {node.name: node for node in body
                 if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
    return {"functions": [function(node, source) for name, node in functions.items()
                          if not name.startswith("_")]}


def function(node, source):
    lines = (ast.get_docstring(node) or "").splitlines()
    return {
        "name": node.name,
        "parameters": list(parameters(node.args, source)),
        "summary": lines[0].strip() if lines else "",
    }


def parameters(arguments, source):
    by_place = arguments.posonlyargs + arguments.args
    n_required = len(by_place) - len(arguments.defaults)
    for place, argument in enumerate(by_place):
        yield parameter(argument.arg, hint_of(argument, source), place >= n_required)
    if arguments.vararg:
        items = hint_of(arguments.vararg, source)
        yield parameter(arguments.vararg.arg, list_of(items), True)
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults):
        yield parameter(argument.arg, hint_of(argument, source), default is not None)
    if arguments.kwarg:
        yield parameter("**" + arguments.kwarg.arg, hint_of(arguments.kwarg, source), False)


def parameter(name, kind, is_optional):
    return {"name": name, "kind": kind, "is_optional": is_optional}


def hint_of(argument, source):
    return word(argument.annotation, source) if argument.annotation else ""


def word(hint, source):
    """JSON Schema's word for a type hint; where there is none, the hint as it is written."""
    if isinstance(hint, ast.Constant) and isinstance(hint.value, str):
        return quoted(hint.value)
    name = name_of(hint)
    if name in WORDS:
        return WORDS[name]
    if name in LISTS:
        return "array"
    if name in OBJECTS:
        return "object"
    if isinstance(hint, ast.BinOp) and isinstance(hint.op, ast.BitOr):
        return any_of([hint.left, hint.right], source)
    if isinstance(hint, ast.Subscript):
        known = generic(name_of(hint.value), arguments_of(hint), source)
        if known:
            return known
    return " ".join((ast.get_source_segment(source, hint) or "").split())


def quoted(text):
    """A hint that is written as a string, because what it names comes later."""
    try:
        return word(ast.parse(text.strip(), mode="eval").body, text.strip())
    except (SyntaxError, ValueError):
        return text


def generic(name, arguments, source):
    """The word for a type that takes others; none for one that is not known."""
    if arguments == []:
        return None
    if name == "Annotated":
        return word(arguments[0], source)
    if name == "Optional":
        return any_of(arguments + [ast.Constant(value=None)], source)
    if name == "Union":
        return any_of(arguments, source)
    if name == "Literal":
        return " | ".join(literal(argument, source) for argument in arguments)
    if name in LISTS:
        return list_of(word(arguments[0], source))
    return "object" if name in OBJECTS else None


def any_of(hints, source):
    """Each word once, in their order."""
    return " | ".join(dict.fromkeys(word(hint, source) for hint in hints))


def list_of(items):
    if not items:
        return "array"
    return "array of (%s)" % items if " | " in items else "array of %s" % items


def literal(node, source):
    value = getattr(node, "value", None)
    if isinstance(node, ast.Constant) and isinstance(value, (str, int, type(None))):
        return json.dumps(value, ensure_ascii=False)
    return ast.get_source_segment(source, node) or ""


def name_of(hint):
    """`float`, and `List` of `typing.List`."""
    if isinstance(hint, ast.Constant) and hint.value is None:
        return "None"
    return getattr(hint, "id", None) or getattr(hint, "attr", None)


def arguments_of(hint):
    inner = hint.slice
    if type(inner).__name__ == "Index":  # Until Python 3.8.
        inner = inner.value
    return list(inner.elts) if isinstance(inner, ast.Tuple) else [inner]


answer = read(sys.stdin.buffer.read().decode("utf-8"))
# Half of a character is no character, in JSON least of all.
sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace"))
