use api::{chat::FunctionCall, plan::Peer};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::catalog::CatalogTool;

fn catalog() -> Arc<Catalog> {
    let tool = |server: &str, name: &str| CatalogTool {
        server: server.to_owned(),
        name: name.to_owned(),
        description: String::new(),
        input_schema: json!({"type": "object"}),
    };
    let peer = Peer {
        name: "researcher".to_owned(),
        description: "finds things".to_owned(),
        url: None,
    };
    Arc::new(Catalog::new(
        vec![tool("calculator", "add"), tool("search", "echo")],
        vec![peer],
    ))
}

fn turn(max_steps: u32) -> Turn {
    Turn::new(
        catalog(),
        max_steps,
        vec![Message::text(Role::User, "hello")],
    )
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
        turn.next(Event::Started),
        Step::AskModel {
            step: 1,
            offer: Offer::Everything
        }
    );
    let usage = Usage {
        prompt_tokens: 3,
        completion_tokens: 2,
        total_tokens: 5,
    };
    let answer = ModelAnswer {
        content: "hi".to_owned(),
        usage,
        ..ModelAnswer::default()
    };
    let Step::Done(answer) = turn.next(Event::ModelAnswered(answer)) else {
        panic!()
    };
    assert_eq!(answer.content, "hi");
    assert_eq!(answer.finish.as_str(), "stop");
    assert_eq!(answer.usage, usage);
}

#[test]
fn calls_and_their_results_are_paired_in_order() {
    let mut turn = turn(5);
    turn.next(Event::Started);
    let calls = vec![
        call("a", "add", r#"{"a":2,"b":2}"#),
        call("b", "delegate", r#"{"agent":"researcher","task":"look"}"#),
    ];
    let Step::Call(calls) = turn.next(asks(calls)) else {
        panic!()
    };
    assert!(matches!(&calls[0].action, Action::Tool { server, .. } if server == "calculator"));
    assert!(matches!(&calls[1].action, Action::Delegate { agent, .. } if agent == "researcher"));
    let next = turn.next(Event::CallsFinished(vec![
        "4".to_owned(),
        "found".to_owned(),
    ]));
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
    turn.next(Event::Started);
    let action = only_action(turn.next(asks(vec![call("a", "multiply", "{}")])));
    let Action::UnknownTool { problem, .. } = action else {
        panic!("{action:?}")
    };
    assert_eq!(
        problem,
        "Tool 'multiply' not found. Available: add, echo, delegate"
    );
    turn.next(Event::CallsFinished(vec![problem]));
    let ghost = call("b", "delegate", r#"{"agent":"analyst-2","task":"x"}"#);
    let action = only_action(turn.next(asks(vec![ghost])));
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
    turn.next(Event::Started);
    turn.next(asks(vec![call("a", "add", "{}")]));
    let next = turn.next(Event::CallsFinished(vec!["4".to_owned()]));
    assert_eq!(
        next,
        Step::AskModel {
            step: 2,
            offer: Offer::Nothing
        }
    );
    let Step::Done(answer) = turn.next(asks(vec![call("b", "add", "{}")])) else {
        panic!()
    };
    assert_eq!(answer.finish, Finish::MaxSteps);
    assert_eq!(answer.finish.as_str(), "length");
}

#[test]
fn arguments_that_are_no_json_are_told_to_the_model_once_and_then_end_the_turn() {
    let mut turn = turn(5);
    turn.next(Event::Started);
    let broken = || asks(vec![call("a", "add", "{a: 2")]);
    assert!(matches!(
        only_action(turn.next(broken())),
        Action::BadArguments { .. }
    ));
    let next = turn.next(Event::CallsFinished(vec!["no JSON".to_owned()]));
    assert!(matches!(next, Step::AskModel { .. }));
    turn.next(broken());
    let Step::Done(answer) = turn.next(Event::CallsFinished(vec!["no JSON".to_owned()])) else {
        panic!()
    };
    assert_eq!(answer.finish, Finish::MalformedCalls);
}

/// What OpenAI's API demands of a list of messages.
fn assert_valid(messages: &[Message]) {
    let mut ids = HashSet::new();
    let mut open: Vec<&str> = Vec::new();
    for message in messages {
        if message.role == Role::Tool {
            let id = message
                .tool_call_id
                .as_deref()
                .expect("a result names its call");
            assert_eq!(
                open.first(),
                Some(&id),
                "results come in the order of their calls"
            );
            open.remove(0);
        } else {
            assert!(
                open.is_empty(),
                "every call has its result before the next message"
            );
            for call in &message.tool_calls {
                assert!(
                    ids.insert(call.id.as_str()),
                    "the id {} is used twice",
                    call.id
                );
                open.push(&call.id);
            }
        }
    }
    assert!(open.is_empty(), "no call is left without a result");
}

fn any_call() -> impl Strategy<Value = ToolCall> {
    let name = prop_oneof![Just("add"), Just("echo"), Just("delegate"), Just("ghost")];
    let arguments = prop_oneof![
        Just("{}"),
        Just(r#"{"agent":"researcher","task":"t"}"#),
        Just(r#"{"agent":"nobody","task":"t"}"#),
        Just("[1]"),
        Just("not json"),
    ];
    ("[ab]?", name, arguments).prop_map(|(id, name, arguments)| call(&id, name, arguments))
}

proptest! {
    #[test]
    fn whatever_the_model_says_the_turn_ends_and_the_conversation_stays_valid(
        max_steps in 1_u32..=20,
        answers in prop::collection::vec(prop::collection::vec(any_call(), 0..4), 25),
        drop_a_result in any::<bool>(),
    ) {
        let mut turn = turn(max_steps);
        let mut step = turn.next(Event::Started);
        for calls in answers {
            let asks_the_model = matches!(step, Step::AskModel { .. });
            prop_assert!(asks_the_model);
            assert_valid(turn.messages());
            step = turn.next(asks(calls));
            if let Step::Call(calls) = &step {
                let kept = calls.len().saturating_sub(usize::from(drop_a_result));
                step = turn.next(Event::CallsFinished(vec!["result".to_owned(); kept]));
            }
            if matches!(step, Step::Done(_)) {
                break;
            }
        }
        prop_assert!(matches!(step, Step::Done(_)), "the turn goes on after {} steps", max_steps);
    }
}
