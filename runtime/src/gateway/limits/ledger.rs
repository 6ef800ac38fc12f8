//! What was spent, in a file: a budget outlives the program.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::{Path, PathBuf},
};

use api::{money::Usd, plan::ResourceId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Holder, account::Balance};

/// Why what was spent cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file is there and makes no sense.
    #[error("{path} does not say what models have cost; move it away to begin at zero: {reason}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file cannot be written.
    #[error("what models cost cannot be kept in {path}; budgets begin at zero after a restart")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// The file, in the order of the names.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct File {
    model_apis: BTreeMap<String, Entry>,
    agents: BTreeMap<String, Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    day: Date,
    usd_in_day: Usd,
    usd_in_month: Usd,
}

/// Reads the file; nothing was spent when there is none.
pub(super) fn load(path: &Path) -> Result<HashMap<Holder, Balance>, LedgerError> {
    let wrong = |reason: String| LedgerError::Read {
        path: path.to_owned(),
        reason,
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(HashMap::new()),
        Err(error) => return Err(wrong(error.to_string())),
    };
    let file: File = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let named = |make: fn(ResourceId) -> Holder, entries: BTreeMap<String, Entry>| {
        entries.into_iter().filter_map(move |(name, entry)| {
            let (namespace, name) = name.split_once('/')?;
            let balance = Balance {
                day: entry.day,
                in_day: entry.usd_in_day,
                in_month: entry.usd_in_month,
            };
            Some((make(ResourceId::new(namespace, name)), balance))
        })
    };
    Ok(named(Holder::ModelApi, file.model_apis)
        .chain(named(Holder::Agent, file.agents))
        .collect())
}

/// Writes the file, whole or not at all.
pub(super) async fn save(
    path: &Path,
    balances: &HashMap<Holder, Balance>,
) -> Result<(), LedgerError> {
    let mut file = File::default();
    for (holder, balance) in balances {
        let (entries, id) = match holder {
            Holder::ModelApi(id) => (&mut file.model_apis, id),
            Holder::Agent(id) => (&mut file.agents, id),
        };
        let entry = Entry {
            day: balance.day,
            usd_in_day: balance.in_day,
            usd_in_month: balance.in_month,
        };
        entries.insert(id.to_string(), entry);
    }
    let text = serde_json::to_vec_pretty(&file).unwrap_or_default();
    write(path, &text)
        .await
        .map_err(|source| LedgerError::Write {
            path: path.to_owned(),
            source,
        })
}

async fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    tokio::fs::write(&beside, text).await?;
    tokio::fs::File::open(&beside).await?.sync_all().await?;
    tokio::fs::rename(&beside, path).await
}
