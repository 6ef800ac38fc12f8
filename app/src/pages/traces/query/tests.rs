use proptest::prelude::*;

use super::*;

const SECOND: u64 = 1_000_000_000;

fn terms(text: &str) -> Vec<Term> {
    match Query::parse(text) {
        Ok(query) => query.terms,
        Err(misread) => panic!("{text}: {misread}"),
    }
}

fn above<T>(value: T) -> Bound<T> {
    Bound {
        side: Side::Above,
        value,
    }
}

#[test]
fn every_condition_of_the_language_is_understood() {
    let text = "agent:coordinator status:error duration:>5s tool:web_search model:gpt-4o \
                session:s-7f3a tokens:>5000 cost:>0.05 text:\"chip market\" tag:user.id=42";
    let name = |name, value: &str| Condition::Name(name, value.to_owned());
    let expected = [
        name(Name::Agent, "coordinator"),
        Condition::Status(Status::Error),
        Condition::Duration(above(5 * SECOND)),
        name(Name::Tool, "web_search"),
        name(Name::Model, "gpt-4o"),
        name(Name::Session, "s-7f3a"),
        Condition::Tokens(above(5_000)),
        Condition::Cost(above(Usd::from_billionths(50_000_000))),
        Condition::Text("chip market".to_owned()),
        Condition::Tag("user.id".to_owned(), "42".to_owned()),
    ];
    assert_eq!(terms(text), expected.map(Condition::met));
}

#[test]
fn free_text_is_words_or_the_id_of_a_trace() {
    let id = "0af7651916cd43dd8448eb211c80319c";
    let trace = Condition::Trace(TraceId::parse(id).unwrap());
    assert_eq!(terms(id), [trace.met()]);
    let text = |text: &str| Condition::Text(text.to_owned()).met();
    assert_eq!(
        terms("chip \"two words\""),
        [text("chip"), text("two words")]
    );
    assert_eq!(terms(&format!("\"{id}\"")), [text(id)]);
    assert_eq!(terms(r#""say \"hi\" \\""#), [text(r#"say "hi" \"#)]);
}

#[test]
fn a_dash_turns_a_condition_around() {
    let [term] = &terms("-tool:add")[..] else {
        panic!("one term");
    };
    assert_eq!(term.sense, Sense::NotMet);
    assert_eq!(terms("a-b")[0].sense, Sense::Met);
}

#[test]
fn durations_have_units_and_may_have_a_point() {
    let duration = |text: &str| match terms(&format!("duration:<={text}"))[0].condition {
        Condition::Duration(Bound { value, .. }) => value,
        ref other => panic!("{other} is no duration"),
    };
    assert_eq!(duration("1.5s"), SECOND * 3 / 2);
    assert_eq!(duration("250ms"), SECOND / 4);
    assert_eq!(duration("2h"), 7_200 * SECOND);
}

#[test]
fn what_is_wrong_is_shown_where_it_stands_with_what_is_expected() {
    let check = |text: &str, wrong: &str, expected: &str| {
        let misread = Query::parse(text).unwrap_err();
        assert_eq!(&text[misread.place.clone()], wrong, "{text}");
        assert!(misread.message.contains(expected), "{misread}");
    };
    check("agent:a status:red", "red", "ok, error or incomplete");
    check("duration:5s", "5s", "such as >5s");
    check("duration:>5", ">5", "h, m, s or ms");
    check(
        "duration:>99999999999999999999h",
        ">99999999999999999999h",
        "a limit",
    );
    check("tokens:>-1", ">-1", "a limit");
    check("cost:>free", ">free", "in dollars");
    check("tool:", "tool:", "a name");
    check("tag:user", "user", "user.id=42");
    check("x colour:red", "colour:red", "known are agent, status");
    check("text:\"chip", "\"chip", "not closed");
    check("agent:\"a\"b c", "b", "a space is expected");
    check("\"\"", "\"\"", "words are expected");
    check("-", "-", "words are expected");
}

#[test]
fn a_condition_is_put_in_and_taken_out_again() {
    let fast = [
        Condition::Duration(Bound {
            side: Side::AtLeast,
            value: SECOND,
        }),
        Condition::Duration(Bound {
            side: Side::Below,
            value: 5 * SECOND,
        }),
    ];
    let query = Query::parse("agent:a").unwrap();
    let with = query.toggled(&fast);
    assert_eq!(with.to_string(), "agent:a duration:>=1s duration:<5s");
    assert_eq!(with.toggled(&fast), query);
    assert_eq!(with.without(0).to_string(), "duration:>=1s duration:<5s");
    assert_eq!(with.without(9), with);
}

fn condition() -> impl Strategy<Value = Condition> {
    let side =
        || prop::sample::select(&[Side::Above, Side::AtLeast, Side::Below, Side::AtMost][..]);
    let bound = move || (side(), any::<u64>()).prop_map(|(side, value)| Bound { side, value });
    prop_oneof![
        (prop::sample::select(&Name::ALL[..]), ".+")
            .prop_map(|(name, value)| Condition::Name(name, value)),
        prop::sample::select(&Status::ALL[..]).prop_map(Condition::Status),
        bound().prop_map(Condition::Duration),
        bound().prop_map(Condition::Tokens),
        bound().prop_map(|Bound { side, value }| Condition::Cost(Bound {
            side,
            value: Usd::from_billionths(value)
        })),
        ("[^=]+", ".*").prop_map(|(key, value)| Condition::Tag(key, value)),
        ".+".prop_map(Condition::Text),
        any::<[u8; 16]>()
            .prop_filter("no id is zero", |bytes| *bytes != [0; 16])
            .prop_map(|bytes| Condition::Trace(TraceId(bytes))),
    ]
}

proptest! {
    #[test]
    fn what_was_printed_is_parsed_to_the_same_query(
        conditions in prop::collection::vec((any::<bool>(), condition()), 0..6)
    ) {
        let term = |(is_met, condition)| Term {
            sense: if is_met { Sense::Met } else { Sense::NotMet },
            condition,
        };
        let query = Query { terms: conditions.into_iter().map(term).collect() };
        prop_assert_eq!(Query::parse(&query.to_string()), Ok(query));
    }

    #[test]
    fn any_text_is_a_query_or_a_mistake_with_a_place(text in "[-:\"\\\\ a-z0-9<>=.é]*|.*") {
        if let Err(misread) = Query::parse(&text) {
            prop_assert!(text.get(misread.place).is_some());
        }
    }

    #[test]
    fn a_query_that_is_understood_is_printed_and_understood_alike(
        text in "((-)?(agent|tool|tokens|cost|duration|text|tag|status):?(>|<=)?[a-z0-9.=\"]{0,6} ?){0,4}"
    ) {
        if let Ok(query) = Query::parse(&text) {
            prop_assert_eq!(Query::parse(&query.to_string()), Ok(query));
        }
    }
}
