//! Lists follow the messages of the live socket.

use serde_json::json;

use super::*;

fn agent(name: &str, phase: &str) -> Value {
    json!({
        "metadata": {
            "name": name, "namespace": "team", "creationTimestamp": "2026-01-02T10:42:07Z",
            "labels": {"tier": "gold"}
        },
        "spec": {"modelAPI": "llm-proxy", "model": "mock/plain", "mcpServers": ["calculator"]},
        "status": {"phase": phase, "message": "model API llm-proxy is not ready"}
    })
}

fn message(op: LiveOp, data: Value) -> LiveMessage {
    LiveMessage {
        topic: "k8s/team/agents".to_owned(),
        seq: 1,
        op,
        data,
    }
}

fn apply_to(rows: &mut Vec<Row>, op: LiveOp, data: Value) {
    apply(rows, Kind::Agent, &message(op, data));
}

fn names(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.id.name.as_str()).collect()
}

#[test]
fn an_object_without_status_is_pending() {
    let object = json!({"metadata": {"name": "a", "namespace": "team"}});
    let row = Row::of(Kind::Agent, &object).unwrap();
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
fn a_changed_object_keeps_what_only_the_server_measured() {
    let mut rows = Row::all(Kind::Agent, &[agent("a", "Pending")]);
    let runs = columns(Kind::Agent)
        .iter()
        .position(|column| column.id == "runs");
    let runs = runs.unwrap();
    rows[0].cells[runs] = Cell::Number(7, "7".to_owned());
    apply_to(&mut rows, LiveOp::Upsert, agent("a", "Ready"));
    assert_eq!(rows[0].state.phase, Phase::Ready);
    assert_eq!(rows[0].cells[runs], Cell::Number(7, "7".to_owned()));
}

#[test]
fn objects_of_one_name_in_two_namespaces_are_two() {
    let mut other = agent("a", "Ready");
    other["metadata"]["namespace"] = "other".into();
    let mut rows = Row::all(Kind::Agent, &[agent("a", "Ready")]);
    apply_to(&mut rows, LiveOp::Upsert, other);
    assert_eq!(names(&rows), ["a", "a"]);
    apply_to(&mut rows, LiveOp::Delete, agent("a", "Ready"));
    assert_eq!(rows[0].id.namespace, "other");
}

#[test]
fn a_deleted_object_leaves_and_a_snapshot_removes_what_it_does_not_have() {
    let mut rows = Row::all(Kind::Agent, &[agent("old", "Ready"), agent("b", "Ready")]);
    let both = json!([agent("b", "Ready"), agent("a", "Ready")]);
    apply_to(&mut rows, LiveOp::Snapshot, both);
    assert_eq!(names(&rows), ["b", "a"]);
    apply_to(&mut rows, LiveOp::Delete, agent("a", "Ready"));
    assert_eq!(names(&rows), ["b"]);
    apply_to(&mut rows, LiveOp::Delete, agent("b", "Ready"));
    assert_eq!(rows, []);
}

#[test]
fn a_list_is_sorted_by_any_column_and_nothing_comes_last() {
    let objects = [
        agent("b", "Ready"),
        agent("a", "Failed"),
        agent("c", "Pending"),
    ];
    let mut rows = Row::all(Kind::Agent, &objects);
    let mut sorted = |by: &str| {
        Sort::parse(by).sort(Kind::Agent, &mut rows);
        names(&rows).join("")
    };
    assert_eq!(
        (sorted(""), sorted("-name")),
        ("abc".to_owned(), "cba".to_owned())
    );
    assert_eq!(sorted("status"), "acb");
    let p95 = columns(Kind::Agent)
        .iter()
        .position(|column| column.id == "p95");
    rows[0].cells[p95.unwrap()] = Cell::Nothing;
    for (row, number) in rows[1..].iter_mut().zip([20, 3]) {
        row.cells[p95.unwrap()] = Cell::Number(number, number.to_string());
    }
    Sort::parse("p95").sort(Kind::Agent, &mut rows);
    assert_eq!(names(&rows), ["b", "c", "a"]);
}

#[test]
fn a_heading_pressed_again_turns_the_order_around() {
    let sort = Sort::default().pressed("model");
    assert_eq!(sort.to_param(), "model");
    assert_eq!(sort.aria("model"), Some("ascending"));
    assert_eq!(sort.pressed("model").to_param(), "-model");
    assert_eq!(sort.pressed("model").aria("name"), None);
}

#[test]
fn a_filter_looks_at_names_models_tools_and_labels() {
    let row = Row::of(Kind::Agent, &agent("writer", "Ready")).unwrap();
    let keeps = |query: &[(&str, &str)]| {
        let pairs = query
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        ListView::of(&pairs.collect::<Vec<_>>()).keeps(&row)
    };
    for words in ["WRIT", "mock/", "calculator", "tier=gold", ""] {
        assert!(keeps(&[("q", words)]), "{words}");
    }
    assert!(!keeps(&[("q", "foo")]));
    assert!(keeps(&[("status", "Ready")]) && !keeps(&[("status", "Failed")]));
}

#[test]
fn the_address_of_a_view_has_only_what_is_unusual() {
    let pairs = [
        ("q", "a b"),
        ("sort", "-p95"),
        ("cols", "model,p95"),
        ("status", ""),
    ];
    let pairs = pairs.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let view = ListView::of(&pairs);
    assert_eq!(
        view.href("/ns/team/agents"),
        "/ns/team/agents?q=a%20b&sort=-p95&cols=model%2Cp95"
    );
    assert_eq!(ListView::default().href("/x"), "/x");
    assert!(view.shows("p95") && !view.shows("created"));
}

#[test]
fn troubles_show_what_failed_first_and_lose_what_became_ready() {
    let mut troubles = Vec::new();
    for (name, phase) in [("a", "Pending"), ("b", "Failed"), ("c", "Ready")] {
        let message = message(LiveOp::Upsert, agent(name, phase));
        apply_trouble(&mut troubles, Kind::Agent, &message);
    }
    let names: Vec<_> = troubles.iter().map(|one| one.id.name.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
    let ready = message(LiveOp::Upsert, agent("b", "Ready"));
    apply_trouble(&mut troubles, Kind::Agent, &ready);
    assert_eq!(troubles.len(), 1);
}

#[test]
fn a_message_about_another_object_says_nothing_of_this_one() {
    let upsert = message(LiveOp::Upsert, agent("a", "Ready"));
    assert!(object_in(&upsert, "a").is_some());
    assert!(object_in(&upsert, "b").is_none());
}
