//! What forms make of objects and back.

use serde_json::json;

use super::*;

fn live_agent() -> Value {
    json!({
        "apiVersion": "kaos.tools/v1alpha1",
        "kind": "Agent",
        "metadata": {"name": "analyst", "namespace": "team", "resourceVersion": "7"},
        "spec": {
            "modelAPI": "llm-proxy",
            "model": "openai/gpt-4o",
            "mcpServers": ["calculator"],
            "config": {
                "description": "Counts",
                "telemetry": {"enabled": true, "endpoint": "http://otel:4317"},
                "somethingNew": {"deep": [1, 2]}
            },
            "podSpec": {"tolerations": [{"key": "gpu"}]},
            "container": {
                "resources": {"limits": {"cpu": "1"}},
                "env": [
                    {"name": "API_TOKEN", "value": "t-1", "extra": true},
                    {"name": "LEVEL", "value": "debug"},
                    {"name": "K", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": true}}}
                ]
            }
        }
    })
}

fn edited(change: impl FnOnce(&mut Values)) -> Value {
    let live = live_agent();
    let drawn = Values::of(Kind::Agent, &live);
    let mut posted = drawn.clone();
    change(&mut posted);
    merge_patch(&changes(Kind::Agent, &drawn, &posted, &live).unwrap())
}

#[test]
fn every_field_has_a_name_of_its_own_and_a_place() {
    for kind in Kind::OWN {
        let mut ids: Vec<_> = fields(kind).map(|field| field.id).collect();
        let n_fields = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), n_fields);
        assert!(fields(kind).all(|field| field.path.starts_with('/') && !field.label.is_empty()));
    }
}

#[test]
fn nothing_changed_is_an_empty_patch() {
    assert_eq!(edited(|_| ()), json!({}));
    // A browser posts texts with other line ends than the object has.
    let patch = edited(|posted| posted.set("instructions", "\r\n"));
    assert_eq!(patch, json!({}));
}

#[test]
fn an_edited_description_changes_the_description_and_nothing_else() {
    let patch = edited(|posted| posted.set("description", "Adds"));
    assert_eq!(patch, json!({"spec": {"config": {"description": "Adds"}}}));
}

#[test]
fn an_emptied_field_is_removed_and_a_box_unticked_is_written() {
    let patch = edited(|posted| {
        posted.set("description", "");
        posted.set("expose", "false");
    });
    let expected = json!({"spec": {
        "config": {"description": null}, "agentNetwork": {"expose": false}
    }});
    assert_eq!(patch, expected);
}

#[test]
fn hidden_values_and_what_a_line_does_not_show_survive_a_change_of_another_variable() {
    let drawn = Values::of(Kind::Agent, &live_agent());
    assert!(!drawn.get("env").contains("t-1"));
    let patch = edited(|posted| {
        let env = posted.get("env").replace("LEVEL=debug", "LEVEL=info");
        posted.set("env", format!("{env}\nNEW=configmap:c/k"));
    });
    let expected = json!([
        {"name": "API_TOKEN", "value": "t-1", "extra": true},
        {"name": "LEVEL", "value": "info"},
        {"name": "K", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": true}}},
        {"name": "NEW", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}
    ]);
    assert_eq!(patch["spec"]["container"]["env"], expected);
}

#[test]
fn a_new_agent_has_only_the_keys_the_form_set() {
    let nothing = nothing(Kind::Agent, "team");
    let drawn = Values::of(Kind::Agent, &nothing);
    let mut posted = drawn.clone();
    for (id, text) in [
        ("name", "coordinator"),
        ("modelAPI", "llm-proxy"),
        ("model", "openai/gpt-4o"),
        ("access", "researcher\nanalyst"),
    ] {
        posted.set(id, text);
    }
    let changes = changes(Kind::Agent, &drawn, &posted, &nothing).unwrap();
    let agent = patched(nothing, &changes);
    let spec = json!({
        "modelAPI": "llm-proxy",
        "model": "openai/gpt-4o",
        "agentNetwork": {"access": ["researcher", "analyst"]}
    });
    assert_eq!(agent["spec"], spec);
    assert_eq!(problems(Kind::Agent, &agent), []);
}

#[test]
fn an_empty_form_is_told_everything_it_lacks() {
    let errors = problems(Kind::Agent, &nothing(Kind::Agent, "team"));
    let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["metadata.name", "spec.modelAPI", "spec.model"]);
    let errors = problems(Kind::ModelApi, &nothing(Kind::ModelApi, "team"));
    assert!(errors.iter().any(|error| error.field == "spec.proxyConfig"));
}

#[test]
fn a_number_that_is_none_is_an_error_of_its_field() {
    let live = live_agent();
    let drawn = Values::of(Kind::Agent, &live);
    let mut posted = drawn.clone();
    posted.set("maxSteps", "many");
    let errors = changes(Kind::Agent, &drawn, &posted, &live).unwrap_err();
    assert_eq!(errors[0].field, "spec.config.reasoningLoopMaxSteps");
    let field = field_at(Kind::Agent, &errors[0].field);
    assert_eq!(field.map(|field| field.id), Some("maxSteps"));
}

#[test]
fn errors_inside_lists_and_at_aliases_find_their_field() {
    let id = |kind, path| field_at(kind, path).map(|field| field.id);
    assert_eq!(
        id(Kind::Agent, "spec.agentNetwork.access[2]"),
        Some("access")
    );
    assert_eq!(id(Kind::Agent, "metadata.name"), Some("name"));
    assert_eq!(id(Kind::Agent, "spec.config.memory.url"), Some("memoryUrl"));
    assert_eq!(
        id(Kind::ModelApi, "spec.proxyConfig.apiKeySecretRef"),
        Some("apiKey")
    );
    assert_eq!(id(Kind::Agent, "spec.podSpec"), None);
}

#[test]
fn the_key_is_written_where_the_object_has_it() {
    let change = |proxy: Value| {
        let live =
            json!({"metadata": {"name": "a"}, "spec": {"mode": "Proxy", "proxyConfig": proxy}});
        let drawn = Values::of(Kind::ModelApi, &live);
        let mut posted = drawn.clone();
        posted.set("apiKey", "keys/openai");
        merge_patch(&changes(Kind::ModelApi, &drawn, &posted, &live).unwrap())
    };
    let reference = json!({"name": "keys", "key": "openai"});
    let patch = change(json!({}));
    assert_eq!(
        patch["spec"]["proxyConfig"]["apiKey"]["valueFrom"]["secretKeyRef"],
        reference
    );
    let patch = change(json!({"apiKeySecretRef": {"name": "old", "key": "k"}}));
    assert_eq!(
        patch,
        json!({"spec": {"proxyConfig": {"apiKeySecretRef": reference}}})
    );
}

#[test]
fn what_does_not_apply_is_not_written() {
    let nothing = nothing(Kind::ModelApi, "team");
    let drawn = Values::of(Kind::ModelApi, &nothing);
    let mut posted = drawn.clone();
    posted.set("mode", "Hosted");
    posted.set("provider", "openai");
    posted.set("hostedModel", "smollm2");
    let changes = changes(Kind::ModelApi, &drawn, &posted, &nothing).unwrap();
    let spec = json!({"mode": "Hosted", "hostedConfig": {"model": "smollm2"}});
    assert_eq!(patched(nothing, &changes)["spec"], spec);
}

#[cfg(feature = "ssr")]
#[test]
fn fields_the_form_does_not_know_are_shown_as_yaml_and_change_only_where_they_differ() {
    let drawn = Values::of(Kind::Agent, &live_agent());
    let rest = drawn.get("rest");
    assert!(
        rest.contains("tolerations") && rest.contains("somethingNew"),
        "{rest}"
    );
    assert!(
        !rest.contains("description") && !rest.contains("modelAPI"),
        "{rest}"
    );
    let patch = edited(|posted| posted.set("rest", rest.replace("gpu", "tpu")));
    assert_eq!(
        patch,
        json!({"spec": {"podSpec": {"tolerations": [{"key": "tpu"}]}}})
    );
    let patch = edited(|posted| posted.set("rest", ""));
    let expected = json!({"spec": {"podSpec": null, "config": {"somethingNew": null}}});
    assert_eq!(patch, expected);
}

#[test]
fn what_was_drawn_survives_the_way_through_the_page() {
    let drawn = Values::of(Kind::Agent, &live_agent());
    let read = Values::from_json(&drawn.to_json()).unwrap();
    for field in fields(Kind::Agent) {
        assert_eq!(read.get(field.id), drawn.get(field.id), "{}", field.id);
    }
}
