//! Whatever a model says and however long it takes.

use proptest::prelude::*;

use super::*;

fn any_call() -> impl Strategy<Value = ToolCall> {
    let name = prop_oneof![
        Just("add"),
        Just("echo"),
        Just("delegate"),
        Just("look"),
        Just("ghost"),
        Just(fences::UNREADABLE),
    ];
    let arguments = prop_oneof![
        Just("{}"),
        Just(r#"{"agent":"researcher","task":"t"}"#),
        Just(r#"{"agent":"nobody","task":"t"}"#),
        Just("[1]"),
        Just("not json"),
    ];
    ("[ab]?", name, arguments).prop_map(|(id, name, arguments)| call(&id, name, arguments))
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
    let finish = prop::option::of("stop|length|tool_calls");
    (".{0,3}", calls, finish, any_usage()).prop_map(|(content, calls, finish_reason, usage)| {
        ModelAnswer {
            content,
            calls,
            finish_reason,
            usage,
        }
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

/// What one answer of the model leads to.
#[derive(Clone, Debug)]
struct Round {
    answer: ModelAnswer,
    seconds: u64,
    results: usize,
    usage: Usage,
    times_out: bool,
}

fn any_round() -> impl Strategy<Value = Round> {
    let times_out = prop::bool::weighted(0.02);
    (any_answer(), 0..6_u64, 0..5_usize, any_usage(), times_out).prop_map(
        |(answer, seconds, results, usage, times_out)| Round {
            answer,
            seconds,
            results,
            usage,
            times_out,
        },
    )
}

proptest! {
    #[test]
    fn whatever_happens_the_turn_ends_within_its_bounds_and_the_conversation_stays_valid(
        bounds in any_bounds(),
        rounds in prop::collection::vec(any_round(), 25),
    ) {
        let mut turn = turn_within(bounds);
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
            let event = if round.times_out {
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
                let event = if round.times_out {
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
        let mut ids: HashSet<&str> = turn.messages().iter().flat_map(|m| &m.tool_calls).map(|call| call.id.as_str()).collect();
        for call in &answer.calls {
            prop_assert_eq!(call.function.name.as_str(), "look");
            prop_assert!(ids.insert(&call.id), "the id {} is used twice", &call.id);
        }
    }
}
