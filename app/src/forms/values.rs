//! What the fields of a form hold, as they are posted.

use serde_json::Value;

use super::{FieldSpec, Holds, fields, words};
use crate::kinds::Kind;

/// Names and texts of fields. A field of several values has them in lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(Vec<(String, String)>);

impl Values {
    /// What the form of a kind shows of an object.
    pub fn of(kind: Kind, object: &Value) -> Self {
        let shown = |field: &FieldSpec| {
            let text = match field.holds {
                Holds::Rest => words::shown(field.holds, Some(&rest(kind, object))),
                holds => words::shown(holds, object.pointer(place(field, object))),
            };
            (field.id.to_owned(), text)
        };
        Self(fields(kind).map(shown).collect())
    }

    /// What was posted of a kind's form. Of several values with one name each is a line; a box that
    /// is not ticked is not posted.
    pub fn posted(kind: Kind, posted: &[(String, String)]) -> Self {
        let of = |field: &FieldSpec| {
            let values = posted.iter().filter(|(name, _)| name == field.id);
            let mut values: Vec<_> = values.map(|(_, value)| value.as_str()).collect();
            // The hidden value before a box says that the form has it.
            if matches!(field.holds, Holds::Switch(_)) && values.len() > 1 {
                values.remove(0);
            }
            values.retain(|value| !value.is_empty());
            (
                field.id.to_owned(),
                words::with_newlines(&values.join("\n")),
            )
        };
        Self(fields(kind).map(of).collect())
    }

    /// What a field holds; empty when there is none of it.
    pub fn get(&self, id: &str) -> &str {
        let found = self.0.iter().find(|(field, _)| field == id);
        found.map_or("", |(_, text)| text)
    }

    /// Fills a field in.
    pub fn set(&mut self, id: &str, text: impl Into<String>) {
        let text = text.into();
        match self.0.iter_mut().find(|(field, _)| field == id) {
            Some((_, old)) => *old = text,
            None => self.0.push((id.to_owned(), text)),
        }
    }

    /// Whether a field is asked for at all: what it depends on has the value for it.
    pub fn asks(&self, field: &FieldSpec) -> bool {
        field.when.is_none_or(|(id, value)| self.get(id) == value)
    }

    /// All of them as JSON, for the way through a page.
    pub fn to_json(&self) -> String {
        let pairs: serde_json::Map<_, _> = self
            .0
            .iter()
            .map(|(id, text)| (id.clone(), Value::from(text.as_str())))
            .collect();
        Value::from(pairs).to_string()
    }

    /// Reads what [`Self::to_json`] wrote.
    pub fn from_json(text: &str) -> Option<Self> {
        let pairs: serde_json::Map<String, Value> = serde_json::from_str(text).ok()?;
        let pairs = pairs.into_iter();
        Some(Self(
            pairs
                .filter_map(|(id, text)| Some((id, text.as_str()?.to_owned())))
                .collect(),
        ))
    }
}

/// Where the object has the field: at its place, or at the other one of the same meaning.
pub(super) fn place(field: &FieldSpec, object: &Value) -> &'static str {
    match field.alias {
        Some(alias) if object.pointer(alias).is_some() => alias,
        Some(_) | None => field.path,
    }
}

/// The spec without everything that another field holds.
pub(super) fn rest(kind: Kind, object: &Value) -> Value {
    let mut object = object.clone();
    for field in fields(kind).filter(|field| field.holds != Holds::Rest) {
        let place = place(field, &object);
        remove(&mut object, place);
    }
    object["spec"].take()
}

/// Removes what is at a place, and what is empty without it.
fn remove(object: &mut Value, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else {
        return;
    };
    if let Some(Value::Object(map)) = object.pointer_mut(parent) {
        map.remove(key);
        if map.is_empty() && parent != "/spec" && !parent.is_empty() {
            remove(object, parent);
        }
    }
}
