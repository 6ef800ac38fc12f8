use serde_json::json;

use super::*;

fn by(manager: &str, force: Force) -> Application<'_> {
    Application {
        manager,
        force,
        part: Part::Main,
        now: Timestamp::UNIX_EPOCH,
    }
}

fn apply(live: &Value, config: &Value, manager: &str) -> Result<Value, Refusal> {
    applied(live, config, &by(manager, Force::Refuse))
}

fn empty() -> Value {
    json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "Agent", "metadata": {"name": "a"}})
}

#[test]
fn what_a_manager_no_longer_sends_goes_and_what_others_wrote_stays() {
    let first = json!({"spec": {"model": "m", "config": {"description": "d"}, "tools": ["a"]}});
    let live = apply(&empty(), &first, "ann").unwrap();
    let theirs = json!({"metadata": {"labels": {"team": "blue"}}});
    let live = apply(&live, &theirs, "bob").unwrap();
    let live = apply(&live, &json!({"spec": {"model": "n"}}), "ann").unwrap();
    assert_eq!(live["spec"], json!({"model": "n"}));
    assert_eq!(live["metadata"]["labels"], json!({"team": "blue"}));
}

#[test]
fn a_field_of_another_manager_is_a_conflict_unless_forced() {
    let live = apply(&empty(), &json!({"spec": {"model": "m"}}), "ann").unwrap();
    let other = json!({"spec": {"model": "n"}});
    let refusal = apply(&live, &other, "bob").unwrap_err();
    assert_eq!(
        refusal.message(),
        "Apply failed with 1 conflict: conflict with \"ann\": .spec.model"
    );
    let live = applied(&live, &other, &by("bob", Force::Take)).unwrap();
    assert_eq!(live["spec"]["model"], "n");
    // The field is bob's now, so ann gives nothing up by leaving it out.
    let live = apply(&live, &json!({"spec": {}}), "ann").unwrap();
    assert_eq!(live["spec"]["model"], "n");
}

#[test]
fn agreeing_managers_share_a_field() {
    let config = json!({"spec": {"model": "m"}});
    let live = apply(&empty(), &config, "ann").unwrap();
    let live = apply(&live, &config, "bob").unwrap();
    let live = apply(&live, &json!({}), "ann").unwrap();
    assert_eq!(live["spec"]["model"], "m");
    let live = apply(&live, &json!({}), "bob").unwrap();
    assert_eq!(live.get("spec"), None);
}

#[test]
fn an_update_takes_the_field_from_its_owners() {
    let live = apply(
        &empty(),
        &json!({"spec": {"model": "m", "steps": 1}}),
        "ann",
    )
    .unwrap();
    let mut changed = live.clone();
    changed["spec"]["model"] = json!("n");
    disown_changed(&live, &mut changed);
    let live = apply(&changed, &json!({"spec": {"steps": 1}}), "ann").unwrap();
    assert_eq!(live["spec"], json!({"model": "n", "steps": 1}));
}
