use super::*;

#[test]
fn the_log_forgets_its_oldest_changes_and_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("resources.db")).unwrap();
    let place = Place::of_namespace("a");
    let scope = EventScope {
        group: String::new(),
        plural: place.plural.clone(),
        namespace: None,
    };
    let (oldest, remembered, latest) = store
        .write(Durability::Keep, |tx| {
            for _ in 0..9_000 {
                tx.put(&place, None, json!({"metadata": {"uid": "u"}}))?;
            }
            let oldest = tx.oldest_replayable()?;
            let remembered = tx.events(&scope, oldest, u32::MAX)?;
            Ok((oldest, remembered, tx.latest()?))
        })
        .unwrap();
    assert!(oldest > 1, "nothing was forgotten");
    let versions: Vec<i64> = remembered.iter().map(|event| event.version).collect();
    assert_eq!(versions, (oldest + 1..=latest).collect::<Vec<_>>());
}

#[test]
fn a_database_of_a_later_version_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("resources.db");
    let later = Connection::open(&path).unwrap();
    later.pragma_update(None, "user_version", 99).unwrap();
    drop(later);
    let opened = Store::open(&path).map(drop);
    assert!(matches!(opened, Err(OpenError::Newer { found: 99, .. })));
}
