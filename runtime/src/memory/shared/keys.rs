//! The names of an agent's keys.

/// Names the keys of one agent.
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    /// The keys of the agent of this namespace and name.
    pub(super) fn of(agent: &str) -> Self {
        Self {
            prefix: format!("kaos:memory:{{{agent}}}"),
        }
    }

    /// A hash: `seq` numbers the events ever, `total` counts those that are kept.
    pub(super) fn counters(&self) -> String {
        format!("{}:counters", self.prefix)
    }

    /// A sorted set: sessions by the number of their last event.
    pub(super) fn sessions(&self) -> String {
        format!("{}:sessions", self.prefix)
    }

    /// What a session's id follows in the name of its list.
    pub(super) fn session_prefix(&self) -> String {
        format!("{}:session:", self.prefix)
    }

    /// A list: a session's events, each after its number, oldest first.
    pub(super) fn session(&self, session: &str) -> String {
        format!("{}{session}", self.session_prefix())
    }
}
