//! Deleting: what waits for its finalizers, what goes at once, and what goes with it.
//!
//! Three things take others along: an owner its dependents, a namespace all that lives in it, and a
//! definition all objects of its kind. The last two wait until they are empty. All of it happens in
//! the transaction of the deletion, so nobody sees a dependent without its owner.

use std::collections::{HashSet, VecDeque};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    object,
    store::{Place, Result, Tx},
};

/// What came of a deletion.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// The object is gone; this is what it last was.
    Gone(Value),
    /// It waits for its finalizers or for what it contains.
    Waiting(Value),
}

/// Whether dependents go with their owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dependents {
    /// They go.
    Delete,
    /// They stay and forget their owner.
    Orphan,
}

/// Deletes an object, and whatever goes with it. `None` when there is no object.
pub(crate) fn delete(
    tx: &Tx<'_>,
    place: &Place,
    dependents: Dependents,
    now: Timestamp,
) -> Result<Option<Outcome>> {
    let Some(object) = tx.get(place)? else {
        return Ok(None);
    };
    if dependents == Dependents::Orphan {
        orphan(tx, object::uid(&object))?;
    }
    let mut removed = None;
    let mut queue = VecDeque::from([place.clone()]);
    let mut containers = HashSet::new();
    loop {
        while let Some(next) = queue.pop_front() {
            let Some(object) = step(tx, &next, now, &mut queue)? else {
                continue;
            };
            containers.extend(containers_of(&next));
            if next == *place {
                removed = Some(object);
            }
        }
        // Whatever waited only for its contents can go now.
        for container in containers.drain() {
            if tx
                .get(&container)?
                .is_some_and(|it| object::is_deleting(&it))
                && contents(tx, &container)?.is_empty()
            {
                queue.push_back(container);
            }
        }
        if queue.is_empty() {
            break;
        }
    }
    if let Some(object) = removed {
        return Ok(Some(Outcome::Gone(object)));
    }
    Ok(tx.get(place)?.map(Outcome::Waiting))
}

/// Takes one object a step further out. Returns it if it is gone now.
fn step(
    tx: &Tx<'_>,
    place: &Place,
    now: Timestamp,
    queue: &mut VecDeque<Place>,
) -> Result<Option<Value>> {
    let Some(object) = tx.get(place)? else {
        return Ok(None);
    };
    let contents = contents(tx, place)?;
    if object::has_finalizers(&object) || !contents.is_empty() {
        if !object::is_deleting(&object) {
            tx.put(place, Some(&object), marked(object.clone(), place, now))?;
        }
        queue.extend(contents);
        return Ok(None);
    }
    let removed = tx.remove(place, object)?;
    for dependent in tx.places_owned_by(object::uid(&removed))? {
        if is_ownerless(tx, &dependent)? {
            queue.push_back(dependent);
        }
    }
    Ok(Some(removed))
}

/// The object with the marks of one that is on its way out.
fn marked(mut object: Value, place: &Place, now: Timestamp) -> Value {
    let metadata = object::metadata_mut(&mut object);
    metadata.insert("deletionTimestamp".to_owned(), json!(object::time(now)));
    metadata.insert("deletionGracePeriodSeconds".to_owned(), json!(0));
    if let Some(generation) = metadata.get("generation").and_then(Value::as_i64) {
        metadata.insert("generation".to_owned(), json!(generation + 1));
    }
    if place.is_namespace() {
        object["status"] = json!({"phase": "Terminating"});
    }
    object
}

fn contents(tx: &Tx<'_>, place: &Place) -> Result<Vec<Place>> {
    if place.is_namespace() {
        return tx.places_in_namespace(&place.name);
    }
    if place.is_definition()
        && let Some((plural, group)) = place.name.split_once('.')
    {
        return tx.places_of_kind(group, plural);
    }
    Ok(Vec::new())
}

fn containers_of(place: &Place) -> impl Iterator<Item = Place> {
    let namespace = (!place.namespace.is_empty()).then(|| Place::of_namespace(&place.namespace));
    namespace.into_iter().chain([place.of_definition()])
}

fn is_ownerless(tx: &Tx<'_>, place: &Place) -> Result<bool> {
    let Some(object) = tx.get(place)? else {
        return Ok(false);
    };
    for owner in object::owners(&object) {
        if tx.has_uid(owner)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn orphan(tx: &Tx<'_>, owner: &str) -> Result<()> {
    for place in tx.places_owned_by(owner)? {
        let Some(object) = tx.get(&place)? else {
            continue;
        };
        let mut orphaned = object.clone();
        let metadata = object::metadata_mut(&mut orphaned);
        if let Some(owners) = metadata
            .get_mut("ownerReferences")
            .and_then(Value::as_array_mut)
        {
            owners.retain(|reference| reference["uid"] != json!(owner));
        }
        tx.put(&place, Some(&object), orphaned)?;
    }
    Ok(())
}
