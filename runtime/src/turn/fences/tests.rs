use proptest::prelude::*;

use super::*;

fn function(name: &str) -> ToolDefinition {
    ToolDefinition::function(name, "adds", json!({"type": "object"}))
}

#[test]
fn a_block_becomes_a_call_and_leaves_the_text() {
    let said = "I add.\n```tool_call\n{\"tool\": \"add\", \"arguments\": {\"a\": 2}}\n```\nWait.";
    let parts = read(said);
    assert_eq!(parts.text, "I add.\n\nWait.");
    assert_eq!(parts.calls, [call("add", r#"{"a":2}"#.to_owned())]);
}

#[test]
fn several_blocks_are_several_calls_and_a_task_may_hold_fences() {
    let said = concat!(
        "```delegate\n{\"agent\": \"coder\", \"task\": \"explain ```rust\\nfn f() {}\\n```\"}\n```\n",
        "```tool_call\n{\"tool\": \"now\"}",
    );
    let calls = read(said).calls;
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert_eq!(calls[0].function.name, DELEGATE);
    let arguments: Value = serde_json::from_str(&calls[0].function.arguments).unwrap();
    assert_eq!(arguments["task"], "explain ```rust\nfn f() {}\n```");
    assert_eq!(calls[1], call("now", "{}".to_owned()));
}

#[test]
fn a_block_that_cannot_be_read_is_a_call_that_says_so() {
    for said in [
        "```tool_call\n{tool: add}\n```",
        "```tool_call\n[1]",
        "```tool_call\n{\"arguments\": {}}\n```",
        "```tool_call",
    ] {
        let calls = read(said).calls;
        assert_eq!(calls.len(), 1, "{said}");
        assert_eq!(calls[0].function.name, UNREADABLE, "{said}");
    }
}

#[test]
fn other_blocks_are_text() {
    let said = "```tool_calls\n{}\n``` and ```rust\nfn f() {}\n```";
    assert_eq!(read(said).text, said);
    assert_eq!(read(said).calls, []);
}

#[test]
fn a_conversation_with_calls_becomes_plain_text() {
    let delegated = ToolCall {
        id: "b".to_owned(),
        ..call(DELEGATE, r#"{"agent":"x","task":"y"}"#.to_owned())
    };
    let added = ToolCall {
        id: "a".to_owned(),
        ..call("add", r#"{"a":2}"#.to_owned())
    };
    let messages = [
        Message::text(Role::System, "You help."),
        Message::text(Role::User, "2 + 2?"),
        Message {
            tool_calls: vec![added, delegated],
            ..Message::text(Role::Assistant, "I add.")
        },
        Message::tool_result("a", "4"),
        Message::tool_result("b", "found"),
        Message::text(Role::Assistant, "It is 4."),
    ];
    let written = write(&messages, &[function("add")]);
    let words: Vec<_> = written.iter().map(|m| (m.role, m.words())).collect();
    assert!(
        words[0].1.starts_with("You help.\n\n## Tools\n"),
        "{words:?}"
    );
    assert!(
        words[0].1.contains("### add\nadds\nJSON schema"),
        "{words:?}"
    );
    let calls = "I add.\n```tool_call\n{\"arguments\":{\"a\":2},\"tool\":\"add\"}\n```\n\
                 ```delegate\n{\"agent\":\"x\",\"task\":\"y\"}\n```";
    assert_eq!(words[2], (Role::Assistant, calls.to_owned()));
    let results = "Tool result: 4\n\nAgent response: found".to_owned();
    assert_eq!(words[3], (Role::User, results));
    assert_eq!(words.len(), 5);
    assert!(written.iter().all(|message| message.tool_calls.is_empty()));
    assert_eq!(
        write(&messages, &[])[0].words(),
        "You help.",
        "without tools there is nothing to describe"
    );
}

fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("```tool_call\n".to_owned()),
        Just("```delegate\n".to_owned()),
        Just("```".to_owned()),
        Just(r#"{"tool": "add", "arguments": {"a": "é```"}}"#.to_owned()),
        Just(r#"{"agent": "x", "task": "y"}"#.to_owned()),
        Just("`".to_owned()),
        Just("{".to_owned()),
        "\\PC{0,6}",
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_can_be_read(text in any_text()) {
        let parts = read(&text);
        prop_assert!(parts.text.len() <= text.len());
        if parts.calls.is_empty() {
            prop_assert_eq!(parts.text, text);
        }
    }

    #[test]
    fn a_filter_shows_the_text_before_the_first_block_and_loses_nothing(
        text in any_text(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut ends: Vec<usize> = cuts.iter().map(|cut| text.floor_char_boundary(cut.index(text.len() + 1))).collect();
        ends.push(text.len());
        ends.sort_unstable();
        let (mut filter, mut shown, mut from) = (Filter::default(), String::new(), 0);
        for end in ends {
            shown.push_str(&filter.pass(&text[from..end]));
            from = end;
        }
        prop_assert!(!shown.contains("```tool_call") && !shown.contains("```delegate"));
        prop_assert!(read(&text).text.starts_with(&shown));
        shown.push_str(&filter.held);
        prop_assert_eq!(shown, text);
    }

    #[test]
    fn what_is_written_can_be_read_again(
        text in "[a-z ]{0,10}",
        arguments in prop::collection::hash_map("[a-z]{1,4}", "\\PC{0,8}", 0..3),
    ) {
        let arguments = json!(arguments).to_string();
        let said = Message {
            tool_calls: vec![call("add", arguments)],
            ..Message::text(Role::Assistant, text)
        };
        let written = write(std::slice::from_ref(&said), &[]);
        prop_assert_eq!(&read(&written[0].words()).calls, &said.tool_calls);
    }
}
