//! From fields to the object: what was changed, and nothing else.

use api::validation::FieldError;
use serde_json::{Map, Value};

use super::{FieldSpec, Holds, Values, fields, values, words};
use crate::kinds::Kind;

/// A place of the object and its new value; none removes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The field it comes from.
    pub id: &'static str,
    /// The place, as a JSON pointer.
    pub path: String,
    /// What is there from now on.
    pub value: Option<Value>,
}

/// What was changed between `drawn` and `posted`, for an object that is `live` now.
pub fn changes(
    kind: Kind,
    drawn: &Values,
    posted: &Values,
    live: &Value,
) -> Result<Vec<Change>, Vec<FieldError>> {
    let mut changes = Vec::new();
    let mut errors = Vec::new();
    for field in fields(kind).filter(|field| posted.asks(field)) {
        let text = posted.get(field.id);
        if is_same(field, drawn.get(field.id), text) {
            continue;
        }
        let place = values::place(field, live);
        match words::read(field, text, live.pointer(place)) {
            Ok(value) if field.holds == Holds::Rest => {
                let before = values::rest(kind, live);
                let mut rest = Rest {
                    id: field.id,
                    live,
                    changes: &mut changes,
                };
                rest.compare("/spec", &before, value.as_ref());
            }
            Ok(value) => changes.push(Change {
                id: field.id,
                path: place.to_owned(),
                value,
            }),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(changes)
    } else {
        Err(errors)
    }
}

/// Line ends and blanks at the end of a text are no change.
fn is_same(field: &FieldSpec, drawn: &str, posted: &str) -> bool {
    let plain = |text: &str| words::with_newlines(text).trim_end().to_owned();
    match field.holds {
        // Which boxes are ticked matters, not where they stand.
        Holds::PickMany(_) => {
            let sorted = |text: &str| {
                let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
                lines.sort();
                lines
            };
            sorted(drawn) == sorted(posted)
        }
        _ => plain(drawn) == plain(posted),
    }
}

/// What no field holds, before and after.
struct Rest<'a> {
    id: &'static str,
    live: &'a Value,
    changes: &'a mut Vec<Change>,
}

impl Rest<'_> {
    /// Notes every place below `path` at which the two differ.
    fn compare(&mut self, path: &str, before: &Value, after: Option<&Value>) {
        let empty = Map::new();
        let old = before.as_object().unwrap_or(&empty);
        let new = after.and_then(Value::as_object).unwrap_or(&empty);
        for (key, value) in old.iter().filter(|(key, _)| !new.contains_key(*key)) {
            let path = format!("{path}/{key}");
            if self.live.pointer(&path) == Some(value) {
                self.note(path, None);
            } else {
                // Fields of the form are in there too, and stay.
                self.compare(&path, value, None);
            }
        }
        for (key, value) in new {
            let path = format!("{path}/{key}");
            match old.get(key) {
                Some(same) if same == value => {}
                Some(before) if before.is_object() && value.is_object() => {
                    self.compare(&path, before, Some(value));
                }
                Some(_) | None => self.note(path, Some(value.clone())),
            }
        }
    }

    fn note(&mut self, path: String, value: Option<Value>) {
        self.changes.push(Change {
            id: self.id,
            path,
            value,
        });
    }
}

/// The changes as a JSON merge patch.
pub fn merge_patch(changes: &[Change]) -> Value {
    let mut patch = Value::Object(Map::new());
    for change in changes {
        let value = change.value.clone().unwrap_or(Value::Null);
        *entry(&mut patch, &change.path) = value;
    }
    patch
}

/// The object after the changes.
pub fn patched(mut object: Value, changes: &[Change]) -> Value {
    for change in changes {
        match &change.value {
            Some(value) => *entry(&mut object, &change.path) = value.clone(),
            None => {
                if let Some((parent, key)) = change.path.rsplit_once('/')
                    && let Some(Value::Object(map)) = object.pointer_mut(parent)
                {
                    map.remove(key);
                }
            }
        }
    }
    object
}

/// The place of a pointer, with every object on the way.
fn entry<'a>(object: &'a mut Value, pointer: &str) -> &'a mut Value {
    let mut place = object;
    for key in pointer.split('/').skip(1) {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[key];
    }
    place
}
