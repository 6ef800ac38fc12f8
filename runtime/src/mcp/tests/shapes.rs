//! What a function's hints become: a table of shapes, each with its schema and a call.

use serde_json::{Value, json};

use super::Fixture;

/// One function: what stands in Python, the schema of its arguments, and what a call of it returns.
struct Shape {
    code: &'static str,
    arguments: Value,
    required: &'static [&'static str],
    given: Value,
    returns: &'static str,
}

const IMPORTS: &str = r#"
import asyncio, datetime, decimal, functools
from dataclasses import dataclass
from enum import Enum
from typing import Any, Dict, List, Literal, Optional, Sequence, Tuple, Union
try:
    from typing import Annotated, TypedDict
except ImportError:
    from typing_extensions import Annotated, TypedDict

class Color(Enum):
    RED = "red"
    BLUE = "blue"

@dataclass
class Point:
    x: int
    y: int = 0

@dataclass
class Node:
    name: str
    next: "Optional[Node]" = None

class Movie(TypedDict, total=False):
    title: str
    year: int

def traced(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return function(*args, **kwargs)
    return inner
"#;

#[expect(clippy::too_many_lines, reason = "a table")]
fn shapes() -> Vec<Shape> {
    let number = || json!({"type": "number"});
    let integer = || json!({"type": "integer"});
    let string = || json!({"type": "string"});
    vec![
        // The seed's own two, as printed there.
        Shape {
            code: "def f(a: float, b: float) -> float:\n    \"\"\"Add two numbers together.\"\"\"\n    return a + b",
            arguments: json!({"a": number(), "b": number()}),
            required: &["a", "b"],
            given: json!({"a": 2, "b": 2}),
            returns: "4",
        },
        Shape {
            code: "def f(message: str) -> str:\n    \"\"\"Echo back the message for testing.\"\"\"\n    return f\"Echo: {message}\"",
            arguments: json!({"message": string()}),
            required: &["message"],
            given: json!({"message": "Hello"}),
            returns: "Echo: Hello",
        },
        Shape {
            code: "def f(): return 'nothing needed'",
            arguments: json!({}),
            required: &[],
            given: json!({}),
            returns: "nothing needed",
        },
        Shape {
            code: "def f(a: int, b: int = 3): return a * b",
            arguments: json!({"a": integer(), "b": {"type": "integer", "default": 3}}),
            required: &["a"],
            given: json!({"a": 2}),
            returns: "6",
        },
        Shape {
            code: "def f(name: Optional[str] = None): return name or 'nobody'",
            arguments: json!({"name": {"anyOf": [string(), {"type": "null"}], "default": null}}),
            required: &[],
            given: json!({"name": null}),
            returns: "nobody",
        },
        Shape {
            code: "def f(value: Union[int, str]): return type(value).__name__",
            arguments: json!({"value": {"anyOf": [integer(), string()]}}),
            required: &["value"],
            given: json!({"value": "7"}),
            returns: "str",
        },
        Shape {
            code: "def f(mode: Literal['fast', 'slow'] = 'fast'): return mode",
            arguments: json!({"mode": {"type": "string", "enum": ["fast", "slow"], "default": "fast"}}),
            required: &[],
            given: json!({"mode": "slow"}),
            returns: "slow",
        },
        Shape {
            code: "def f(color: Color): return color.name",
            arguments: json!({"color": {"type": "string", "enum": ["red", "blue"]}}),
            required: &["color"],
            given: json!({"color": "blue"}),
            returns: "BLUE",
        },
        Shape {
            code: "def f(yes: bool): return 'yes' if yes else 'no'",
            arguments: json!({"yes": {"type": "boolean"}}),
            required: &["yes"],
            given: json!({"yes": "false"}),
            returns: "no",
        },
        Shape {
            code: "def f(numbers: List[int]): return sum(numbers)",
            arguments: json!({"numbers": {"type": "array", "items": integer()}}),
            required: &["numbers"],
            given: json!({"numbers": "[1, 2, 3]"}),
            returns: "6",
        },
        Shape {
            code: "def f(words: Sequence[str]): return ' '.join(words)",
            arguments: json!({"words": {"type": "array", "items": string()}}),
            required: &["words"],
            given: json!({"words": ["a", "b"]}),
            returns: "a b",
        },
        Shape {
            code: "def f(pair: Tuple[int, ...]): return repr(pair)",
            arguments: json!({"pair": {"type": "array", "items": integer()}}),
            required: &["pair"],
            given: json!({"pair": [1, 2]}),
            returns: "(1, 2)",
        },
        Shape {
            code: "def f(scores: Dict[str, float]): return max(scores, key=scores.get)",
            arguments: json!({"scores": {"type": "object", "additionalProperties": number()}}),
            required: &["scores"],
            given: json!({"scores": {"a": 1, "b": 2.5}}),
            returns: "b",
        },
        Shape {
            code: "def f(point: Point): return point.x - point.y",
            arguments: json!({"point": {"type": "object", "required": ["x"],
                "properties": {"x": integer(), "y": integer()}}}),
            required: &["point"],
            given: json!({"point": {"x": "5"}}),
            returns: "5",
        },
        Shape {
            code: "def f(node: Node): return node.next.name",
            arguments: json!({"node": {"type": "object", "required": ["name"], "properties":
                {"name": string(), "next": {"anyOf": [{"type": "object"}, {"type": "null"}]}}}}),
            required: &["node"],
            given: json!({"node": {"name": "a", "next": {"name": "b"}}}),
            returns: "b",
        },
        Shape {
            code: "def f(movie: Movie): return movie['title']",
            arguments: json!({"movie": {"type": "object", "required": [],
                "properties": {"title": string(), "year": integer()}}}),
            required: &["movie"],
            given: json!({"movie": {"title": "M"}}),
            returns: "M",
        },
        Shape {
            code: "def f(city: Annotated[str, 'where to look']): return city",
            arguments: json!({"city": {"type": "string", "description": "where to look"}}),
            required: &["city"],
            given: json!({"city": "Rome"}),
            returns: "Rome",
        },
        Shape {
            code: "def f(a: int, /, b: int, *, c: int = 1): return [a, b, c]",
            arguments: json!({"a": integer(), "b": integer(), "c": {"type": "integer", "default": 1}}),
            required: &["a", "b"],
            given: json!({"a": 1, "b": 2, "c": 3}),
            returns: "[1, 2, 3]",
        },
        Shape {
            code: "def f(first: int, *more: int): return first + sum(more)",
            arguments: json!({"first": integer(), "more": {"type": "array", "items": integer()}}),
            required: &["first"],
            given: json!({"first": 1, "more": [2, 3]}),
            returns: "6",
        },
        Shape {
            code: "async def f(seconds: float): await asyncio.sleep(seconds); return 'slept'",
            arguments: json!({"seconds": number()}),
            required: &["seconds"],
            given: json!({"seconds": 0}),
            returns: "slept",
        },
        Shape {
            code: "def f(count: int): yield from range(count)",
            arguments: json!({"count": integer()}),
            required: &["count"],
            given: json!({"count": 3}),
            returns: "[0, 1, 2]",
        },
        Shape {
            code: "@traced\ndef f(a: int): return {'when': datetime.date(2026, 1, 2), 'set': {a}, 'd': decimal.Decimal('1.5')}",
            arguments: json!({"a": integer()}),
            required: &["a"],
            given: json!({"a": 1}),
            returns: r#"{"when": "2026-01-02", "set": [1], "d": "1.5"}"#,
        },
        Shape {
            code: "def f(a: int, b: str):\n    \"\"\"Documented.\n\n    Args:\n        a: how many\n        b (str): of what\n    \"\"\"\n    return b * a",
            arguments: json!({"a": {"type": "integer", "description": "how many"},
                "b": {"type": "string", "description": "of what"}}),
            required: &["a", "b"],
            given: json!({"a": 2, "b": "x"}),
            returns: "xx",
        },
        Shape {
            code: "def f(anything: Any = None): return anything",
            arguments: json!({"anything": {"default": null}}),
            required: &[],
            given: json!({"anything": [1, {"two": 3}]}),
            returns: r#"[1, {"two": 3}]"#,
        },
    ]
}

#[tokio::test]
async fn every_shape_of_function_becomes_a_tool_that_can_be_called() {
    let fixture = Fixture::new();
    let shapes = shapes();
    let mut code = IMPORTS.to_owned();
    for (index, shape) in shapes.iter().enumerate() {
        let name = format!("def f{index}(");
        code.push_str(&shape.code.replacen("def f(", &name, 1));
        code.push_str("\n\n");
    }
    let tools = fixture.python(&code).await;
    for (index, shape) in shapes.iter().enumerate() {
        let name = format!("f{index}");
        let found = tools.iter().find(|tool| tool.name == name);
        let schema = &found
            .unwrap_or_else(|| panic!("no tool of {}", shape.code))
            .input_schema;
        assert_eq!(schema["properties"], shape.arguments, "{}", shape.code);
        assert_eq!(schema["required"], json!(shape.required), "{}", shape.code);
        let returned = fixture.text(&name, shape.given.clone()).await;
        assert_eq!(returned, shape.returns, "{}", shape.code);
    }
    fixture.end().await;
}
