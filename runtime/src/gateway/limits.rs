//! How much model APIs and agents may ask, how much they have, and who is refused.
//!
//! A question is admitted by what was used before it; what it uses itself is charged when its answer
//! has ended. So answers under way at the same time can go beyond a limit by what they use, and then
//! the next ones wait until that is made up for.

mod account;
mod ledger;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use api::{clock::Clock, plan::ResourceId, resources::UsageLimits};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(super) use self::account::Account;
use self::account::Balance;
pub use self::ledger::LedgerError;

/// How often what was spent is written down.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// Who has limits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Holder {
    /// Everybody who asks this model API.
    ModelApi(ResourceId),
    /// This agent, whichever model API it asks.
    Agent(ResourceId),
}

/// A limit, by the name of its field in a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Questions in a minute.
    RequestsPerMinute,
    /// Tokens in a minute.
    TokensPerMinute,
    /// Money in a day.
    UsdPerDay,
    /// Money in a month.
    UsdPerMonth,
}

impl Limit {
    /// The name of its field.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::RequestsPerMinute => "requestsPerMinute",
            Self::TokensPerMinute => "tokensPerMinute",
            Self::UsdPerDay => "usdPerDay",
            Self::UsdPerMonth => "usdPerMonth",
        }
    }

    /// Whether it is about money.
    pub(super) fn is_budget(self) -> bool {
        match self {
            Self::UsdPerDay | Self::UsdPerMonth => true,
            Self::RequestsPerMinute | Self::TokensPerMinute => false,
        }
    }
}

/// Why somebody may not ask now.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) holder: Holder,
    pub(super) limit: Limit,
    /// What the limit is.
    pub(super) allowed: String,
    /// When asking may succeed again.
    pub(super) retry_after: Duration,
}

/// What everybody may use and has used, kept in a file. Clones are the same accounts.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    accounts: RwLock<HashMap<Holder, Arc<Account>>>,
    /// What was spent before this process began, of those who have no account yet.
    earlier: HashMap<Holder, Balance>,
    /// Where what was spent is kept.
    file: PathBuf,
}

impl Accounts {
    /// The accounts, with what was spent so far according to `file`, which a task on `tracker`
    /// keeps up to date until `shutdown` fires and once more then.
    pub fn open(
        file: &Path,
        clock: Arc<dyn Clock>,
        tracker: &TaskTracker,
        shutdown: CancellationToken,
    ) -> Result<Self, LedgerError> {
        let accounts = Self(Arc::new(Inner {
            clock,
            accounts: RwLock::default(),
            earlier: ledger::load(file)?,
            file: file.to_owned(),
        }));
        tracker.spawn(accounts.clone().keep(shutdown));
        Ok(accounts)
    }

    /// The account of `holder`, if it was ever given limits: whoever asks may say any name.
    pub(super) fn of(&self, holder: &Holder) -> Option<Arc<Account>> {
        let accounts = self
            .0
            .accounts
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        accounts.get(holder).map(Arc::clone)
    }

    /// Sets what a holder may use from now on. What it has used stays.
    pub(super) fn limit(&self, holder: &Holder, limits: UsageLimits) {
        let mut accounts = self
            .0
            .accounts
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let account = accounts.entry(holder.clone()).or_insert_with(|| {
            let balance = self.0.earlier.get(holder).copied().unwrap_or_default();
            Arc::new(Account::new(
                holder.clone(),
                balance,
                Arc::clone(&self.0.clock),
            ))
        });
        account.limit(limits);
    }

    /// Closes the account of one that is gone, unless it has spent what still counts.
    pub(super) fn close(&self, holder: &Holder) {
        let now = self.0.clock.now();
        let mut accounts = self
            .0
            .accounts
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        match accounts.get(holder) {
            Some(account) if account.balance().is_worth_keeping(now) => {
                account.limit(UsageLimits::default());
            }
            Some(_) | None => {
                accounts.remove(holder);
            }
        }
    }

    /// Admits one question for all of these, or for none.
    pub(super) fn admit(accounts: &[Arc<Account>]) -> Result<(), Refusal> {
        for (at, account) in accounts.iter().enumerate() {
            if let Err(refusal) = account.admit() {
                accounts[..at]
                    .iter()
                    .for_each(|admitted| admitted.give_back());
                return Err(refusal);
            }
        }
        Ok(())
    }

    /// Writes down what was spent, whenever that has changed.
    async fn keep(self, shutdown: CancellationToken) {
        let mut ticks = interval(SAVE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut saved = self.0.earlier.clone();
        loop {
            let goes_on = shutdown.run_until_cancelled(ticks.tick()).await.is_some();
            let balances = self.balances();
            if balances != saved {
                match ledger::save(&self.0.file, &balances).await {
                    Ok(()) => saved = balances,
                    Err(error) => tracing::error!("{error}"),
                }
            }
            if !goes_on {
                return;
            }
        }
    }

    /// What everybody has spent in the periods that are not over.
    fn balances(&self) -> HashMap<Holder, Balance> {
        let now = self.0.clock.now();
        let accounts = self
            .0
            .accounts
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let current = accounts
            .values()
            .map(|account| (account.holder(), account.balance()));
        let mut balances = self.0.earlier.clone();
        balances.extend(current.map(|(holder, balance)| (holder.clone(), balance)));
        balances.retain(|_, balance| balance.is_worth_keeping(now));
        balances
    }
}

#[cfg(test)]
mod tests;
