//! The files of the store, oldest first.
//!
//! Only the writer adds and removes some; readers take the list as it is when a question begins.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::segment::{Segment, SegmentError};
use super::{OpenError, schema};

const EXTENSION: &str = "db";

/// What a damaged file is called after its name.
const SET_ASIDE: &str = "damaged";

/// Files that SQLite keeps beside a database.
const COMPANIONS: [&str; 3] = ["", "-wal", "-shm"];

/// The list; clones share it.
#[derive(Clone)]
pub(super) struct Segments {
    directory: Arc<PathBuf>,
    list: Arc<Mutex<Arc<Vec<Arc<Segment>>>>>,
    set_aside: Arc<Mutex<Vec<String>>>,
}

impl Segments {
    /// Finds the files in `directory`. Those that cannot be read are set aside; one that a later version
    /// wrote is an error, because a user who goes back does not want to lose what is in it.
    pub(super) fn open(directory: &Path) -> Result<Self, OpenError> {
        let unreadable = |source| OpenError::CreateDirectory {
            directory: directory.to_owned(),
            source,
        };
        fs::create_dir_all(directory).map_err(unreadable)?;
        let mut paths = Vec::new();
        for entry in fs::read_dir(directory).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == EXTENSION)
            {
                paths.push(path);
            }
        }
        // Their names are the times they were begun.
        paths.sort();
        let segments = Self {
            directory: Arc::new(directory.to_owned()),
            list: Arc::default(),
            set_aside: Arc::default(),
        };
        let mut list = Vec::new();
        for path in paths {
            match schema::inspect(&path) {
                Ok(created_ns) => list.push(Arc::new(Segment::new(path, created_ns))),
                Err(error @ OpenError::KnowNoSuchFormat { .. }) => return Err(error),
                Err(error) => segments.move_aside(&path, &error),
            }
        }
        *segments.lock() = Arc::new(list);
        Ok(segments)
    }

    /// All that can be read, oldest first.
    pub(super) fn list(&self) -> Arc<Vec<Arc<Segment>>> {
        Arc::clone(&self.lock())
    }

    /// Names of the files that were set aside since the store was opened.
    pub(super) fn set_aside(&self) -> Vec<String> {
        self.set_aside
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// A file for what is received from now on, not yet made.
    pub(super) fn next_path(&self, now_ns: i64) -> PathBuf {
        let now = Timestamp::from_nanosecond(now_ns.into()).unwrap_or_default();
        let name = now.strftime("%Y-%m-%dT%H-%M-%S").to_string();
        let mut path = self.directory.join(&name).with_extension(EXTENSION);
        // Small limits, or a clock that was set back.
        for n in 2_u64.. {
            if !path.exists() {
                break;
            }
            path = self
                .directory
                .join(format!("{name}+{n:06}"))
                .with_extension(EXTENSION);
        }
        path
    }

    pub(super) fn push(&self, segment: Arc<Segment>) {
        let mut list = self.lock();
        let mut longer = list.to_vec();
        longer.push(segment);
        *list = Arc::new(longer);
    }

    /// Deletes a file. Questions under way may still read it.
    pub(super) fn delete(&self, segment: &Arc<Segment>) {
        self.forget(segment);
        for path in companions(segment.path()) {
            if let Err(error) = fs::remove_file(&path)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(path = %path.display(), %error, "failed to delete old telemetry");
            }
        }
    }

    /// Renames a damaged file, so that the rest serves on and somebody can look at it.
    pub(super) fn put_aside(&self, segment: &Arc<Segment>, error: &SegmentError) {
        self.forget(segment);
        self.move_aside(segment.path(), error);
    }

    fn move_aside(&self, path: &Path, error: &(dyn std::error::Error + 'static)) {
        for path in companions(path) {
            let mut aside = path.clone().into_os_string();
            aside.push(".");
            aside.push(SET_ASIDE);
            if let Err(error) = fs::rename(&path, &aside)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(path = %path.display(), %error, "failed to set telemetry aside");
            }
        }
        tracing::error!(
            path = %path.display(),
            error,
            "a part of the telemetry is damaged and was set aside; the rest is served",
        );
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        self.set_aside
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(name);
    }

    fn forget(&self, segment: &Arc<Segment>) {
        let mut list = self.lock();
        let mut shorter = list.to_vec();
        shorter.retain(|known| !Arc::ptr_eq(known, segment));
        *list = Arc::new(shorter);
        segment.close();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Arc<Vec<Arc<Segment>>>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes of a segment's files on disk.
pub(super) fn size(segment: &Segment) -> u64 {
    let sizes =
        companions(segment.path()).map(|path| fs::metadata(path).map_or(0, |file| file.len()));
    sizes.sum()
}

fn companions(path: &Path) -> impl Iterator<Item = PathBuf> {
    let path = path.as_os_str().to_owned();
    COMPANIONS.iter().map(move |suffix| {
        let mut path = path.clone();
        path.push(suffix);
        path.into()
    })
}
