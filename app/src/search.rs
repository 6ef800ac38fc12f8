//! What a search finds, as the server says it and the palette shows it.

use serde::{Deserialize, Serialize};

/// Something to open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// What it is one of, such as "Agents".
    pub group: String,
    /// Its name.
    pub label: String,
    /// What tells it from others of the name.
    pub detail: String,
    /// Where it is.
    pub href: String,
}
