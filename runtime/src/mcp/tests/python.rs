//! Python functions as tools.

use std::collections::HashMap;

use api::{
    functions::{FunctionReader, Reading},
    plan::McpRuntime,
};
use serde_json::json;

use super::{DEADLINE, Fixture, TOOLS};

#[tokio::test]
async fn public_functions_become_tools_with_the_schema_of_their_hints() {
    let fixture = Fixture::new();
    let tools = fixture.python(TOOLS).await;
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "add",
            "echo",
            "divide",
            "later",
            "environment",
            "wait_for",
            "begin_and_wait",
            "end"
        ]
    );
    assert!(tools[0].description.starts_with("Add two numbers."));
    assert_eq!(
        tools[0].input_schema,
        json!({
            "type": "object", "required": ["a", "b"], "additionalProperties": false,
            "properties": {
                "a": {"type": "integer", "description": "the first"},
                "b": {"type": "integer"},
            },
        })
    );
    let echo = &tools[1].input_schema["properties"];
    assert_eq!(
        echo["mode"],
        json!({"type": "string", "enum": ["plain", "loud"], "default": "plain"})
    );
    assert_eq!(
        echo["tags"],
        json!({
            "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}],
            "default": null,
        })
    );
    fixture.end().await;
}

#[tokio::test]
async fn calls_convert_their_arguments_and_printing_does_no_harm() {
    let fixture = Fixture::new();
    fixture.python(TOOLS).await;
    assert_eq!(fixture.text("add", json!({"a": 2, "b": 2})).await, "4");
    assert_eq!(fixture.text("add", json!({"a": "2", "b": 3.0})).await, "5");
    assert_eq!(
        fixture
            .text("echo", json!({"text": "hé", "mode": "loud"}))
            .await,
        "HÉ"
    );
    assert_eq!(
        fixture
            .text("later", json!({"values": {"b": 1, "a": 2}}))
            .await,
        r#"["a", "b"]"#
    );
    fixture.end().await;
}

#[tokio::test]
async fn a_wrong_argument_or_an_exception_is_an_error_the_model_can_read() {
    let fixture = Fixture::new();
    fixture.python(TOOLS).await;
    let wrong = fixture.error_text("add", json!({"a": "two", "b": 2})).await;
    assert_eq!(wrong, r#"add: argument "a" must be an integer, not "two""#);
    let missing = fixture.error_text("add", json!({"a": 1})).await;
    assert_eq!(missing, r#"add: argument "b" is required"#);
    let unknown = fixture
        .error_text("add", json!({"a": 1, "b": 2, "c": 3}))
        .await;
    assert_eq!(unknown, r#"add: unknown argument "c"; add takes a, b"#);
    let raised = fixture.error_text("divide", json!({"a": 1, "b": 0})).await;
    assert!(raised.starts_with("ZeroDivisionError: "), "{raised}");
    assert!(raised.contains("in divide"), "{raised}");
    fixture.end().await;
}

#[tokio::test]
async fn the_process_sees_its_own_environment_only() {
    let fixture = Fixture::new();
    fixture.python(TOOLS).await;
    let text = fixture.text("environment", json!({})).await;
    let environment: HashMap<String, String> = serde_json::from_str(&text).unwrap();
    assert_eq!(environment["GREETING"], "hello");
    assert!(!environment.keys().any(|name| name.starts_with("CARGO")));
    fixture.end().await;
}

#[tokio::test]
async fn a_slow_call_does_not_hold_up_others() {
    let fixture = Fixture::new();
    fixture.python(TOOLS).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sign");
    let slow = fixture.text("wait_for", json!({"path": path}));
    let quick = async {
        let sum = fixture.text("add", json!({"a": 1, "b": 1})).await;
        std::fs::write(&path, "").unwrap();
        sum
    };
    let both = tokio::time::timeout(DEADLINE, async { tokio::join!(slow, quick) });
    assert_eq!(both.await.unwrap(), ("found".to_owned(), "2".to_owned()));
    fixture.end().await;
}

#[tokio::test]
async fn code_that_cannot_run_fails_with_its_line() {
    let fixture = Fixture::new();
    let python = |code: &str| McpRuntime::PythonString(code.to_owned());
    let syntax = fixture
        .failure(python("def add(a):\n    return = a\n"))
        .await;
    assert!(syntax.starts_with("tools.py, line 2: "), "{syntax}");
    let raised = fixture.failure(python("import nothing_of_that_name")).await;
    assert_eq!(
        raised,
        "tools.py, line 1: ModuleNotFoundError: No module named 'nothing_of_that_name'"
    );
    let empty = fixture.failure(python("x = 1")).await;
    assert!(empty.contains("no public function"), "{empty}");
    // A better plan brings it up again.
    fixture.python(TOOLS).await;
    fixture.end().await;
}

#[tokio::test]
async fn dataclasses_enums_and_unions_are_understood_and_a_hint_that_is_no_type_does_no_harm() {
    let fixture = Fixture::new();
    let tools = fixture
        .python(
            r#"
from __future__ import annotations
from dataclasses import dataclass
from enum import Enum
from typing import Union

@dataclass
class Point:
    x: int
    y: int = 1

class Color(Enum):
    RED = "red"
    BLUE = "blue"

def paint(point: Point, color: Color = Color.RED): return [point.x, point.y, color.value]
def either(value: Union[int, str]): return repr(value)
def odd(value: [1, 2]): return value
"#,
        )
        .await;
    let point = &tools[0].input_schema["properties"]["point"];
    assert_eq!(point["required"], json!(["x"]));
    let painted = json!({"point": {"x": "3"}, "color": "blue"});
    assert_eq!(fixture.text("paint", painted).await, r#"[3, 1, "blue"]"#);
    assert_eq!(fixture.text("either", json!({"value": 1})).await, "1");
    assert_eq!(fixture.text("either", json!({"value": "1"})).await, "'1'");
    assert_eq!(fixture.text("odd", json!({"value": "x"})).await, "x");
    fixture.end().await;
}

#[tokio::test]
async fn a_function_without_hints_takes_anything_and_says_so() {
    let fixture = Fixture::new();
    let tools = fixture
        .python("def keep(value, times=2): return [value] * times")
        .await;
    let schema = &tools[0].input_schema;
    assert_eq!(
        schema["properties"],
        json!({"value": {}, "times": {"default": 2}})
    );
    assert_eq!(
        tools[0].warning(),
        Some("keep has no type hint for value, times, so it takes anything")
    );
    assert_eq!(
        fixture.text("keep", json!({"value": {"a": 1}})).await,
        r#"[{"a": 1}, {"a": 1}]"#
    );
    fixture.end().await;
}

#[tokio::test]
async fn a_result_that_json_cannot_hold_or_nobody_can_read_is_an_error() {
    let fixture = Fixture::new();
    let code = r#"
def raw() -> bytes: return b"\x00"
def circle():
    a = []
    a.append(a)
    return a
def large() -> str: return "x" * 50_000_000
def no_number() -> float: return float("nan")
def keys(): return {(1, 2): 3}
def leave(): raise SystemExit(3)
def recurse(): return recurse()
"#;
    fixture.python(code).await;
    for (tool, expect) in [
        ("raw", "JSON has no word for bytes"),
        ("circle", "Circular reference"),
        ("large", "the result has 50000000 bytes"),
        ("keys", "keys must be"),
        ("leave", "SystemExit: 3"),
        ("recurse", "RecursionError"),
    ] {
        let said = fixture.error_text(tool, json!({})).await;
        assert!(said.contains(expect), "{tool}: {said}");
    }
    assert_eq!(fixture.text("no_number", json!({})).await, "NaN");
    fixture.end().await;
}

#[tokio::test]
async fn code_that_is_no_python_is_refused_with_its_line_and_none_of_it_runs() {
    let fixture = Fixture::new();
    for (code, line) in [
        ("def add(a):\n    return (", "line 2: "),
        ("def add(a: \0): pass", "line 1: "),
    ] {
        let Reading::Refused(message) = fixture.servers.read(code).await else {
            panic!("{code:?} is no Python");
        };
        assert!(message.starts_with(line), "{message}");
    }
    let reading = fixture.servers.read("raise SystemExit('ran')").await;
    assert_eq!(reading, Reading::Functions(Vec::new()));
    fixture.end().await;
}

#[tokio::test]
async fn functions_are_read_with_the_words_that_their_tools_will_have() {
    let fixture = Fixture::new();
    let read = async |code: &str| match fixture.servers.read(code).await {
        Reading::Functions(functions) => functions
            .iter()
            .map(|function| format!("{function} {}", function.summary).trim().to_owned())
            .collect::<Vec<_>>(),
        other => panic!("{code} was not read: {other:?}"),
    };
    let expected = [
        "add(a: integer, b: integer) Add two numbers.",
        "echo(text: string, mode?: \"plain\" | \"loud\", tags?: array of string | null) Say it again.",
        "divide(a: number, b: number)",
        "later(values: object)",
        "environment()",
        "wait_for(path: string)",
        "begin_and_wait(path: string)",
        "end()",
    ];
    assert_eq!(read(TOOLS).await, expected);
    // The server makes the same tools of them.
    let tools = fixture.python(TOOLS).await;
    let names: Vec<_> = tools.iter().map(|tool| tool.name.as_str()).collect();
    let read_names = expected.map(|line| line.split('(').next().unwrap_or_default());
    assert_eq!(names, read_names);
    // What JSON has no word for stands as it is written, and nothing where nothing is.
    for (parameters, expect) in [
        ("a, b: Color", "a, b: Color"),
        ("a: Shape[\n int,\n str] = 1", "a?: Shape[ int, str]"),
        (
            "a: 'float', b: 'Color', c: '1 +'",
            "a: number, b: Color, c: 1 +",
        ),
        ("a: int | None", "a: integer | null"),
        ("a: typing.Annotated[float, 'metres']", "a: number"),
        ("a: list[int | str]", "a: array of (integer | string)"),
        (
            "a: Annotated[()], /, *b: int",
            "a: Annotated[()], b?: array of integer",
        ),
        (
            "*, a: bool, b: dict = {}, **c",
            "a: boolean, b?: object, **c",
        ),
        ("a: '\\ud800'", "a: ?"),
    ] {
        let code = format!("def f({parameters}): pass\n");
        assert_eq!(read(&code).await, [format!("f({expect})")], "{code}");
    }
    fixture.end().await;
}

#[tokio::test]
async fn where_there_is_no_python_functions_cannot_be_read() {
    let fixture = Fixture::with_python("no-such-python");
    assert_eq!(fixture.servers.read(TOOLS).await, Reading::Unknown);
    fixture.end().await;
}
