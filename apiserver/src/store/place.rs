//! Where objects live.

use crate::kinds;

/// Where an object lives. The namespace of cluster-scoped objects is empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) group: String,
    pub(crate) plural: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Place {
    /// The place of a namespace itself.
    pub(crate) fn of_namespace(name: &str) -> Self {
        Self {
            group: String::new(),
            plural: kinds::NAMESPACES.to_owned(),
            namespace: String::new(),
            name: name.to_owned(),
        }
    }

    /// The place of the definition of the kind that lives here.
    pub(crate) fn of_definition(&self) -> Self {
        Self {
            group: kinds::DEFINITIONS_GROUP.to_owned(),
            plural: kinds::DEFINITIONS.to_owned(),
            namespace: String::new(),
            name: format!("{}.{}", self.plural, self.group),
        }
    }

    /// Whether this is a namespace.
    pub(crate) fn is_namespace(&self) -> bool {
        self.group.is_empty() && self.plural == kinds::NAMESPACES
    }

    /// Whether this is a definition of a kind.
    pub(crate) fn is_definition(&self) -> bool {
        self.group == kinds::DEFINITIONS_GROUP && self.plural == kinds::DEFINITIONS
    }
}
