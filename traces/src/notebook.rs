//! What people write down beside their telemetry, in a file that is written whole with each change.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::telemetry::{Decision, ExceptionGroupId, NotNoted, Notebook, SavedSearch};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex as Turns;

use crate::alerts::kept::replace;

/// Groups of exceptions with a decision, at most.
const MAX_DECISIONS: usize = 10_000;

/// Searches at most, of all namespaces.
const MAX_SEARCHES: usize = 500;

/// The file cannot be used.
#[expect(missing_docs, reason = "the fields say themselves what they are")]
#[derive(Debug, thiserror::Error)]
pub enum NotebookError {
    /// It is there and cannot be read.
    #[error("failed to read what was written down in \"{}\"", path.display())]
    ReadFile { path: PathBuf, source: io::Error },
    /// It is something else.
    #[error("failed to understand what was written down in \"{}\"; correct or remove the file",
        path.display())]
    ParseFile {
        path: PathBuf,
        source: serde_json::Error,
    },
}

/// A notebook in a file; clones share it.
#[derive(Clone)]
pub struct NotebookFile(Arc<Shared>);

struct Shared {
    path: PathBuf,
    notes: Mutex<Notes>,
    /// Whoever changes something has it.
    changing: Turns<()>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Notes {
    exceptions: BTreeMap<ExceptionGroupId, Decision>,
    searches: Vec<SavedSearch>,
}

impl NotebookFile {
    /// Reads the file; one that is not there is an empty notebook.
    pub fn open(path: PathBuf) -> Result<Self, NotebookError> {
        let notes = read(&path)?;
        Ok(Self(Arc::new(Shared {
            path,
            notes: Mutex::new(notes),
            changing: Turns::default(),
        })))
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is known once the file has it.
    async fn change(
        &self,
        change: impl FnOnce(&mut Notes) -> Result<(), NotNoted>,
    ) -> Result<(), NotNoted> {
        let _turn = self.0.changing.lock().await;
        let mut notes = self.notes().clone();
        change(&mut notes)?;
        let kept = replace(&self.0.path, &notes).await;
        kept.map_err(|error| NotNoted::Keep(error.to_string()))?;
        *self.notes() = notes;
        Ok(())
    }
}

fn read(path: &Path) -> Result<Notes, NotebookError> {
    match std::fs::read(path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|source| NotebookError::ParseFile {
            path: path.to_owned(),
            source,
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Notes::default()),
        Err(source) => Err(NotebookError::ReadFile {
            path: path.to_owned(),
            source,
        }),
    }
}

#[async_trait]
impl Notebook for NotebookFile {
    fn decisions(&self) -> BTreeMap<ExceptionGroupId, Decision> {
        self.notes().exceptions.clone()
    }

    async fn decide(
        &self,
        group: ExceptionGroupId,
        decision: Option<Decision>,
    ) -> Result<(), NotNoted> {
        self.change(|notes| {
            match decision {
                Some(decision) => notes.exceptions.insert(group, decision),
                None => notes.exceptions.remove(&group),
            };
            if notes.exceptions.len() > MAX_DECISIONS {
                return Err(NotNoted::TakeSoMany(MAX_DECISIONS));
            }
            Ok(())
        })
        .await
    }

    fn searches(&self, namespace: &str) -> Vec<SavedSearch> {
        let notes = self.notes();
        let of_namespace = |search: &&SavedSearch| search.namespace == namespace;
        let mut searches: Vec<_> = notes
            .searches
            .iter()
            .filter(of_namespace)
            .cloned()
            .collect();
        searches.sort_by(|one, other| one.name.cmp(&other.name));
        searches
    }

    async fn save_search(&self, search: SavedSearch) -> Result<(), NotNoted> {
        if let Some(fault) = search.fault() {
            return Err(NotNoted::UseSearch(fault));
        }
        self.change(|Notes { searches, .. }| {
            searches.retain(|known| !is_called(known, &search.namespace, &search.name));
            searches.push(search);
            if searches.len() > MAX_SEARCHES {
                return Err(NotNoted::TakeSoMany(MAX_SEARCHES));
            }
            Ok(())
        })
        .await
    }

    async fn delete_search(&self, namespace: &str, name: &str) -> Result<(), NotNoted> {
        self.change(|Notes { searches, .. }| {
            searches.retain(|known| !is_called(known, namespace, name));
            Ok(())
        })
        .await
    }
}

fn is_called(search: &SavedSearch, namespace: &str, name: &str) -> bool {
    search.namespace == namespace && search.name == name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(namespace: &str, name: &str, address: &str) -> SavedSearch {
        SavedSearch {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            address: address.to_owned(),
        }
    }

    fn file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notebook.json");
        (folder, path)
    }

    #[tokio::test]
    async fn what_was_written_down_is_known_after_a_restart() {
        let (_folder, path) = file();
        let (one, other) = (ExceptionGroupId(1), ExceptionGroupId(2));
        let resolved = Decision::Resolved { at_ns: 7 };
        let notebook = NotebookFile::open(path.clone()).unwrap();
        notebook.decide(one, Some(resolved)).await.unwrap();
        notebook
            .decide(other, Some(Decision::Ignored))
            .await
            .unwrap();
        notebook.decide(other, None).await.unwrap();
        for saved in [
            search("team", "slow", "q=duration:>5s"),
            search("team", "failed", "q=status:error"),
            search("team", "slow", "q=duration:>9s"),
            search("other", "slow", ""),
            search("team", "gone", ""),
        ] {
            notebook.save_search(saved).await.unwrap();
        }
        notebook.delete_search("team", "gone").await.unwrap();

        let notebook = NotebookFile::open(path).unwrap();
        assert_eq!(notebook.decisions(), BTreeMap::from([(one, resolved)]));
        let expected = [
            search("team", "failed", "q=status:error"),
            search("team", "slow", "q=duration:>9s"),
        ];
        assert_eq!(notebook.searches("team"), expected);
    }

    #[tokio::test]
    async fn what_cannot_be_kept_is_not_known_either() {
        let (folder, path) = file();
        let notebook = NotebookFile::open(path.clone()).unwrap();
        let nameless = notebook.save_search(search("team", " ", "")).await;
        assert!(matches!(nameless, Err(NotNoted::UseSearch(_))));
        drop(folder);
        let group = ExceptionGroupId(1);
        let lost = notebook.decide(group, Some(Decision::Ignored)).await;
        assert!(matches!(lost, Err(NotNoted::Keep(_))));
        assert!(notebook.decisions().is_empty());
    }

    #[test]
    fn a_file_that_is_something_else_is_not_overwritten() {
        let (_folder, path) = file();
        std::fs::write(&path, "[1]").unwrap();
        let Err(error) = NotebookFile::open(path) else {
            panic!("a list is no notebook");
        };
        assert!(error.to_string().contains("correct or remove the file"));
    }
}
