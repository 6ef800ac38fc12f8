//! How long to wait before trying a failed reconcile again: longer each time, never very long.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use api::plan::ResourceId;

use crate::Kind;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);

/// How often each resource has failed in a row.
#[derive(Default)]
pub(crate) struct Retries(Mutex<HashMap<(Kind, ResourceId), u32>>);

impl Retries {
    /// Counts a failure and says how long to wait.
    pub(crate) fn after_failure(&self, kind: Kind, id: ResourceId) -> Duration {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let n_before = failures.entry((kind, id)).or_default();
        let delay = FIRST.saturating_mul(2_u32.saturating_pow(*n_before));
        *n_before = n_before.saturating_add(1);
        delay.min(LONGEST)
    }

    /// Starts counting from zero.
    pub(crate) fn forget(&self, kind: Kind, id: ResourceId) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(&(kind, id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_in_a_row_doubles_the_wait_up_to_a_limit() {
        let retries = Retries::default();
        let id = ResourceId::new("team", "analyst");
        let waits: Vec<_> = (0..9)
            .map(|_| retries.after_failure(Kind::Agent, id.clone()).as_millis())
            .collect();
        assert_eq!(
            waits,
            [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]
        );

        retries.forget(Kind::Agent, id.clone());
        assert_eq!(retries.after_failure(Kind::Agent, id), FIRST);
    }
}
