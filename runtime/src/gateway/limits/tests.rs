use std::sync::Mutex;

use api::{chat::Usage, money::Usd};
use jiff::Timestamp;
use tokio_util::task::TaskTracker;

use super::*;

/// A clock that goes only when it is told to.
struct Hands(Mutex<Timestamp>);

impl Hands {
    fn at(time: &str) -> Arc<Self> {
        Arc::new(Self(Mutex::new(time.parse().unwrap())))
    }

    fn pass(&self, seconds: i64) {
        *self.0.lock().unwrap() += jiff::SignedDuration::from_secs(seconds);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

fn llm() -> Holder {
    Holder::ModelApi(ResourceId::new("team", "llm"))
}

fn analyst() -> Holder {
    Holder::Agent(ResourceId::new("team", "analyst"))
}

/// Accounts kept in a folder, for as long as this lives.
struct Books {
    accounts: Accounts,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Books {
    fn open(clock: &Arc<Hands>, folder: &Path) -> Result<Self, LedgerError> {
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        let file = folder.join("spend.json");
        let accounts = Accounts::open(&file, Arc::clone(clock) as _, &tracker, stop.clone())?;
        Ok(Self {
            accounts,
            tracker,
            stop,
        })
    }

    fn of(&self, holder: &Holder) -> Arc<Account> {
        self.accounts.of(holder).unwrap()
    }

    async fn close(self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

fn limited(clock: &Arc<Hands>, limits: UsageLimits) -> (Books, Arc<Account>) {
    let folder = tempfile::tempdir().unwrap();
    let books = Books::open(clock, folder.path()).unwrap();
    books.accounts.limit(&llm(), limits);
    let account = books.of(&llm());
    (books, account)
}

fn admit(account: &Arc<Account>) -> Result<(), (Limit, u64)> {
    Accounts::admit(std::slice::from_ref(account)).map_err(|refusal| {
        let wait = refusal.retry_after;
        let begun = u64::from(wait.subsec_nanos() > 0);
        (refusal.limit, wait.as_secs() + begun)
    })
}

fn used(tokens: u64, dollars: f64) -> Usage {
    Usage {
        total_tokens: tokens,
        cost: Some(Usd::from_dollars(dollars)),
        ..Usage::default()
    }
}

#[tokio::test]
async fn requests_are_admitted_up_to_the_limit_and_again_as_time_passes() {
    let clock = Hands::at("2026-11-23T10:00:00Z");
    let limits = UsageLimits {
        requests_per_minute: Some(2),
        ..UsageLimits::default()
    };
    let (_, account) = limited(&clock, limits);
    assert_eq!([admit(&account), admit(&account)], [Ok(()), Ok(())]);
    assert_eq!(admit(&account), Err((Limit::RequestsPerMinute, 30)));
    clock.pass(20);
    assert_eq!(admit(&account), Err((Limit::RequestsPerMinute, 10)));
    clock.pass(10);
    assert_eq!(admit(&account), Ok(()));
    assert!(admit(&account).is_err());
    clock.pass(3600);
    assert_eq!([admit(&account), admit(&account)], [Ok(()), Ok(())]);
    assert!(
        admit(&account).is_err(),
        "a long rest is no more than a minute's worth"
    );
    clock.pass(-3600);
    assert!(
        admit(&account).is_err(),
        "a clock that goes back gives nothing"
    );
}

#[tokio::test]
async fn tokens_that_were_used_beyond_the_limit_are_made_up_for() {
    let clock = Hands::at("2026-11-23T10:00:00Z");
    let limits = UsageLimits {
        tokens_per_minute: Some(600),
        ..UsageLimits::default()
    };
    let (_, account) = limited(&clock, limits);
    assert_eq!(admit(&account), Ok(()));
    account.charge(used(1_200, 0.0));
    assert_eq!(admit(&account), Err((Limit::TokensPerMinute, 61)));
    clock.pass(61);
    assert_eq!(admit(&account), Ok(()));
}

#[tokio::test]
async fn a_budget_lasts_a_day_or_a_month_by_utc() {
    let clock = Hands::at("2026-11-29T23:00:00Z");
    let limits = UsageLimits {
        usd_per_day: Some(Usd::from_dollars(1.0)),
        usd_per_month: Some(Usd::from_dollars(1.5)),
        ..UsageLimits::default()
    };
    let (_, account) = limited(&clock, limits);
    account.charge(used(1, 0.9));
    assert_eq!(admit(&account), Ok(()));
    account.charge(used(1, 0.1));
    assert_eq!(admit(&account), Err((Limit::UsdPerDay, 3600)));
    clock.pass(3600);
    assert_eq!(admit(&account), Ok(()), "a new day");
    account.charge(used(1, 0.6));
    assert_eq!(admit(&account), Err((Limit::UsdPerMonth, 24 * 3600)));
    clock.pass(24 * 3600);
    assert_eq!(admit(&account), Ok(()), "a new month");
}

#[tokio::test]
async fn a_limit_that_changes_keeps_what_was_used() {
    let clock = Hands::at("2026-11-23T10:00:00Z");
    let (books, account) = limited(&clock, UsageLimits::default());
    account.charge(used(1, 3.0));
    assert_eq!(admit(&account), Ok(()), "there is no limit");
    let limits = UsageLimits {
        usd_per_month: Some(Usd::from_dollars(2.0)),
        ..UsageLimits::default()
    };
    books.accounts.limit(&llm(), limits);
    assert_eq!(admit(&account).unwrap_err().0, Limit::UsdPerMonth);
}

#[tokio::test]
async fn who_is_refused_by_one_limit_uses_up_no_other() {
    let clock = Hands::at("2026-11-23T10:00:00Z");
    let once = UsageLimits {
        requests_per_minute: Some(1),
        ..UsageLimits::default()
    };
    let (books, llm) = limited(&clock, once);
    books.accounts.limit(&analyst(), once);
    let both = [Arc::clone(&llm), books.of(&analyst())];
    assert_eq!(admit(&both[1]), Ok(()));
    let refusal = Accounts::admit(&both).unwrap_err();
    assert_eq!(refusal.holder, analyst());
    assert_eq!(admit(&llm), Ok(()), "it was given back");
}

#[tokio::test]
async fn what_was_spent_outlives_the_program_as_long_as_it_counts() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Hands::at("2026-11-23T10:00:00Z");
    let limits = UsageLimits {
        usd_per_month: Some(Usd::from_dollars(1.0)),
        ..UsageLimits::default()
    };
    let open = || {
        let books = Books::open(&clock, folder.path()).unwrap();
        books.accounts.limit(&llm(), limits);
        books
    };
    let books = open();
    books.accounts.limit(&analyst(), UsageLimits::default());
    books.of(&llm()).charge(used(1, 1.0));
    books.of(&analyst()).charge(used(1, 0.25));
    books.close().await;

    let books = open();
    let refused = admit(&books.of(&llm())).unwrap_err().0;
    assert_eq!(refused, Limit::UsdPerMonth);
    // Who is not there meanwhile is not forgotten.
    books.of(&llm()).charge(used(1, 1.0));
    books.close().await;
    let text = std::fs::read_to_string(folder.path().join("spend.json")).unwrap();
    assert!(text.contains("team/analyst"), "{text}");
    assert!(text.contains("\"usdInMonth\": 2.0"), "{text}");

    clock.pass(30 * 24 * 3600);
    let books = open();
    assert_eq!(admit(&books.of(&llm())), Ok(()), "another month");
    books.close().await;

    std::fs::write(folder.path().join("spend.json"), "[").unwrap();
    let error = Books::open(&clock, folder.path()).err().unwrap();
    assert!(error.to_string().contains("spend.json"), "{error}");
}

#[tokio::test]
async fn who_is_gone_has_no_account_but_a_debt() {
    let clock = Hands::at("2026-11-23T10:00:00Z");
    let (books, account) = limited(&clock, UsageLimits::default());
    books.accounts.close(&llm());
    assert!(books.accounts.of(&llm()).is_none());
    assert!(
        books.accounts.of(&analyst()).is_none(),
        "a name that anybody may say"
    );

    books.accounts.limit(&llm(), UsageLimits::default());
    books.of(&llm()).charge(used(1, 1.0));
    books.accounts.close(&llm());
    assert_eq!(books.of(&llm()).balance().in_day, Usd::from_dollars(1.0));
    drop(account);
}
