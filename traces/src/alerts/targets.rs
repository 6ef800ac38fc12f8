//! Who is told of alerts: addresses that were given at the start, and those added since then, which are
//! kept in a file that nobody else may read.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use api::plan::Secret;
use api::telemetry::{Webhook, WebhookRefused};
use tokio::sync::Mutex as Turns;

use super::{AlertError, kept, lock};

/// Addresses at most, those given at the start apart.
const MOST: usize = 20;

/// Bytes of an address at most.
const LONGEST: usize = 2_048;

/// The addresses, those given at the start first.
pub(super) struct Targets {
    given: Vec<Secret>,
    added: Mutex<Vec<Secret>>,
    file: PathBuf,
    /// Whoever changes them has it.
    changing: Turns<()>,
}

impl Targets {
    /// Reads what was added before, from beside the rules.
    pub(super) fn read(given: Vec<Secret>, rules: &Path) -> Result<Self, AlertError> {
        let file = rules.with_extension("webhooks.json");
        let added = match std::fs::read(&file) {
            Ok(text) => serde_json::from_slice::<Vec<String>>(&text).map_err(|error| {
                // Not the error itself: it may quote an address.
                let (line, column) = (error.line(), error.column());
                AlertError::ParseFile {
                    path: file.clone(),
                    reason: format!("it is no list of addresses, line {line} column {column}"),
                }
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(AlertError::ReadFile { path: file, source }),
        };
        Ok(Self {
            given,
            added: Mutex::new(added.into_iter().map(Secret::new).collect()),
            file,
            changing: Turns::default(),
        })
    }

    pub(super) fn all(&self) -> Vec<Secret> {
        [self.given.as_slice(), lock(&self.added).as_slice()].concat()
    }

    /// What may be shown of them.
    pub(super) fn shown(&self) -> Vec<Webhook> {
        let n_given = self.given.len();
        let shown = |(place, address): (usize, &Secret)| Webhook {
            host: host(address),
            is_removable: place >= n_given,
        };
        self.all().iter().enumerate().map(shown).collect()
    }

    pub(super) async fn add(&self, address: &str) -> Result<(), WebhookRefused> {
        let fault = fault(address);
        if let Some(fault) = fault {
            return Err(WebhookRefused::UseAddress(fault));
        }
        self.change(|added| {
            if added.len() >= MOST {
                return Err(WebhookRefused::TakeSoMany(MOST));
            }
            added.push(Secret::new(address));
            Ok(())
        })
        .await
    }

    /// Forgets the address at a place, if it is still one of `host`.
    pub(super) async fn remove(
        &self,
        place: usize,
        host_there: &str,
    ) -> Result<(), WebhookRefused> {
        let place = place.checked_sub(self.given.len());
        self.change(|added| {
            let is_there =
                |place: &usize| added.get(*place).is_some_and(|at| host(at) == host_there);
            if let Some(place) = place.filter(is_there) {
                added.remove(place);
            }
            Ok(())
        })
        .await
    }

    /// Changes what was added, here and in the file.
    async fn change(
        &self,
        change: impl FnOnce(&mut Vec<Secret>) -> Result<(), WebhookRefused>,
    ) -> Result<(), WebhookRefused> {
        let _turn = self.changing.lock().await;
        let mut added = lock(&self.added).clone();
        change(&mut added)?;
        let written: Vec<&str> = added.iter().map(Secret::expose).collect();
        kept::replace(&self.file, &written)
            .await
            .map_err(|error| WebhookRefused::Keep(error.to_string()))?;
        *lock(&self.added) = added;
        Ok(())
    }
}

/// Whose address it is, without what is secret in it.
fn host(address: &Secret) -> String {
    let url = reqwest::Url::parse(address.expose()).ok();
    let host = url.as_ref().and_then(reqwest::Url::host_str);
    host.unwrap_or("an address that is none").to_owned()
}

/// Why nobody can be told there.
fn fault(address: &str) -> Option<&'static str> {
    let url = reqwest::Url::parse(address).ok();
    let is_web = url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    match (address.len() > LONGEST, is_web) {
        (true, _) => Some("it is longer than 2,048 bytes"),
        (false, false) => Some("it has to begin with https:// or http:// and name a host"),
        (false, true) => None,
    }
}
