use api::{
    chat::{ErrorDetail, Usage},
    run::{RunEvent, RunEventKind},
};
use serde_json::json;

use super::{Input, RunState, Status, StepState, one_line};

fn event(path: &[&str], kind: RunEventKind) -> Input {
    Input::Event(Box::new(RunEvent {
        seq: 1,
        at_ms: 0,
        agent: "coordinator".to_owned(),
        path: path.iter().map(|span| (*span).to_owned()).collect(),
        kind,
    }))
}

fn started() -> Input {
    event(
        &[],
        RunEventKind::RunStarted {
            run_id: "run".to_owned(),
            trace_id: "trace".to_owned(),
            session_id: "session".to_owned(),
            span_id: "loop".to_owned(),
        },
    )
}

fn model(path: &[&str], span: &str) -> Input {
    event(
        path,
        RunEventKind::ModelStarted {
            model: "gpt-4o".to_owned(),
            span_id: span.to_owned(),
        },
    )
}

fn delegate(path: &[&str], target: &str, span: &str) -> Input {
    event(
        path,
        RunEventKind::DelegateStarted {
            target: target.to_owned(),
            task: "look".to_owned(),
            span_id: span.to_owned(),
        },
    )
}

fn tool(path: &[&str], name: &str, span: &str) -> Input {
    event(
        path,
        RunEventKind::ToolStarted {
            name: name.to_owned(),
            arguments: json!({"query": "chips"}),
            span_id: span.to_owned(),
        },
    )
}

fn run(inputs: impl IntoIterator<Item = Input>) -> RunState {
    let from = RunState::default();
    inputs
        .into_iter()
        .fold(from, |state, input| state.after(input, 100))
}

fn outline(state: &RunState) -> Vec<String> {
    let steps = state.steps.iter();
    steps
        .map(|step| format!("{}{}", " ".repeat(step.depth), step.title))
        .collect()
}

fn words(text: &str) -> RunEventKind {
    RunEventKind::MessageDelta {
        text: text.to_owned(),
    }
}

#[test]
fn a_run_read_from_its_log_says_the_same_as_its_stream() {
    let state = run([
        started(),
        event(&[], words("two ")),
        event(&[], words("words")),
    ]);
    assert_eq!(state.answer, "two words");
}

#[test]
fn a_run_that_is_cut_off_is_read_on_and_one_that_ended_is_not() {
    let broken = Input::Broken(ErrorDetail::default());
    assert_eq!(
        run([]).to_resume(&broken),
        None,
        "there is nothing to ask for"
    );
    let going = run([started(), Input::Text("half".to_owned())]);
    assert_eq!(going.to_resume(&broken).as_deref(), Some("run"));
    assert_eq!(going.to_resume(&Input::Ended).as_deref(), Some("run"));
    let finished = RunEventKind::RunFinished {
        finish_reason: "stop".to_owned(),
        usage: Usage::default(),
        duration_ms: 5,
    };
    let finished = run([started(), event(&[], finished)]);
    assert_eq!(finished.to_resume(&Input::Ended), None);
    assert_eq!(run([started(), Input::Stopped]).to_resume(&broken), None);
}

#[test]
fn a_run_that_somebody_else_stopped_is_stopped() {
    let cancelled = RunEventKind::RunError {
        error: "Cancelled".to_owned(),
        message: "the run was cancelled".to_owned(),
    };
    assert_eq!(
        run([started(), event(&[], cancelled)]).status,
        Status::Stopped
    );
}

#[test]
fn the_trace_is_known_as_soon_as_the_run_starts() {
    let state = run([started()]);
    assert_eq!(state.status, Status::Running);
    assert_eq!(state.trace_id.as_deref(), Some("trace"));
    assert_eq!(state.session_id.as_deref(), Some("session"));
}

#[test]
fn steps_of_parallel_delegations_stay_under_their_own_delegation() {
    let state = run([
        started(),
        delegate(&[], "researcher", "d1"),
        delegate(&[], "researcher", "d2"),
        model(&["d1"], "m1"),
        model(&["d2"], "m2"),
        tool(&["d1"], "web_search", "t1"),
        model(&[], "m3"),
    ]);
    let expected = [
        "researcher",
        " gpt-4o",
        " web_search",
        "researcher",
        " gpt-4o",
        "gpt-4o",
    ];
    assert_eq!(outline(&state), expected);
}

#[test]
fn a_finished_tool_keeps_its_arguments_and_shows_its_result() {
    let finished = RunEventKind::ToolFinished {
        name: "web_search".to_owned(),
        span_id: "t1".to_owned(),
        result: "found".to_owned(),
        duration_ms: 12,
    };
    let state = run([tool(&[], "web_search", "t1"), event(&[], finished)]);
    let step = &state.steps[0];
    assert_eq!(step.state, StepState::Done);
    assert_eq!(step.detail, r#"{"query":"chips"}"#);
    assert_eq!(
        (step.outcome.as_str(), step.duration_ms),
        ("found", Some(12))
    );
}

#[test]
fn a_model_that_fails_says_what_is_done_about_it_and_the_failure_can_be_read_later() {
    let retrying = RunEventKind::ModelRetrying {
        span_id: "m1".to_owned(),
        model: "gpt-4o".to_owned(),
        attempt: 2,
        wait_ms: 2_000,
        status: Some(429),
        error: "too many requests".to_owned(),
    };
    let fallback = RunEventKind::ModelFallback {
        span_id: "m1".to_owned(),
        from: "gpt-4o".to_owned(),
        to: "gpt-4o-mini".to_owned(),
        status: None,
        error: "it did not begin to answer".to_owned(),
    };
    let finished = RunEventKind::ModelFinished {
        span_id: "m1".to_owned(),
        usage: Usage::default(),
        duration_ms: 2_500,
        calls: 0,
    };
    let state = run([model(&[], "m1"), event(&[], retrying)]);
    let again = "answered 429, asking again in 2.00 s";
    assert_eq!(state.steps[0].detail, again);
    assert_eq!(state.steps[0].state, StepState::Running);
    let state = state.after(event(&[], fallback), 100);
    let instead = "failed, asking gpt-4o-mini instead";
    assert_eq!(state.steps[0].detail, instead);
    let state = state.after(event(&[], finished), 100);
    let step = &state.steps[0];
    assert_eq!(
        (step.title.as_str(), step.detail.as_str()),
        ("gpt-4o-mini", "answered")
    );
    let read = format!("{again}: too many requests\n{instead}: it did not begin to answer");
    assert_eq!(step.outcome, read);
}

#[test]
fn stopping_cancels_open_steps_and_keeps_what_was_said() {
    let state = run([
        started(),
        model(&[], "m1"),
        Input::Text("NVIDIA holds".to_owned()),
        Input::Stopped,
        Input::Ended,
    ]);
    assert_eq!(state.status, Status::Stopped);
    assert_eq!(state.steps[0].state, StepState::Cancelled);
    assert_eq!(state.answer, "NVIDIA holds");
}

#[test]
fn an_error_chunk_ends_the_run_and_brings_its_trace() {
    let error = ErrorDetail {
        message: "the model cannot be reached".to_owned(),
        trace_id: Some("t".to_owned()),
        ..ErrorDetail::default()
    };
    let state = run([Input::Failed(error.clone()), Input::Ended]);
    assert_eq!(state.status, Status::Failed(error));
    assert_eq!(state.trace_id.as_deref(), Some("t"));
}

#[test]
fn the_error_chunk_says_more_than_the_event_before_it() {
    let event = event(
        &[],
        RunEventKind::RunError {
            error: "ModelError".to_owned(),
            message: "failed".to_owned(),
        },
    );
    let error = ErrorDetail {
        message: "the model cannot be reached".to_owned(),
        ..ErrorDetail::default()
    };
    let state = run([started(), event, Input::Failed(error.clone()), Input::Ended]);
    assert_eq!(state.status, Status::Failed(error));
    assert_eq!(state.trace_id.as_deref(), Some("trace"));
}

#[test]
fn a_failed_sub_agent_does_not_end_the_run() {
    let error = |path: &[&str]| {
        let kind = RunEventKind::RunError {
            error: "timeout".to_owned(),
            message: "too slow".to_owned(),
        };
        event(path, kind)
    };
    let state = run([started(), delegate(&[], "researcher", "d1"), error(&["d1"])]);
    assert_eq!(state.status, Status::Running);
    assert!(matches!(
        state.after(error(&[]), 0).status,
        Status::Failed(_)
    ));
}

#[test]
fn a_stream_that_ends_without_an_answer_has_failed() {
    assert!(matches!(
        run([started(), Input::Ended]).status,
        Status::Failed(_)
    ));
}

#[test]
fn a_sub_agents_words_are_shown_at_its_delegation_and_not_in_the_answer() {
    let words = RunEventKind::MessageDelta {
        text: "two results".to_owned(),
    };
    let state = run([delegate(&[], "researcher", "d1"), event(&["d1"], words)]);
    assert_eq!(state.steps[0].outcome, "two results");
    assert_eq!(state.answer, "");
}

#[test]
fn the_counts_are_those_of_all_agents() {
    let step = |path: &[&str]| {
        let kind = RunEventKind::StepStarted {
            step: 1,
            max_steps: 5,
            span_id: "s".to_owned(),
        };
        event(path, kind)
    };
    let finished = RunEventKind::RunFinished {
        finish_reason: "stop".to_owned(),
        usage: Usage {
            total_tokens: 8412,
            ..Usage::default()
        },
        duration_ms: 15_200,
    };
    let state = run([
        started(),
        step(&[]),
        model(&[], "m1"),
        delegate(&[], "researcher", "d1"),
        step(&["d1"]),
        tool(&["d1"], "web_search", "t1"),
        event(&[], finished),
    ]);
    let counts = state.counts();
    assert_eq!(
        (counts.steps, counts.model_calls, counts.tool_calls),
        (2, 1, 1)
    );
    let words = "2 steps · 1 model call · 1 tool · 1 delegation · 15.2 s · 8,412 tokens";
    assert_eq!(counts.words(), words);
}

#[test]
fn long_text_is_put_on_one_line_and_cut_between_characters() {
    assert_eq!(one_line("a\n  b"), "a b");
    let line = one_line(&"ä".repeat(500));
    assert_eq!(line.chars().count(), 161);
    assert!(line.ends_with('…'));
}
