//! The form becomes an agent, or says at each field what is wrong.

use kube::core::response::{StatusCause, StatusDetails};

use super::*;

fn filled_in() -> AgentForm {
    AgentForm {
        name: "writer".to_owned(),
        model_api: "llm-proxy".to_owned(),
        model: "mock/plain".to_owned(),
        ..AgentForm::default()
    }
}

fn fields(errors: &[FieldError]) -> Vec<&str> {
    errors.iter().map(|error| error.field.as_str()).collect()
}

#[test]
fn what_was_ticked_and_typed_becomes_the_agent() {
    let fields = [
        ("name", " writer "),
        ("modelAPI", "llm-proxy"),
        ("model", "mock/plain"),
        ("mcpServers", "calculator"),
        ("mcpServers", "echo-search"),
        ("access", "analyst"),
        ("maxSteps", "7"),
        ("contextLimit", ""),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let agent = AgentForm::read(&Fields(fields.to_vec())).agent().unwrap();
    assert_eq!(agent.metadata.name.as_deref(), Some("writer"));
    assert_eq!(agent.spec.mcp_servers, ["calculator", "echo-search"]);
    assert_eq!(agent.spec.access(), ["analyst"]);
    assert_eq!(agent.spec.max_steps(), 7);
    assert!(!agent.spec.exposed(), "an unticked box is not sent");
    assert_eq!(agent.spec.memory(), MemoryConfig::default());
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let form = AgentForm {
        name: "Not A Name".to_owned(),
        model: String::new(),
        max_steps: "many".to_owned(),
        context_limit: "1000".to_owned(),
        ..filled_in()
    };
    let errors = form.agent().unwrap_err();
    let expected = [
        "spec.config.reasoningLoopMaxSteps",
        "metadata.name",
        "spec.model",
        "spec.config.memory.contextLimit",
    ];
    assert_eq!(fields(&errors), expected);
}

#[test]
fn a_refusal_is_shown_at_the_fields_kubernetes_names() {
    let cause = StatusCause {
        reason: "FieldValueInvalid".to_owned(),
        message: "must be between 1 and 20".to_owned(),
        field: "spec.config.reasoningLoopMaxSteps".to_owned(),
    };
    let details = StatusDetails {
        name: "writer".to_owned(),
        group: String::new(),
        kind: "Agent".to_owned(),
        uid: String::new(),
        causes: vec![cause],
        retry_after_seconds: 0,
    };
    let mut status = Status::failure("invalid", "Invalid").with_code(422);
    status.details = Some(details);
    let (code, errors) = refusal(&status, "writer");
    assert_eq!(code, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(fields(&errors), ["spec.config.reasoningLoopMaxSteps"]);
}

#[test]
fn a_name_that_is_taken_is_an_error_of_the_name() {
    let status = Status::failure("exists", "AlreadyExists").with_code(409);
    let (code, errors) = refusal(&status, "writer");
    assert_eq!(code, StatusCode::CONFLICT);
    assert_eq!(fields(&errors), ["metadata.name"]);
}

#[test]
fn a_refusal_without_fields_is_told_in_the_summary() {
    let status = Status::failure("you may not create agents", "Forbidden").with_code(403);
    let (code, errors) = refusal(&status, "writer");
    assert_eq!(code, StatusCode::FORBIDDEN);
    assert_eq!(errors[0].message, "you may not create agents");
    assert_eq!(fields(&errors), [""]);
}
