"""What Python's type hints come to in JSON: a schema for the client, and the way back.

The first half of the program that `process.rs` hands to Python; `serve.py` is the second. Only
Python's own library is used, and nothing newer than Python 3.8.
"""

import enum
import inspect
import json
import sys
import typing


class Mismatch(Exception):
    """An argument that does not fit its type."""


def schema_of(hint):
    """The JSON schema of a type hint; an empty one for what JSON cannot say."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if is_annotated(hint):
        texts = [note for note in hint.__metadata__ if isinstance(note, str)]
        schema = schema_of(args[0])
        return dict(schema, description=texts[0]) if texts else schema
    if origin is typing.Literal:
        return literal_schema(list(args))
    if is_union(origin):
        return {"anyOf": [schema_of(arg) for arg in args]}
    if hint in SIMPLE:
        return {"type": SIMPLE[hint][0]}
    kind = origin or hint
    if kind in (list, set, frozenset, tuple) or kind in ABSTRACT_LISTS:
        items = [arg for arg in args if arg is not Ellipsis]
        return {"type": "array", "items": schema_of(items[0])} if items else {"type": "array"}
    if kind is dict or kind in ABSTRACT_DICTS:
        values = {"additionalProperties": schema_of(args[1])} if len(args) == 2 else {}
        return dict({"type": "object"}, **values)
    if inspect.isclass(hint) and issubclass(hint, enum.Enum):
        return literal_schema([member.value for member in hint])
    if hasattr(hint, "__dataclass_fields__") or hasattr(hint, "__total__"):
        return fields_schema(hint)
    return {}


def literal_schema(values):
    schema = {"enum": values}
    kinds = {type(value) for value in values}
    if len(kinds) == 1 and kinds <= set(SIMPLE):
        schema["type"] = SIMPLE[kinds.pop()][0]
    return schema


def fields_schema(cls):
    """The schema of a dataclass or TypedDict; no more than an object where it is within itself."""
    if cls in WITHIN:
        return {"type": "object"}
    WITHIN.append(cls)
    try:
        return schema_of_fields(cls)
    finally:
        WITHIN.pop()


def schema_of_fields(cls):
    hints = hints_of(cls)
    optional = set(hints) - set(getattr(cls, "__required_keys__", hints))
    optional |= {name for name in hints if hasattr(cls, name)}
    return {
        "type": "object",
        "properties": {name: schema_of(hint) for name, hint in hints.items()},
        "required": [name for name in hints if name not in optional],
    }


def convert(value, hint):
    """The value as the hint wants it, forgiving what models usually get wrong."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if is_annotated(hint):
        return convert(value, args[0])
    if origin is typing.Literal:
        if value in args:
            return value
        raise Mismatch("one of %s" % ", ".join(map(repr, args)))
    if is_union(origin):
        return convert_union(value, args)
    if hint in SIMPLE:
        name, fits, conversion = SIMPLE[hint]
        if fits(value):
            return value
        try:
            return conversion(value)
        except (TypeError, ValueError):
            raise Mismatch(ARTICLES.get(name, name))
    kind = origin or hint
    if kind in (list, set, frozenset, tuple) or kind in ABSTRACT_LISTS:
        value = from_text(value, list, "a list")
        items = [arg for arg in args if arg is not Ellipsis]
        value = [convert(item, items[0]) for item in value] if items else value
        return value if kind in ABSTRACT_LISTS else kind(value)
    if kind is dict or kind in ABSTRACT_DICTS:
        value = from_text(value, dict, "an object")
        return {k: convert(v, args[1]) for k, v in value.items()} if len(args) == 2 else value
    if inspect.isclass(hint) and issubclass(hint, enum.Enum):
        try:
            return hint(value)
        except ValueError:
            raise Mismatch("one of %s" % ", ".join(repr(member.value) for member in hint))
    if inspect.isclass(hint) and hasattr(hint, "__dataclass_fields__"):
        hints = hints_of(hint)
        value = from_text(value, dict, "an object")
        try:
            return hint(**{k: convert(v, hints.get(k)) for k, v in value.items()})
        except TypeError as error:
            raise Mismatch("an object for %s (%s)" % (hint.__name__, error))
    return value


def convert_union(value, options):
    """The first option that fits as it is, else the first that can be made to fit."""
    if value is None and type(None) in options:
        return None
    for option in options:
        if option in SIMPLE and SIMPLE[option][1](value):
            return value
    wanted = []
    for option in options:
        try:
            return convert(value, option)
        except Mismatch as mismatch:
            wanted.append(str(mismatch))
    raise Mismatch(" or ".join(wanted))


def from_text(value, kind, name):
    """Lists and objects; models like to send them as JSON in a string."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise Mismatch(name)
    if not isinstance(value, kind):
        raise Mismatch(name)
    return value


def to_integer(value):
    if isinstance(value, str):
        return int(value.strip())
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise ValueError(value)


def to_number(value):
    if isinstance(value, str):
        return float(value.strip())
    raise ValueError(value)


def to_boolean(value):
    return {"true": True, "false": False}[str(value).strip().lower()]


def to_string(value):
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    raise ValueError(value)


def to_null(value):
    raise ValueError(value)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def boolean(value):
    try:
        return to_boolean(value)
    except KeyError:
        raise ValueError(value)


WITHIN = []
SIMPLE = {
    int: ("integer", is_integer, to_integer),
    float: ("number", is_number, to_number),
    bool: ("boolean", lambda value: isinstance(value, bool), boolean),
    str: ("string", lambda value: isinstance(value, str), to_string),
    type(None): ("null", lambda value: value is None, to_null),
}
ARTICLES = {"integer": "an integer", "number": "a number", "boolean": "true or false",
            "string": "a text"}
ABSTRACT_LISTS = tuple(filter(None, (typing.get_origin(getattr(typing, name)) for name in
                                     ("Sequence", "Iterable", "Collection", "MutableSequence"))))
ABSTRACT_DICTS = tuple(filter(None, (typing.get_origin(getattr(typing, name)) for name in
                                     ("Mapping", "MutableMapping"))))


def is_annotated(hint):
    return hasattr(hint, "__metadata__")


def is_union(origin):
    return origin is typing.Union or getattr(origin, "__name__", "") == "UnionType"


def hints_of(obj):
    """The type hints; the bare annotations where a name in them is unknown."""
    extras = {"include_extras": True} if sys.version_info >= (3, 9) else {}
    try:
        hints = typing.get_type_hints(obj, **extras)
    except Exception:
        hints = getattr(obj, "__annotations__", {})
    # Anything may stand where a hint does; what is no type says nothing.
    return {name: hint for name, hint in hints.items() if isinstance(hint, typing.Hashable)}
