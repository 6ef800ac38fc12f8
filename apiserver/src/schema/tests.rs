use serde_json::{Value, json};

use super::*;

fn schema() -> Value {
    json!({
        "type": "object",
        "required": ["spec"],
        "properties": {"spec": {
            "type": "object",
            "required": ["model"],
            "properties": {
                "model": {"type": "string", "minLength": 1},
                "mode": {"type": "string", "enum": ["Proxy", "Hosted"]},
                "steps": {"type": "integer", "minimum": 1, "maximum": 20},
                "timeout": {"type": "string", "nullable": true, "pattern": "^[0-9]+s$"},
                "tools": {"type": "array", "maxItems": 2, "items": {"type": "string"}},
                "memory": {"type": "object", "default": {}, "properties": {
                    "limit": {"type": "integer", "default": 6}
                }},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "pod": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                "port": {"x-kubernetes-int-or-string": true, "anyOf": [
                    {"type": "integer"}, {"type": "string"}
                ]}
            }
        }}
    })
}

fn problems(spec: Value) -> Vec<(String, String)> {
    let causes = validate(&schema(), &json!({"spec": spec}), "");
    causes
        .into_iter()
        .map(|cause| (cause.field, cause.message))
        .collect()
}

#[test]
fn a_valid_object_has_no_problems() {
    let spec = json!({
        "model": "m", "mode": "Proxy", "steps": 20, "timeout": null, "tools": ["a"],
        "labels": {"a": "b"}, "pod": {"any": [1]}, "port": "http"
    });
    assert_eq!(problems(spec), []);
}

#[test]
fn each_rule_names_its_field() {
    for (spec, field, message) in [
        (json!({}), "spec.model", "Required value"),
        (
            json!({"model": ""}),
            "spec.model",
            "Invalid value: \"\": spec.model in body should be at least 1 chars long",
        ),
        (
            json!({"model": 1}),
            "spec.model",
            "Invalid value: \"integer\": spec.model in body must be of type string: \"integer\"",
        ),
        (
            json!({"model": "m", "mode": "x"}),
            "spec.mode",
            "Unsupported value: \"x\": supported values: \"Proxy\", \"Hosted\"",
        ),
        (
            json!({"model": "m", "steps": 21}),
            "spec.steps",
            "Invalid value: 21: spec.steps in body should be less than or equal to 20",
        ),
        (
            json!({"model": "m", "timeout": "5m"}),
            "spec.timeout",
            "Invalid value: \"5m\": spec.timeout in body should match '^[0-9]+s$'",
        ),
        (
            json!({"model": "m", "tools": ["a", null]}),
            "spec.tools[1]",
            "Invalid value: \"null\": spec.tools[1] in body must be of type string: \"null\"",
        ),
        (
            json!({"model": "m", "tools": ["a", "b", "c"]}),
            "spec.tools",
            "Invalid value: 3: spec.tools in body must have at most 2 items",
        ),
        (
            json!({"model": "m", "labels": {"a": true}}),
            "spec.labels.a",
            "Invalid value: \"boolean\": spec.labels.a in body must be of type string: \
             \"boolean\"",
        ),
        (
            json!({"model": "m", "port": true}),
            "spec.port",
            "Invalid value: \"boolean\": spec.port in body must be of type integer,string: \
             \"boolean\"",
        ),
    ] {
        assert_eq!(problems(spec), [(field.to_owned(), message.to_owned())]);
    }
}

#[test]
fn unknown_fields_are_dropped_and_named() {
    let mut object = json!({
        "kind": "A", "metadata": {"name": "a"}, "extra": 1,
        "spec": {"model": "m", "nope": 1, "memory": {"x": 1}, "pod": {"kept": 1}, "labels": {"k": "v"}}
    });
    let removed = prune(&schema(), &mut object);
    assert_eq!(removed, ["extra", "spec.nope", "spec.memory.x"]);
    let kept = json!({"model": "m", "memory": {}, "pod": {"kept": 1}, "labels": {"k": "v"}});
    assert_eq!(object["spec"], kept);
    assert_eq!(object["metadata"], json!({"name": "a"}));
}

#[test]
fn defaults_are_filled_all_the_way_down() {
    let mut object = json!({"spec": {"model": "m"}});
    fill_defaults(&schema(), &mut object);
    assert_eq!(object["spec"]["memory"], json!({"limit": 6}));
}
