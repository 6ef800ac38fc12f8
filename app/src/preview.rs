//! What a form would do, as the server says it and the page shows it.

use api::{functions::Function, validation::FieldError};
use serde::{Deserialize, Serialize};

use crate::diff::DiffLine;

/// What sending the form now would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// The object, without secrets.
    pub yaml: String,
    /// What of it is different from the one there is; nothing for a new one.
    pub diff: Vec<DiffLine>,
    /// A command that does the same.
    pub command: String,
    /// The functions in it, each of which becomes a tool.
    pub functions: Vec<Function>,
    /// Everything that is wrong, by our rules and by those of the API.
    pub errors: Vec<Problem>,
    /// What is worth knowing before.
    pub notes: Vec<String>,
}

/// Something that is wrong, and the field of the form it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Id of the field; none when the form has none for it.
    pub field: Option<String>,
    /// What the field is called, or its path in the object.
    pub label: String,
    /// What is wrong with it.
    pub message: String,
}

impl Problem {
    /// An error, as the form of a kind shows it.
    pub fn of(kind: crate::kinds::Kind, error: &FieldError) -> Self {
        let field = crate::forms::field_at(kind, &error.field);
        Self {
            field: field.map(|field| field.id.to_owned()),
            label: field.map_or_else(|| error.field.clone(), |field| field.label.to_owned()),
            message: error.message.clone(),
        }
    }

    /// The whole sentence.
    pub fn words(&self) -> String {
        format!("{} {}", self.label, self.message).trim().to_owned()
    }
}
