//! One holder's account: what it may use, and what it has used.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use api::{chat::Usage, clock::Clock, money::Usd, resources::UsageLimits};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{Holder, Limit, Refusal};

const MINUTE: f64 = 60.0;

/// What one holder may use and has used.
pub(in crate::gateway) struct Account {
    holder: Holder,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    limits: UsageLimits,
    requests: Bucket,
    tokens: Bucket,
    balance: Balance,
}

/// What was spent today and this month, as of the last charge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::gateway) struct Balance {
    /// The day of the last charge, by UTC.
    pub(super) day: Date,
    /// Spent on that day.
    pub(super) in_day: Usd,
    /// Spent in its month.
    pub(super) in_month: Usd,
}

impl Account {
    pub(super) fn new(holder: Holder, balance: Balance, clock: Arc<dyn Clock>) -> Self {
        Self {
            holder,
            clock,
            state: Mutex::new(State {
                limits: UsageLimits::default(),
                requests: Bucket::default(),
                tokens: Bucket::default(),
                balance,
            }),
        }
    }

    pub(in crate::gateway) fn holder(&self) -> &Holder {
        &self.holder
    }

    pub(super) fn balance(&self) -> Balance {
        self.state().balance
    }

    /// Whether money is limited.
    pub(in crate::gateway) fn has_budget(&self) -> bool {
        self.state().limits.has_budget()
    }

    pub(super) fn limit(&self, limits: UsageLimits) {
        self.state().limits = limits;
    }

    /// Takes a question from what may be asked, or says why it may not.
    pub(super) fn admit(&self) -> Result<(), Refusal> {
        let now = self.clock.now();
        let mut state = self.state();
        let UsageLimits {
            requests_per_minute,
            tokens_per_minute,
            usd_per_day,
            usd_per_month,
        } = state.limits;
        let refuse = |limit, allowed: String, retry_after| {
            Err(Refusal {
                holder: self.holder.clone(),
                limit,
                allowed,
                retry_after,
            })
        };
        let spent = state.balance.at(now);
        let today = spent.day;
        let budgets = [
            (
                Limit::UsdPerDay,
                usd_per_day,
                spent.in_day,
                today.tomorrow(),
            ),
            (
                Limit::UsdPerMonth,
                usd_per_month,
                spent.in_month,
                today.last_of_month().tomorrow(),
            ),
        ];
        for (limit, most, spent, renewed) in budgets {
            if let Some(most) = most.filter(|most| spent >= *most) {
                return refuse(limit, most.to_string(), until(renewed.ok(), now));
            }
        }
        if let Some(most) = tokens_per_minute
            && let Err(wait) = state.tokens.has_any(most, now)
        {
            return refuse(Limit::TokensPerMinute, most.to_string(), wait);
        }
        if let Some(most) = requests_per_minute
            && let Err(wait) = state.requests.take_one(most, now)
        {
            return refuse(Limit::RequestsPerMinute, most.to_string(), wait);
        }
        Ok(())
    }

    /// Takes an admission back.
    pub(super) fn give_back(&self) {
        self.state().requests.level += 1.0;
    }

    /// Counts what an answer used.
    pub(in crate::gateway) fn charge(&self, usage: Usage) {
        let now = self.clock.now();
        let mut state = self.state();
        if state.limits.tokens_per_minute.is_some() {
            let parts = usage.prompt_tokens.saturating_add(usage.completion_tokens);
            state.tokens.spend(usage.total_tokens.max(parts));
        }
        if let Some(cost) = usage.cost {
            let spent = state.balance.at(now);
            state.balance = Balance {
                in_day: spent.in_day + cost,
                in_month: spent.in_month + cost,
                ..spent
            };
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Balance {
    /// What of it still counts.
    fn at(self, now: Timestamp) -> Self {
        let today = now.to_zoned(TimeZone::UTC).date();
        let same_month = self.day.first_of_month() == today.first_of_month();
        Self {
            day: today,
            in_day: if self.day == today {
                self.in_day
            } else {
                Usd::ZERO
            },
            in_month: if same_month { self.in_month } else { Usd::ZERO },
        }
    }

    /// Whether anything of it still counts.
    pub(super) fn is_worth_keeping(self, now: Timestamp) -> bool {
        self.at(now).in_month > Usd::ZERO
    }
}

fn until(day: Option<Date>, now: Timestamp) -> Duration {
    let renewed = day.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    let wait = renewed.map(|renewed| renewed.timestamp().duration_since(now));
    wait.and_then(|wait| Duration::try_from(wait).ok())
        .unwrap_or_else(|| Duration::from_hours(24))
}

/// What may be used up at once and fills up again within a minute.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    /// What is left; below zero when more was used than there was.
    level: f64,
    /// When that was so; `None` when it is full.
    at: Option<Timestamp>,
}

impl Bucket {
    fn fill(&mut self, most: u32, now: Timestamp) {
        let most = f64::from(most);
        self.level = match self.at {
            None => most,
            // A clock that goes back takes nothing away.
            Some(at) => {
                let passed = now.duration_since(at).as_secs_f64().max(0.0);
                (self.level + passed * most / MINUTE).min(most)
            }
        };
        self.at = Some(now);
    }

    /// Takes one, or says how long until there is one.
    fn take_one(&mut self, most: u32, now: Timestamp) -> Result<(), Duration> {
        self.fill(most, now);
        if self.level < 1.0 {
            return Err(wait(1.0 - self.level, most));
        }
        self.level -= 1.0;
        Ok(())
    }

    /// Whether anything is left, or how long until something is.
    fn has_any(&mut self, most: u32, now: Timestamp) -> Result<(), Duration> {
        self.fill(most, now);
        if self.level <= 0.0 {
            return Err(wait(1.0 - self.level, most));
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "nobody counts so many tokens")]
    fn spend(&mut self, amount: u64) {
        self.level -= amount as f64;
    }
}

/// How long it takes to fill up so much.
fn wait(missing: f64, most: u32) -> Duration {
    Duration::try_from_secs_f64(missing * MINUTE / f64::from(most.max(1))).unwrap_or(Duration::MAX)
}
