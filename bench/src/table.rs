//! What was measured, and what was to be reached.

use std::fmt;

/// One line of the table.
pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) measured: String,
    pub(crate) target: Target,
}

/// What a number is to be.
pub(crate) enum Target {
    /// It only helps to understand the others.
    None,
    /// It says in words what is to be reached, and it is or is not.
    Wanted { what: &'static str, reached: bool },
}

impl Row {
    /// A number without a target.
    pub(crate) fn plain(what: &'static str, measured: impl Into<String>) -> Self {
        Self {
            what,
            measured: measured.into(),
            target: Target::None,
        }
    }

    /// Whether its target, if it has one, is missed.
    pub(crate) fn is_missed(&self) -> bool {
        matches!(self.target, Target::Wanted { reached: false, .. })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            measured,
            target,
        } = self;
        write!(f, "{what:<58} {measured:>22}")?;
        match target {
            Target::None => Ok(()),
            Target::Wanted {
                what,
                reached: true,
            } => write!(f, "   {what}: reached"),
            Target::Wanted {
                what,
                reached: false,
            } => write!(f, "   {what}: MISSED"),
        }
    }
}
