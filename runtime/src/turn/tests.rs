mod properties;
mod valid;

use api::{
    chat::{FunctionCall, ToolDefinition},
    money::Usd,
    plan::Peer,
};
use serde_json::json;

use self::valid::assert_valid;
use super::*;
use crate::{catalog::CatalogTool, mcp::Tool};

fn catalog() -> Arc<Catalog> {
    let tool = |server: &str, name: &str| CatalogTool {
        server: server.into(),
        tool: Arc::new(Tool {
            name: name.to_owned(),
            description: String::new(),
            input_schema: json!({"type": "object"}),
            ..Tool::default()
        }),
    };
    let peer = Peer {
        name: "researcher".to_owned(),
        description: "finds things".to_owned(),
        url: None,
    };
    let own = vec![tool("calculator", "add"), tool("search", "echo")];
    let callers = vec![ToolDefinition::function("look", "", json!({}))];
    let catalog = Catalog::new(own, vec![peer]).with_callers(callers.into());
    Arc::new(catalog.expect("the names differ"))
}

const NO_BOUNDS: Bounds = Bounds {
    steps: 5,
    runtime: Duration::MAX,
    calls: u32::MAX,
    tokens: None,
    cost: None,
};

fn turn_within(bounds: Bounds) -> Turn {
    let messages = vec![Message::text(Role::User, "hello")];
    Turn::new(catalog(), bounds, messages)
}

fn turn(max_steps: u32) -> Turn {
    turn_within(Bounds {
        steps: max_steps,
        ..NO_BOUNDS
    })
}

/// Nothing takes time here.
fn next(turn: &mut Turn, event: Event) -> Step {
    turn.next(event, Duration::ZERO)
}

fn results(results: &[&str]) -> Event {
    Event::CallsFinished {
        results: results.iter().map(ToString::to_string).collect(),
        usage: Usage::default(),
    }
}

fn done(step: Step) -> Answer {
    let Step::Done(answer) = step else {
        panic!("expected the end, got {step:?}")
    };
    answer
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: id.to_owned(),
        kind: "function".to_owned(),
        function: FunctionCall {
            name: name.to_owned(),
            arguments: arguments.to_owned(),
        },
    }
}

fn asks(calls: Vec<ToolCall>) -> Event {
    Event::ModelAnswered(ModelAnswer {
        calls,
        ..ModelAnswer::default()
    })
}

fn only_action(step: Step) -> Action {
    let Step::Call(mut calls) = step else {
        panic!("expected calls, got {step:?}")
    };
    assert_eq!(calls.len(), 1);
    calls.remove(0).action
}

#[test]
fn an_answer_without_calls_ends_the_turn() {
    let mut turn = turn(5);
    assert_eq!(
        next(&mut turn, Event::Started),
        Step::AskModel {
            step: 1,
            offer: Offer::Everything
        }
    );
    let usage = Usage {
        prompt_tokens: 3,
        completion_tokens: 2,
        total_tokens: 5,
        ..Usage::default()
    };
    let answer = ModelAnswer {
        content: "hi".to_owned(),
        usage,
        ..ModelAnswer::default()
    };
    let Step::Done(answer) = next(&mut turn, Event::ModelAnswered(answer)) else {
        panic!()
    };
    assert_eq!(answer.content, "hi");
    assert_eq!(answer.finish.as_str(), "stop");
    assert_eq!(answer.usage, usage);
}

#[test]
fn calls_and_their_results_are_paired_in_order() {
    let mut turn = turn(5);
    next(&mut turn, Event::Started);
    let calls = vec![
        call("a", "add", r#"{"a":2,"b":2}"#),
        call("b", "delegate", r#"{"agent":"researcher","task":"look"}"#),
    ];
    let Step::Call(calls) = next(&mut turn, asks(calls)) else {
        panic!()
    };
    assert!(matches!(&calls[0].action, Action::Tool { server, .. } if server == "calculator"));
    assert!(matches!(&calls[1].action, Action::Delegate { agent, .. } if agent == "researcher"));
    let next = next(&mut turn, results(&["4", "found"]));
    assert_eq!(
        next,
        Step::AskModel {
            step: 2,
            offer: Offer::Everything
        }
    );
    let results: Vec<_> = turn.messages()[2..]
        .iter()
        .map(|message| (message.tool_call_id.as_deref().unwrap(), message.words()))
        .collect();
    assert_eq!(results, [("a", "4".to_owned()), ("b", "found".to_owned())]);
}

#[test]
fn a_name_the_model_invents_is_answered_with_the_real_ones() {
    let mut turn = turn(5);
    next(&mut turn, Event::Started);
    let action = only_action(next(&mut turn, asks(vec![call("a", "multiply", "{}")])));
    let Action::UnknownTool { problem, .. } = action else {
        panic!("{action:?}")
    };
    assert_eq!(
        problem,
        "Tool 'multiply' not found. Available: add, echo, delegate, look"
    );
    next(&mut turn, results(&[&problem]));
    let ghost = call("b", "delegate", r#"{"agent":"analyst-2","task":"x"}"#);
    let action = only_action(next(&mut turn, asks(vec![ghost])));
    let Action::UnknownAgent { problem, .. } = action else {
        panic!("{action:?}")
    };
    assert_eq!(
        problem,
        "Sub-agent 'analyst-2' not found. Available: researcher"
    );
}

#[test]
fn at_the_limit_the_model_is_asked_once_more_without_tools() {
    let mut turn = turn(1);
    next(&mut turn, Event::Started);
    next(&mut turn, asks(vec![call("a", "add", "{}")]));
    let summing_up = next(&mut turn, results(&["4"]));
    assert_eq!(
        summing_up,
        Step::AskModel {
            step: 2,
            offer: Offer::Nothing(Limit::Steps)
        }
    );
    let Step::Done(answer) = next(&mut turn, asks(vec![call("b", "add", "{}")])) else {
        panic!()
    };
    assert_eq!(answer.finish, Finish::Limit(Limit::Steps));
    assert_eq!(answer.finish.as_str(), "max_steps");
}

#[test]
fn arguments_that_are_no_json_are_told_to_the_model_once_and_then_end_the_turn() {
    let mut turn = turn(5);
    next(&mut turn, Event::Started);
    let broken = || asks(vec![call("a", "add", "{a: 2")]);
    assert!(matches!(
        only_action(next(&mut turn, broken())),
        Action::BadArguments { .. }
    ));
    let again = next(&mut turn, results(&["no JSON"]));
    assert!(matches!(again, Step::AskModel { .. }));
    next(&mut turn, broken());
    let Step::Done(answer) = next(&mut turn, results(&["no JSON"])) else {
        panic!()
    };
    assert_eq!(answer.finish, Finish::MalformedCalls);
}

#[test]
fn calls_beyond_the_limit_are_not_made_and_the_model_sums_up() {
    let mut turn = turn_within(Bounds {
        calls: 1,
        ..NO_BOUNDS
    });
    next(&mut turn, Event::Started);
    let Step::Call(made) = next(
        &mut turn,
        asks(vec![call("a", "add", "{}"), call("b", "add", "{}")]),
    ) else {
        panic!("the first call is made")
    };
    assert_eq!(made.len(), 1);
    let step = next(&mut turn, results(&["4"]));
    let offer = Offer::Nothing(Limit::ToolCalls);
    assert_eq!(step, Step::AskModel { step: 2, offer });
    assert_valid(turn.messages());
    let told = turn.messages().last().unwrap().words();
    assert_eq!(told, "not called: this run may make 1 calls");
    let answer = ModelAnswer {
        content: "It is 4.".to_owned(),
        ..ModelAnswer::default()
    };
    let answer = done(next(&mut turn, Event::ModelAnswered(answer)));
    assert_eq!(answer.finish.as_str(), "max_tool_calls");
    assert_eq!(answer.content, "It is 4.");
}

#[test]
fn the_tokens_of_sub_agents_count() {
    let mut turn = turn_within(Bounds {
        tokens: Some(10),
        ..NO_BOUNDS
    });
    next(&mut turn, Event::Started);
    next(&mut turn, asks(vec![call("a", "add", "{}")]));
    let step = next(
        &mut turn,
        Event::CallsFinished {
            results: vec!["4".to_owned()],
            usage: Usage {
                total_tokens: 10,
                ..Usage::default()
            },
        },
    );
    let offer = Offer::Nothing(Limit::Tokens);
    assert_eq!(step, Step::AskModel { step: 2, offer });
    let answer = done(next(&mut turn, asks(vec![])));
    assert_eq!(answer.finish.as_str(), "max_tokens");
    assert_eq!(answer.usage.total_tokens, 10);
}

#[test]
fn what_sub_agents_cost_counts() {
    let mut turn = turn_within(Bounds {
        cost: Some(Usd::from_dollars(0.5)),
        ..NO_BOUNDS
    });
    let used = |dollars| Usage {
        cost: Some(Usd::from_dollars(dollars)),
        ..Usage::default()
    };
    next(&mut turn, Event::Started);
    let asks = |usage| {
        Event::ModelAnswered(ModelAnswer {
            calls: vec![call("a", "add", "{}")],
            usage,
            ..ModelAnswer::default()
        })
    };
    next(&mut turn, asks(used(0.2)));
    let step = next(
        &mut turn,
        Event::CallsFinished {
            results: vec!["4".to_owned()],
            usage: used(0.3),
        },
    );
    let offer = Offer::Nothing(Limit::Cost);
    assert_eq!(step, Step::AskModel { step: 2, offer });
    let answer = done(next(&mut turn, asks(used(0.1))));
    assert_eq!(answer.finish.as_str(), "max_cost");
    assert_eq!(answer.usage.cost, used(0.6).cost);
}

#[test]
fn when_the_time_is_up_the_turn_ends_with_what_it_has() {
    let bounds = Bounds {
        runtime: Duration::from_secs(10),
        ..NO_BOUNDS
    };
    let mut turn = turn_within(bounds);
    next(&mut turn, Event::Started);
    let said = ModelAnswer {
        content: "I look.".to_owned(),
        calls: vec![call("a", "add", "{}")],
        ..ModelAnswer::default()
    };
    next(&mut turn, Event::ModelAnswered(said));
    let answer = done(turn.next(results(&["4"]), Duration::from_secs(10)));
    assert_eq!(answer.content, "I look.");
    assert_eq!(answer.finish.as_str(), "max_runtime");

    let mut turn = turn_within(bounds);
    next(&mut turn, Event::Started);
    let words = "half an ans".to_owned();
    let answer = done(next(&mut turn, Event::TimeRanOut { words }));
    assert_eq!(answer.content, "half an ans");
}

#[test]
fn the_callers_tools_are_called_by_the_caller() {
    let mut turn = turn(5);
    next(&mut turn, Event::Started);
    let answer = done(next(&mut turn, asks(vec![call("c", "look", "{")])));
    assert_eq!(answer.finish.as_str(), "tool_calls");
    assert_eq!(answer.calls, [call("c", "look", "{")]);
}

#[test]
fn the_callers_tools_wait_for_our_own() {
    let mut turn = turn(5);
    next(&mut turn, Event::Started);
    let both = vec![call("c", "look", "{}"), call("a", "add", "{}")];
    let Step::Call(made) = next(&mut turn, asks(both)) else {
        panic!("our own is called")
    };
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].id, "a");
    next(&mut turn, results(&["4"]));
    assert_valid(turn.messages());
    let told: Vec<_> = turn.messages()[2..].iter().map(Message::words).collect();
    assert_eq!(told, [NOT_YET, "4"]);
}
