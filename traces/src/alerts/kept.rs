//! How it stands, in a file beside the rules.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio::io::AsyncWriteExt;

use super::{Standing, Watched};

/// What was kept. A file that cannot be used is reported and left where it is until the next write: how it
/// stands is found out again.
pub(super) fn read(rules: &Path) -> Watched {
    let path = file(rules);
    let kept = match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice::<Vec<Standing>>(&text).map_err(io::Error::from),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Watched::new(),
        Err(error) => Err(error),
    };
    let standings = kept.unwrap_or_else(|error| {
        let path = path.display();
        tracing::warn!(%path, %error, "failed to read which alerts there were; they are found out again");
        Vec::new()
    });
    let named = standings.into_iter().map(|standing| {
        let Standing { alert, .. } = &standing;
        ((alert.rule.clone(), alert.agent.clone()), standing)
    });
    named.collect()
}

/// Whether something changed besides what was measured.
pub(super) fn is_worth_writing(before: &Watched, now: &Watched) -> bool {
    before.len() != now.len()
        || before
            .iter()
            .zip(now)
            .any(|((key, before), (now_key, now))| {
                let (was, is) = (&before.alert, &now.alert);
                key != now_key
                    || before.telling != now.telling
                    || (was.state, was.since_ns, was.good_since_ns)
                        != (is.state, is.since_ns, is.good_since_ns)
            })
}

/// Keeps how it stands. What cannot be kept is still known until the end.
pub(super) async fn write(rules: &Path, watched: &Watched) {
    let standings: Vec<&Standing> = watched.values().collect();
    if let Err(error) = replace(&file(rules), &standings).await {
        tracing::warn!(%error, "failed to keep which alerts there are");
    }
}

/// Beside it and then over it, so that it is never half written; for nobody else to read.
pub(crate) async fn replace(path: &Path, what: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_vec_pretty(what)?;
    let beside = path.with_extension("new");
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&beside).await?;
    file.write_all(&text).await?;
    file.flush().await?;
    tokio::fs::rename(&beside, path).await
}

fn file(rules: &Path) -> PathBuf {
    rules.with_extension("state.json")
}
