use serde_json::json;

use super::*;

fn call(schema: &Value, texts: &[(&str, &str)]) -> Result<Value, Vec<Problem>> {
    let text = |path: &str| {
        let found = texts.iter().find(|(name, _)| *name == path);
        found.map(|(_, text)| (*text).to_owned())
    };
    read(&fields(schema), &text)
}

fn add() -> Value {
    json!({
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
        "required": ["a", "b"]
    })
}

#[test]
fn numbers_are_numbers_and_what_is_required_is_missed() {
    let sum = call(&add(), &[("a", "2"), ("b", "2.5")]).unwrap();
    assert_eq!(sum, json!({"a": 2, "b": 2.5}));
    let missing = call(&add(), &[("a", ""), ("b", "x")]).unwrap_err();
    let expected = [("a", "is required"), ("b", "must be a number")];
    let expected = expected.map(|(path, what)| (path.to_owned(), what.to_owned()));
    assert_eq!(missing, expected);
}

#[test]
fn what_nobody_touched_is_left_out() {
    let schema = json!({"properties": {
        "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": null},
        "fast": {"type": "boolean"},
        "times": {"type": "integer", "default": 3},
        "near": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
    }});
    assert_eq!(
        call(&schema, &[("limit", ""), ("fast", ""), ("times", "3")]).unwrap(),
        json!({})
    );
    let filled = call(
        &schema,
        &[
            ("limit", "3"),
            ("fast", "false"),
            ("times", "4"),
            ("near.x", "1"),
        ],
    );
    let expected = json!({"limit": 3, "fast": false, "times": 4, "near": {"x": 1}});
    assert_eq!(filled.unwrap(), expected);
}

#[test]
fn choices_lists_and_json_keep_their_types() {
    let schema = json!({
        "properties": {
            "size": {"enum": [1, 2, "all"]},
            "ids": {"type": "array", "items": {"type": "integer"}},
            "any": {},
            "point": {"$ref": "#/$defs/Point"}
        },
        "$defs": {"Point": {"type": "object", "properties": {"y": {"type": "number"}}}}
    });
    let texts = [
        ("size", "2"),
        ("ids", "1\n\n2"),
        ("any", "{\"k\":[]}"),
        ("point.y", "0.5"),
    ];
    let expected = json!({"size": 2, "ids": [1, 2], "any": {"k": []}, "point": {"y": 0.5}});
    assert_eq!(call(&schema, &texts).unwrap(), expected);
    let wrong = call(&schema, &[("ids", "one"), ("any", "{")]).unwrap_err();
    assert_eq!(wrong.len(), 2);
}

#[test]
fn lengths_and_ranges_hold() {
    let schema = json!({"properties": {
        "q": {"type": "string", "minLength": 2, "maxLength": 4},
        "n": {"type": "integer", "minimum": 1, "maximum": 9}
    }});
    assert!(call(&schema, &[("q", "abc"), ("n", "9")]).is_ok());
    assert_eq!(
        call(&schema, &[("q", "a"), ("n", "10")]).unwrap_err().len(),
        2
    );
}

#[test]
fn an_object_fills_the_fields_in_again() {
    let fields = fields(&add());
    let texts = texts(&fields, &json!({"a": 2, "b": null}));
    assert_eq!(texts[0], ("a".to_owned(), "2".to_owned()));
    assert_eq!(texts[1].1, "");
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    let schema = json!({
        "properties": {"next": {"$ref": "#"}, "loop": {"$ref": "#/properties/loop"}}
    });
    assert_eq!(fields(&schema).len(), 2);
}
