//! What is refused, and how it is said.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{AGENTS, agent, start};

async fn refused(object: Value) -> Value {
    let answer = start().send(Method::POST, AGENTS, object).await;
    assert_eq!(
        answer.code,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.body
    );
    answer.body
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let mut object = agent("a", "m");
    object["spec"].as_object_mut().unwrap().remove("model");
    let status = refused(object).await;
    assert_eq!(
        status,
        json!({
            "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
            "reason": "Invalid", "code": 422,
            "message": "Agent.kaos.tools \"a\" is invalid: spec.model: Required value",
            "details": {
                "name": "a", "group": "kaos.tools", "kind": "Agent",
                "causes": [{
                    "reason": "FieldValueRequired", "field": "spec.model",
                    "message": "Required value",
                }],
            },
        })
    );
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let mut object = agent("a", "");
    object["spec"]["config"] = json!({"reasoningLoopMaxSteps": 50, "toolCallMode": "maybe"});
    let status = refused(object).await;
    let mut fields: Vec<&str> = status["details"]["causes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|cause| cause["field"].as_str())
        .collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "spec.config.reasoningLoopMaxSteps",
            "spec.config.toolCallMode",
            "spec.model"
        ]
    );
}

#[tokio::test]
async fn rules_that_no_schema_can_say_hold_too() {
    let mut object = agent("a", "m");
    object["spec"]["agentNetwork"] = json!({"access": ["a"]});
    let status = refused(object).await;
    assert_eq!(
        status["details"]["causes"],
        json!([{
            "reason": "FieldValueInvalid",
            "field": "spec.agentNetwork.access[0]",
            "message": "Invalid value: \"a\": an agent cannot delegate to itself",
        }])
    );
}

#[tokio::test]
async fn a_name_that_is_no_name_is_refused() {
    let status = refused(agent("Not_a_name", "m")).await;
    assert_eq!(status["details"]["causes"][0]["field"], "metadata.name");
}

#[tokio::test]
async fn unknown_fields_are_dropped_with_a_warning_or_refused() {
    let kaos = start();
    let mut object = agent("a", "m");
    object["spec"]["modle"] = json!("typo");
    let strict = format!("{AGENTS}?fieldValidation=Strict");
    let answer = kaos.send(Method::POST, &strict, object.clone()).await;
    assert_eq!(answer.code, StatusCode::BAD_REQUEST);
    let message = answer.body["message"].as_str().unwrap();
    assert!(
        message.ends_with("strict decoding error: unknown field \"spec.modle\""),
        "{message}"
    );

    let answer = kaos.send(Method::POST, AGENTS, object).await;
    assert_eq!(answer.code, StatusCode::CREATED);
    assert_eq!(
        answer.headers["warning"],
        r#"299 - "unknown field \"spec.modle\"""#
    );
    assert_eq!(answer.body["spec"].get("modle"), None);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_a_bad_request() {
    let kaos = start();
    for (media_type, body) in [
        ("application/json", "{"),
        ("application/json", "[]"),
        ("application/yaml", "a: [1"),
        ("application/json", r#"{"metadata": "x"}"#),
        (
            "application/json",
            r#"{"kind": "Secret", "apiVersion": "v1"}"#,
        ),
        (
            "application/json",
            r#"{"metadata": {"name": "a", "labels": {"a": 1}}}"#,
        ),
    ] {
        let answer = kaos
            .send_as(Method::POST, AGENTS, media_type, body.to_owned())
            .await;
        assert_eq!(
            answer.code,
            StatusCode::BAD_REQUEST,
            "{body}: {}",
            answer.body
        );
        assert_eq!(answer.body["kind"], "Status");
    }
    let answer = kaos
        .send_as(Method::POST, AGENTS, "image/png", String::new())
        .await;
    assert_eq!(answer.code, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn what_a_web_page_can_send_unasked_is_refused() {
    let kaos = start();
    for media_type in ["", "text/plain", "application/x-www-form-urlencoded"] {
        let body = agent("a", "m").to_string();
        let answer = kaos.send_as(Method::POST, AGENTS, media_type, body).await;
        assert_eq!(answer.code, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
}

#[tokio::test]
async fn a_status_that_clients_could_not_read_is_refused() {
    let kaos = start();
    kaos.create_agent("a", "m").await;
    let status = json!({"status": {"conditions": [{
        "type": "Ready", "status": "True", "reason": "R", "message": "m",
        "lastTransitionTime": "yesterday",
    }]}});
    let object = format!("{AGENTS}/a/status");
    let merge = "application/merge-patch+json";
    let answer = kaos
        .send_as(Method::PATCH, &object, merge, status.to_string())
        .await;
    assert_eq!(answer.code, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.body["details"]["causes"][0]["field"], "status");
}

#[tokio::test]
async fn a_patch_cannot_make_an_object_invalid() {
    let kaos = start();
    kaos.create_agent("a", "m").await;
    let object = format!("{AGENTS}/a");
    let patch = json!({"spec": {"modelAPI": null}}).to_string();
    let merge = "application/merge-patch+json";
    let answer = kaos.send_as(Method::PATCH, &object, merge, patch).await;
    assert_eq!(answer.code, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        answer.body["details"]["causes"][0]["field"],
        "spec.modelAPI"
    );
}
