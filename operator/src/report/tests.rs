use serde_json::json;

use super::*;

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn running(state: State) -> Outcome {
    Outcome::Applied {
        running: Running {
            state,
            endpoint: "http://127.0.0.1:3000/agents/team/analyst".to_owned(),
            tools: Vec::new(),
            warnings: Vec::new(),
        },
        without: Vec::new(),
    }
}

fn described(outcome: &Outcome, conditions: &[Condition], now: Timestamp) -> Common {
    let before = Before {
        conditions,
        generation: Some(3),
        now,
    };
    describe(outcome, &before)
}

fn find<'a>(common: &'a Common, kind: &str) -> &'a Condition {
    let found = common.conditions.iter().find(|found| found.kind == kind);
    found.unwrap()
}

#[test]
fn a_condition_keeps_its_time_until_its_status_changes() {
    let starting = described(&running(State::Starting), &[], time(10));
    assert_eq!(find(&starting, "Ready").last_transition_time, time(10));

    let still = described(&running(State::Starting), &starting.conditions, time(20));
    assert_eq!(still.conditions, starting.conditions);

    let ready = described(&running(State::Ready), &still.conditions, time(30));
    assert_eq!(find(&ready, "Ready").last_transition_time, time(30));
    assert_eq!(
        find(&ready, "DependenciesReady").last_transition_time,
        time(10)
    );
    assert_eq!(ready.phase, Phase::Ready);
    assert!(ready.ready);
    assert_eq!(ready.message, None);
    assert_eq!(ready.observed_generation, Some(3));
}

#[test]
fn times_are_kept_to_the_second() {
    let now = Timestamp::from_millisecond(10_750).unwrap();
    let common = described(&running(State::Ready), &[], now);
    assert_eq!(find(&common, "Ready").last_transition_time, time(10));
}

#[test]
fn waiting_says_for_all_it_waits() {
    let outcome = Outcome::Blocked(Blocked::Waiting(vec![
        Cause::new("ModelAPINotFound", "ModelAPI llm does not exist"),
        Cause::new("MCPServerNotFound", "MCPServer notes does not exist"),
    ]));
    let common = described(&outcome, &[], time(0));
    assert_eq!(common.phase, Phase::Waiting);
    assert!(!common.ready);
    assert_eq!(common.endpoint, None);
    let dependencies = find(&common, "DependenciesReady");
    assert_eq!(dependencies.status, "False");
    assert_eq!(dependencies.reason, "ModelAPINotFound");
    assert_eq!(
        dependencies.message,
        "ModelAPI llm does not exist; MCPServer notes does not exist"
    );
}

#[test]
fn serving_without_a_tool_is_ready_and_says_so() {
    let Outcome::Applied { running, .. } = running(State::Ready) else {
        unreachable!()
    };
    let cause = Cause::new("MCPServerFailed", "MCPServer notes is Failed");
    let outcome = Outcome::Applied {
        running,
        without: vec![cause],
    };
    let common = described(&outcome, &[], time(0));
    assert_eq!(common.phase, Phase::Ready);
    assert_eq!(common.message.as_deref(), Some("MCPServer notes is Failed"));
    assert_eq!(find(&common, "Ready").status, "True");
    assert_eq!(find(&common, "DependenciesReady").status, "False");
}

#[test]
fn an_invalid_spec_fails_with_each_field() {
    let errors = [
        FieldError {
            field: "spec.model".to_owned(),
            message: "is required".to_owned(),
        },
        FieldError {
            field: "spec.modelAPI".to_owned(),
            message: "is required".to_owned(),
        },
    ];
    let blocked = refuse_invalid(&errors).unwrap_err();
    let common = described(&Outcome::Blocked(blocked), &[], time(0));
    assert_eq!(common.phase, Phase::Failed);
    assert_eq!(
        common.message.as_deref(),
        Some("spec.model: is required; spec.modelAPI: is required")
    );
    assert_eq!(find(&common, "Ready").reason, "Invalid");
}

#[test]
fn a_merge_patch_holds_only_what_differs_and_removes_what_is_gone() {
    let before = json!({"phase": "Waiting", "message": "why", "linked": {"a": "1", "b": "2"}});
    let after = json!({"phase": "Ready", "linked": {"b": "2", "c": "3"}});
    assert_eq!(
        merge_patch(&before, &after),
        Some(json!({"phase": "Ready", "message": null, "linked": {"a": null, "c": "3"}}))
    );
    assert_eq!(merge_patch(&after, &after), None);
    assert_eq!(merge_patch(&json!({}), &json!({"generation": null})), None);
}
