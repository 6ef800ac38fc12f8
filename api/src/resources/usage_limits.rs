//! How much may be asked of models, and for how much money.

use serde::{Deserialize, Serialize};

use crate::money::Usd;

/// Limits of a model API, or of an agent at its model API. What is absent is unbounded.
///
/// A question beyond a limit is refused; what is under way is finished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub struct UsageLimits {
    /// Questions in a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(range(min = 1)))]
    pub requests_per_minute: Option<u32>,
    /// Tokens of questions and answers in a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(range(min = 1)))]
    pub tokens_per_minute: Option<u32>,
    /// US dollars in a day, by UTC. Models without a known price are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(with = "Option<f64>", range(min = 0)))]
    pub usd_per_day: Option<Usd>,
    /// US dollars in a calendar month, by UTC. Models without a known price are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(with = "Option<f64>", range(min = 0)))]
    pub usd_per_month: Option<Usd>,
}

impl UsageLimits {
    /// Whether money is limited.
    pub fn has_budget(&self) -> bool {
        self.usd_per_day.is_some() || self.usd_per_month.is_some()
    }
}
