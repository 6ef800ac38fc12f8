use api::chat::{FunctionCall, Message, Role, ToolCall};
use serde_json::json;

use super::*;
use crate::rows::Id;

fn recording() -> Recording {
    Recording {
        span: SpanId([7; 8]),
        agent: Id {
            namespace: "team".to_owned(),
            name: "calculator".to_owned(),
        },
        model: "gpt-4o".to_owned(),
        messages: vec![
            Message::text(Role::System, "Add."),
            Message::text(Role::User, "1 + 2?"),
        ],
        results: vec![RecordedCall {
            name: "add".to_owned(),
            arguments: json!({"a": 1, "b": 2}),
            result: "3".to_owned(),
        }],
        n_earlier: 0,
    }
}

/// The form with both messages, and these fields.
fn form(fields: &[(&str, &str)]) -> ReplayForm {
    let both = [(SAID, "0"), (SAID, "1")];
    read(&[&both, fields].concat(), &recording())
}

fn read(fields: &[(&str, &str)], recording: &Recording) -> ReplayForm {
    let fields = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    ReplayForm::read(&Fields(fields.collect()), recording)
}

/// The recording of a call that was told the results of two others.
fn with_calls() -> Recording {
    let call = |id: &str| ToolCall {
        id: id.to_owned(),
        kind: "function".to_owned(),
        function: FunctionCall {
            name: "add".to_owned(),
            arguments: "{}".to_owned(),
        },
    };
    let mut recording = recording();
    recording.messages.push(Message {
        content: None,
        tool_calls: vec![call("a"), call("b")],
        ..Message::text(Role::Assistant, "")
    });
    for id in ["a", "b"] {
        recording.messages.push(Message::tool_result(id, "3"));
    }
    recording
}

/// The messages of the recording, as they are after these changes, by their origins.
fn changed(recording: &Recording, changes: &[Change]) -> Vec<String> {
    let mut messages = Messages::of(recording);
    for change in changes {
        messages.change(*change, recording);
    }
    messages
        .0
        .iter()
        .map(|said| said.origin.to_string())
        .collect()
}

fn replay(request: &ChatRequest) -> Replay {
    serde_json::from_value(request.rest[OWN_FIELD][FIELD].clone()).unwrap()
}

#[test]
fn what_was_edited_is_sent_and_the_rest_as_it_was_recorded() {
    let fields = [
        ("message-1", "1 + 1?\r\nBriefly."),
        ("result-0", "4"),
        ("model", "gpt-4o"),
    ];
    let request = form(&fields)
        .request(TraceId([1; 16]), &recording(), &Dangers::default())
        .unwrap();
    let words: Vec<_> = request.messages.iter().map(Message::words).collect();
    assert_eq!(words, ["Add.", "1 + 1?\nBriefly."]);
    let replay = replay(&request);
    assert_eq!(replay.model, None);
    let arguments = json!({"a": 1, "b": 2});
    assert_eq!(replay.calls.recorded("add", &arguments), Some("4"));
    assert!(!request.rest.contains_key("temperature"));
}

#[test]
fn calls_are_made_only_when_that_was_chosen_and_what_destroys_only_when_ticked() {
    let fields = [
        ("model", "gpt-4o-mini"),
        ("temperature", "0.5"),
        ("calls", "made"),
        ("allowed", "files/delete"),
    ];
    let request = form(&fields)
        .request(TraceId([1; 16]), &recording(), &Dangers::default())
        .unwrap();
    assert_eq!(request.rest["temperature"], 0.5);
    let replay = replay(&request);
    assert_eq!(replay.model.as_deref(), Some("gpt-4o-mini"));
    let allowed = vec!["files/delete".to_owned()];
    assert_eq!(replay.calls, Calls::Made { allowed });
}

#[test]
fn a_form_that_cannot_be_sent_says_why() {
    let mut form = form(&[("model", ""), ("temperature", "hot")]);
    assert_eq!(
        form.request(TraceId([1; 16]), &recording(), &Dangers::default()),
        None
    );
    assert!(!form.problem("model").is_empty());
    assert!(!form.problem("temperature").is_empty());
    assert_eq!(form.problem("calls"), "");
}

#[test]
fn a_message_is_added_where_it_was_asked_for_and_nothing_typed_is_lost() {
    let fields = [("message-1", "1 + 1?"), ("model", "gpt-4o")];
    let mut form = form(&fields);
    let next = form.messages.change(Change::Add(1), &recording());
    assert_eq!(next, 1);
    form.messages.0[1].text = "Briefly.".to_owned();
    let fields = [
        (SAID, "0"),
        (SAID, "added"),
        ("role-1", "system"),
        ("message-1", "Briefly."),
        (SAID, "1"),
        ("message-2", "1 + 1?"),
        ("model", "gpt-4o"),
    ];
    let mut read = read(&fields, &recording());
    assert_eq!(read.messages.0[2], form.messages.0[2]);
    let request = read
        .request(TraceId([1; 16]), &recording(), &Dangers::default())
        .unwrap();
    let expected = [
        Message::text(Role::System, "Add."),
        Message::text(Role::System, "Briefly."),
        Message::text(Role::User, "1 + 1?"),
    ];
    assert_eq!(request.messages, expected);
}

#[test]
fn a_call_goes_with_its_results_and_never_without_them() {
    let recording = with_calls();
    let none: [&str; 0] = [];
    assert_eq!(changed(&recording, &[Change::Remove(2)]), ["0", "1"]);
    // A result alone stays, and nothing comes between it and its call.
    for place in [3, 4] {
        let all = ["0", "1", "2", "3", "4"];
        assert_eq!(changed(&recording, &[Change::Remove(place)]), all);
        let added = changed(&recording, &[Change::Add(place)]);
        assert_eq!(added, ["0", "1", "2", "3", "4", "added"]);
    }
    assert_eq!(changed(&recording, &[Change::Remove(0); 3]), none);
    // What no button says changes nothing.
    assert_eq!(changed(&recording, &[Change::Remove(9)]).len(), 5);
    assert_eq!(Change::read("remove-x"), None);
    assert_eq!(
        Change::read(&Change::Add(7).to_string()),
        Some(Change::Add(7))
    );
}

#[test]
fn added_messages_say_something_and_somebody_asks() {
    let mut silent = form(&[(SAID, "added"), ("message-2", " "), ("model", "gpt-4o")]);
    assert_eq!(
        silent.request(TraceId([1; 16]), &recording(), &Dangers::default()),
        None
    );
    assert!(!silent.problem("message-2").is_empty());
    let mut nobody = read(&[(SAID, "0"), ("model", "gpt-4o")], &recording());
    assert_eq!(
        nobody.request(TraceId([1; 16]), &recording(), &Dangers::default()),
        None
    );
    assert!(!nobody.problem(SAID).is_empty());
}

#[test]
fn a_real_replay_wants_a_tick_for_each_tool_that_destroys_something() {
    let dangers = Dangers::of_tools(&["files/delete", "mail/send"]);
    let real = [
        ("model", "gpt-4o"),
        ("calls", "made"),
        (ALLOWED, "files/delete"),
    ];
    let request = |more: &[(&str, &str)]| {
        let mut form = form(&[&real, more].concat());
        let request = form.request(TraceId([1; 16]), &recording(), &dangers);
        (request.as_ref().map(replay), form.problem(ALLOWED))
    };
    let (refused, problem) = request(&[]);
    assert_eq!(refused, None);
    assert!(!problem.is_empty());
    let both = vec!["files/delete".to_owned(), "mail/send".to_owned()];
    let (ticked, _) = request(&[(ALLOWED, "mail/send")]);
    assert_eq!(ticked.unwrap().calls, Calls::Made { allowed: both });
    // Who says so goes without the other.
    let allowed = vec!["files/delete".to_owned()];
    let (without, _) = request(&[(LEAVES_OUT, "yes")]);
    assert_eq!(without.unwrap().calls, Calls::Made { allowed });
    // What calls nothing needs no tick.
    let mut dry = form(&[("model", "gpt-4o")]);
    assert!(
        dry.request(TraceId([1; 16]), &recording(), &dangers)
            .is_some()
    );
}
