//! Whatever a model says, however long it takes, and however it says it.

use proptest::prelude::*;

use super::*;

fn any_call() -> impl Strategy<Value = ToolCall> {
    let name = prop_oneof![
        Just("add".to_owned()),
        Just("echo".to_owned()),
        Just("delegate".to_owned()),
        Just("look".to_owned()),
        Just(fences::UNREADABLE.to_owned()),
        "\\PC{0,80}",
    ];
    let arguments = prop_oneof![
        Just("{}".to_owned()),
        Just(r#"{"agent":"researcher","task":"t"}"#.to_owned()),
        Just(r#"{"agent":"nobody","task":"t"}"#.to_owned()),
        Just("[1]".to_owned()),
        "\\PC{0,10}",
    ];
    ("([ab]|call_[0-3]|x{50})?", name, arguments)
        .prop_map(|(id, name, arguments)| call(&id, &name, &arguments))
}

/// Blocks of a model that knows no functions, whole, broken and unfinished.
fn any_blocks() -> impl Strategy<Value = ModelAnswer> {
    let piece = prop_oneof![
        Just("```tool_call\n{\"tool\": \"add\", \"arguments\": {\"a\": 2}}\n```\n".to_owned()),
        Just("```tool_call\n{\"tool\": \"look\"}\n```".to_owned()),
        Just("```delegate\n{\"agent\": \"researcher\", \"task\": \"t\"}\n```".to_owned()),
        Just("```delegate\n{\"agent\": 5}\n```".to_owned()),
        Just("```tool_call\n{tool: add}\n```".to_owned()),
        Just("```tool_call".to_owned()),
        "\\PC{0,6}",
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| {
        let parts = fences::read(&pieces.concat());
        ModelAnswer {
            content: parts.text,
            calls: parts.calls,
            ..ModelAnswer::default()
        }
    })
}

fn any_usage() -> impl Strategy<Value = Usage> {
    prop_oneof![9 => 0..100_u64, 1 => Just(u64::MAX)].prop_map(|tokens| Usage {
        prompt_tokens: tokens,
        completion_tokens: tokens,
        cost: Some(Usd::from_dollars(1e-6)),
        ..Usage::default()
    })
}

fn any_answer() -> impl Strategy<Value = ModelAnswer> {
    let calls = prop::collection::vec(any_call(), 0..4);
    let native = (".{0,3}", calls).prop_map(|(content, calls)| ModelAnswer {
        content,
        calls,
        ..ModelAnswer::default()
    });
    let finish_reason = prop::option::of("stop|length|tool_calls");
    (
        prop_oneof![native, any_blocks()],
        finish_reason,
        any_usage(),
    )
        .prop_map(|(answer, finish_reason, usage)| ModelAnswer {
            finish_reason,
            usage,
            ..answer
        })
}

fn any_bounds() -> impl Strategy<Value = Bounds> {
    let tokens = prop::option::of(0..2_000_u64);
    let cost = prop::option::of((0..20_u32).prop_map(|n| Usd::from_dollars(f64::from(n) * 1e-6)));
    (1..=20_u32, 0..60_u64, 0..8_u32, tokens, cost).prop_map(
        |(steps, seconds, calls, tokens, cost)| Bounds {
            steps,
            runtime: Duration::from_secs(seconds),
            calls,
            tokens,
            cost,
        },
    )
}

/// A conversation to go on from: a caller may have made calls of its own, with ids of its own.
fn any_opening() -> impl Strategy<Value = Vec<Message>> {
    prop::collection::vec("a|b|call_[0-3]", 0..3).prop_map(|mut ids| {
        ids.sort();
        ids.dedup();
        let asked = Message::text(Role::User, "hello");
        let results = ids.iter().map(|id| Message::tool_result(id, "sun"));
        let results: Vec<_> = results.collect();
        let calls: Vec<_> = ids.iter().map(|id| call(id, "look", "{}")).collect();
        let said = Message {
            content: None,
            tool_calls: calls,
            ..Message::text(Role::Assistant, "")
        };
        let said = (!results.is_empty()).then_some(said);
        [asked].into_iter().chain(said).chain(results).collect()
    })
}

/// Where a round is cut off by the end of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Nowhere,
    InTheAnswer,
    InTheCalls,
}

/// What one question to the model leads to.
#[derive(Clone, Debug)]
struct Round {
    answer: ModelAnswer,
    seconds: u64,
    results: usize,
    usage: Usage,
    cut: Cut,
}

fn any_round() -> impl Strategy<Value = Round> {
    let cut = prop_oneof![
        40 => Just(Cut::Nowhere),
        1 => Just(Cut::InTheAnswer),
        1 => Just(Cut::InTheCalls)
    ];
    (any_answer(), 0..6_u64, 0..5_usize, any_usage(), cut).prop_map(
        |(answer, seconds, results, usage, cut)| Round {
            answer,
            seconds,
            results,
            usage,
            cut,
        },
    )
}

/// The ids of the calls in a conversation.
fn call_ids(messages: &[Message]) -> HashSet<&str> {
    let calls = messages.iter().flat_map(|message| &message.tool_calls);
    calls.map(|call| call.id.as_str()).collect()
}

proptest! {
    #[test]
    fn whatever_happens_the_turn_ends_within_its_bounds_and_the_conversation_stays_valid(
        bounds in any_bounds(),
        opening in any_opening(),
        rounds in prop::collection::vec(any_round(), 25),
    ) {
        let mut turn = Turn::new(catalog(), bounds, opening);
        let mut elapsed = Duration::ZERO;
        let mut step = turn.next(Event::Started, elapsed);
        let (mut asked, mut called) = (0, 0);
        for round in rounds {
            let Step::AskModel { step: number, offer } = step else { break };
            asked += 1;
            prop_assert_eq!(number, asked);
            prop_assert!(offer == Offer::Everything || asked <= bounds.steps + 1);
            assert_valid(turn.messages());
            elapsed += Duration::from_secs(round.seconds);
            let event = if round.cut == Cut::InTheAnswer {
                Event::TimeRanOut { words: round.answer.content.clone() }
            } else {
                Event::ModelAnswered(round.answer)
            };
            step = turn.next(event, elapsed);
            if let Step::Call(calls) = &step {
                prop_assert!(!calls.is_empty());
                prop_assert!(offer == Offer::Everything, "a last word makes no calls");
                prop_assert!(elapsed < bounds.runtime);
                called += calls.len();
                prop_assert!(called <= bounds.calls as usize);
                let event = if round.cut == Cut::InTheCalls {
                    Event::TimeRanOut { words: String::new() }
                } else {
                    let results = vec!["result".to_owned(); round.results];
                    Event::CallsFinished { results, usage: round.usage }
                };
                step = turn.next(event, elapsed);
            }
        }
        assert_valid(turn.messages());
        let Step::Done(answer) = step else {
            return Err(TestCaseError::fail(format!("the turn goes on: {step:?}")));
        };
        prop_assert!(asked <= bounds.steps + 1);
        prop_assert_eq!(answer.finish == Finish::CallersTools, !answer.calls.is_empty());
        let mut ids = call_ids(turn.messages());
        for call in &answer.calls {
            prop_assert_eq!(call.function.name.as_str(), "look");
            prop_assert!(ids.insert(&call.id), "the id {} is used twice", &call.id);
        }
    }
}
