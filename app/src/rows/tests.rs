//! Lists follow the messages of the live socket.

use serde_json::json;

use super::*;

fn agent(name: &str, phase: &str) -> Value {
    json!({
        "metadata": {"name": name, "creationTimestamp": "2026-01-02T10:42:07Z"},
        "spec": {"modelAPI": "llm-proxy", "model": "mock/plain", "mcpServers": ["calculator"]},
        "status": {"phase": phase, "message": "model API llm-proxy is not ready"}
    })
}

fn message(op: LiveOp, data: Value) -> LiveMessage {
    LiveMessage {
        topic: "k8s/default/agents".to_owned(),
        seq: 1,
        op,
        data,
    }
}

fn names(rows: &[AgentRow]) -> Vec<&str> {
    rows.iter().map(Row::name).collect()
}

#[test]
fn an_object_without_status_is_pending() {
    let row = AgentRow::of(&json!({"metadata": {"name": "a"}})).unwrap();
    assert_eq!(row.state, State::default());
    assert_eq!(row.state.phase, Phase::Pending);
}

#[test]
fn a_reason_is_shown_whatever_the_phase() {
    // Ready may say what it does without, such as the tools of a server that failed.
    for phase in ["Ready", "Waiting"] {
        let state = State::of(&agent("a", phase));
        assert_eq!(state.reason, "model API llm-proxy is not ready");
    }
}

#[test]
fn a_new_object_takes_its_place_by_name_and_a_changed_one_keeps_it() {
    let mut rows = Vec::new();
    for name in ["b", "c", "a"] {
        apply::<AgentRow>(&mut rows, &message(LiveOp::Upsert, agent(name, "Pending")));
    }
    apply(&mut rows, &message(LiveOp::Upsert, agent("b", "Ready")));
    assert_eq!(names(&rows), ["a", "b", "c"]);
    assert_eq!(rows[1].state.phase, Phase::Ready);
}

#[test]
fn a_deleted_object_leaves_and_a_snapshot_replaces_everything() {
    let mut rows = vec![AgentRow::of(&agent("old", "Ready")).unwrap()];
    let both = json!([agent("b", "Ready"), agent("a", "Ready")]);
    apply(&mut rows, &message(LiveOp::Snapshot, both));
    assert_eq!(names(&rows), ["a", "b"]);
    apply(&mut rows, &message(LiveOp::Delete, agent("a", "Ready")));
    assert_eq!(names(&rows), ["b"]);
}

#[test]
fn troubles_show_what_failed_first_and_lose_what_became_ready() {
    let mut troubles = Vec::new();
    for (name, phase) in [("a", "Pending"), ("b", "Failed"), ("c", "Ready")] {
        let message = message(LiveOp::Upsert, agent(name, phase));
        apply_trouble(&mut troubles, "agents", &message);
    }
    let names: Vec<_> = troubles.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
    let ready = message(LiveOp::Upsert, agent("b", "Ready"));
    apply_trouble(&mut troubles, "agents", &ready);
    assert_eq!(troubles.len(), 1);
}

#[test]
fn a_message_about_another_object_says_nothing_of_this_one() {
    let upsert = message(LiveOp::Upsert, agent("a", "Ready"));
    assert!(object_in(&upsert, "a").is_some());
    assert!(object_in(&upsert, "b").is_none());
}
