//! Step 4: says what became of the model API. Pure.

use api::resources::ModelApiStatus;

use crate::report::{Before, Common, Outcome, describe};

/// The model API's status.
pub(super) fn build(outcome: &Outcome, before: &Before<'_>) -> ModelApiStatus {
    let Common {
        phase,
        ready,
        endpoint,
        message,
        conditions,
        observed_generation,
    } = describe(outcome, before);
    ModelApiStatus {
        phase,
        ready,
        endpoint,
        message,
        conditions,
        observed_generation,
    }
}
