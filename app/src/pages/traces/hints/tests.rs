use api::{
    attributes::{event, key},
    traces::{Span, SpanEvent, SpanStatus},
};
use serde_json::{Value, json};

use super::{Failure, Hint, Peer, hints};
use crate::pages::fixture::span;

fn failed(name: &str, sort: &str, message: &str) -> Span {
    let mut span = span(1, 0, name, (0, 10));
    span.status = SpanStatus::Error(message.to_owned());
    span.events.push(SpanEvent {
        time_ns: span.end_ns,
        name: key::EXCEPTION.to_owned(),
        attributes: vec![
            (key::EXCEPTION_TYPE.to_owned(), json!(sort)),
            (key::EXCEPTION_MESSAGE.to_owned(), json!(message)),
        ],
    });
    span
}

fn with(mut span: Span, attributes: &[(&str, Value)]) -> Span {
    let own = attributes.iter();
    span.attributes
        .extend(own.map(|(key, value)| ((*key).to_owned(), value.clone())));
    span
}

fn of(span: &Span, spans: &[Span]) -> Vec<Hint> {
    let agent = |name: &str, access: &[&str]| Peer {
        name: name.to_owned(),
        access: access.iter().map(|name| (*name).to_owned()).collect(),
    };
    hints(&Failure {
        span,
        spans,
        namespace: "team",
        agents: &[
            agent("coordinator", &["researcher"]),
            agent("researcher", &[]),
            agent("analyst", &[]),
        ],
    })
}

/// One hint, with these words in what it says, and a link to there.
#[track_caller]
fn check(span: &Span, expected: &str, href: &str) {
    let hints = of(span, &[]);
    let [hint] = hints.as_slice() else {
        panic!("not one hint: {hints:?}");
    };
    assert!(hint.what.contains(expected), "{hint:?}");
    let next = hint.next.as_ref().map(|next| next.href.as_str());
    assert_eq!(next, Some(href), "{hint:?}");
}

#[test]
fn an_unknown_sub_agent_is_answered_with_the_closest_name_and_the_access_list() {
    let message = "Sub-agent 'analyst-2' not found. Available: researcher";
    let span = failed("delegate.analyst-2", "ValueError", message);
    let form = "/ns/team/agents/coordinator/edit#access";
    check(&span, "The closest name is analyst", form);
    let evidence = &of(&span, &[])[0].evidence;
    assert_eq!(evidence, "coordinator may delegate to: researcher.");
}

#[test]
fn an_agent_that_exists_can_be_added_to_the_access() {
    let message = "Sub-agent 'analyst' not found. Available: researcher";
    let span = failed("delegate.analyst", "ValueError", message);
    let form = "/ns/team/agents/coordinator/edit#access";
    check(&span, "not in the access list of coordinator", form);
    let next = of(&span, &[])[0].next.clone().unwrap();
    assert_eq!(next.words, "Add analyst to the access of coordinator");
}

#[test]
fn a_tool_that_does_not_exist_is_answered_with_the_closest() {
    let span = failed(
        "tool.serch",
        "ValueError",
        "Tool 'serch' not found. Available: add, search",
    );
    let form = "/ns/team/agents/coordinator/edit#mcpServers";
    check(&span, "search is the closest", form);
}

#[test]
fn bad_arguments_can_be_tried_again_with_the_tool() {
    let span = with(
        failed("tool.add", "InvalidArguments", "b is missing"),
        &[
            (key::MCP_SERVER, json!("calculator")),
            (key::TOOL_NAME, json!("add")),
            (key::TOOL_ARGUMENTS, json!(r#"{"a":1}"#)),
        ],
    );
    let tool = "/ns/team/mcpservers/calculator/tools/add?args=%7B%22a%22%3A1%7D";
    check(&span, "do not fit", tool);
}

#[test]
fn a_run_that_used_up_its_steps_shows_what_it_repeated() {
    let mut looped = failed(
        "agent.agentic_loop",
        "StepLimit",
        "Reached maximum reasoning steps (5)",
    );
    looped.events.push(SpanEvent {
        time_ns: 0,
        name: event::LIMIT.to_owned(),
        attributes: Vec::new(),
    });
    let search = span(2, 1, "tool.search", (1, 2));
    let spans = [looped.clone(), search.clone(), search];
    let hints = of(&looped, &spans);
    assert_eq!(hints.len(), 1, "{hints:?}");
    assert_eq!(
        hints[0].evidence,
        "search was called 2 times with the same arguments."
    );
}

#[test]
fn what_a_provider_refuses_is_told_apart() {
    let model = |message: &str| {
        with(
            failed("model.inference", "ModelRefused", message),
            &[(key::MODEL_API, json!("llm-proxy"))],
        )
    };
    let edit = |field: &str| format!("/ns/team/agents/coordinator/edit#{field}");
    let api = "/ns/team/modelapis/llm-proxy";
    check(&model("Incorrect API key provided"), "API key", api);
    check(
        &model("the provider answered 429"),
        "no more requests",
        &edit("fallbackModels"),
    );
    check(
        &model("This model's maximum context length is 8192 tokens"),
        "longer than the model can read",
        &edit("contextTokens"),
    );
    check(
        &model("The model gpt-9 does not exist"),
        "does not have",
        &edit("model"),
    );
    let unreachable = "the model API at http://x cannot be reached: connection refused";
    check(&model(unreachable), "cannot be reached", api);
    check(
        &model("model a failed too often and is not asked now"),
        "several times",
        api,
    );
}

#[test]
fn an_mcp_server_that_is_not_there_or_does_not_answer_is_named() {
    let tool = |message: &str| failed("tool.search", "McpError", message);
    check(
        &tool("failed to connect to MCP server \"slow-search\": connection refused"),
        "slow-search did not answer",
        "/ns/team/mcpservers/slow-search",
    );
    check(
        &tool("there is no MCP server \"search\"; create it, or correct the agent's field"),
        "search, which does not exist",
        "/ns/team/agents/coordinator/edit#mcpServers",
    );
}

#[test]
fn failures_of_other_agents_lead_to_them() {
    check(
        &failed(
            "delegate.analyst",
            "AgentUnavailable",
            "Sub-agent 'analyst' is unavailable: it cannot be reached",
        ),
        "analyst could not be asked",
        "/ns/team/agents/analyst",
    );
    check(
        &failed(
            "delegate.a",
            "DelegationCycle",
            "a is at work on this already: a → b → a",
        ),
        "in a circle",
        "/ns/team/agents/coordinator/edit#access",
    );
    check(
        &failed(
            "agent.agentic_loop",
            "OutOfTime",
            "the run reached its limit of 60 s",
        ),
        "longer than it may",
        "/ns/team/agents/coordinator/edit#maxRuntimeSeconds",
    );
}

#[test]
fn nothing_is_said_where_nothing_is_known_or_nothing_failed() {
    assert_eq!(of(&failed("tool.x", "Strange", "something else"), &[]), []);
    assert_eq!(of(&span(1, 0, "tool.x", (0, 1)), &[]), []);
}
