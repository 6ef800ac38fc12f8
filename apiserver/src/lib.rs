//! The embedded Kubernetes API: the REST protocol of Kubernetes over one SQLite file.
//!
//! Everything goes through [`ApiServer::router`]: `kube::Client` in-process, `kubectl` and the CLI over
//! HTTP. There is no second way in, so nothing can be written that was not checked.
//!
//! A request travels `serve` (which path, which verb) → `write`, `list` or `watch` → `admission` (is
//! it valid?) → `store` (SQLite). What the protocol allows us to leave out, and we do, is said at the
//! top of the module that would have it: `apply` for server-side apply, `schema` for validation,
//! `list` for pages.

mod admission;
mod apply;
mod body;
mod cascade;
mod discovery;
mod kinds;
mod list;
mod object;
mod openapi;
mod params;
mod patch;
mod refusal;
mod representation;
mod schema;
mod seed;
mod selector;
mod serve;
mod store;
mod target;
mod tidy;
mod watch;
mod write;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use api::clock::Clock;
use axum::Router;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    kinds::Kinds,
    refusal::Refusal,
    store::{Durability, Store, Tx},
};

/// Why the API server could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is not ours, damaged, locked, or not writable.
    #[error("failed to open the database of resources at {path}")]
    Database {
        /// Where the database is.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// A later version of this program wrote the file.
    #[error(
        "the database of resources at {path} has format {found}, this program knows formats up to \
         {known}; use the version of kaos that wrote it"
    )]
    Newer {
        /// Where the database is.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format this program knows.
        known: i64,
    },
    /// A resource definition or namespace of our own could not be written.
    #[error("failed to prepare the database of resources at {path}: {message}")]
    Prepare {
        /// Where the database is.
        path: PathBuf,
        /// What the API answered.
        message: String,
    },
}

/// The embedded Kubernetes API. Clones are cheap and share everything.
#[derive(Clone)]
pub struct ApiServer {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    kinds: RwLock<Arc<Kinds>>,
    clock: Arc<dyn Clock>,
    tracker: TaskTracker,
    shutdown: CancellationToken,
}

impl ApiServer {
    /// Opens the database, creating it if there is none, and registers the three kinds of
    /// `kaos.tools` and the namespaces `default` and `kube-system`.
    ///
    /// Watches end when `shutdown` fires. Must be called inside a tokio runtime.
    pub fn open(
        database: &Path,
        clock: Arc<dyn Clock>,
        tracker: &TaskTracker,
        shutdown: CancellationToken,
    ) -> Result<Self, OpenError> {
        let store = Store::open(database)?;
        let server = Self {
            inner: Arc::new(Inner {
                store,
                kinds: RwLock::new(Arc::new(Kinds::built_in())),
                clock,
                tracker: tracker.clone(),
                shutdown,
            }),
        };
        seed::plant(&server).map_err(|refusal| OpenError::Prepare {
            path: database.to_owned(),
            message: refusal.message().to_owned(),
        })?;
        tracker.spawn(tidy::run(server.clone()));
        Ok(server)
    }

    /// The API's paths, from `/api` and `/apis` on.
    pub fn router(&self) -> Router {
        serve::router(self.clone())
    }

    /// A client that reaches this API without a socket.
    pub fn client(&self, default_namespace: impl Into<String>) -> kube::Client {
        kube::Client::new(self.router(), default_namespace)
    }

    fn kinds(&self) -> Arc<Kinds> {
        let kinds = self.inner.kinds.read();
        kinds.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the registered kinds anew, after a definition has changed.
    fn reload_kinds(&self) -> Result<(), Refusal> {
        let kinds = self.inner.store.read(Kinds::load)?;
        *self
            .inner
            .kinds
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(kinds);
        Ok(())
    }

    /// Reads away from the runtime's threads.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Tx<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let server = self.clone();
        self.blocking(move || server.inner.store.read(read)).await
    }

    /// Writes away from the runtime's threads: all of it, or nothing.
    async fn write<T: Send + 'static>(
        &self,
        durability: Durability,
        write: impl FnOnce(&Tx<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let server = self.clone();
        self.blocking(move || server.write_now(durability, write))
            .await
    }

    fn write_now<T>(
        &self,
        durability: Durability,
        write: impl FnOnce(&Tx<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let (written, touched_definitions) = self.inner.store.write(durability, |tx| {
            let written = write(tx)?;
            Ok((written, tx.touched_definitions()))
        })?;
        if touched_definitions {
            self.reload_kinds()?;
        }
        Ok(written)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        match self.inner.tracker.spawn_blocking(work).await {
            Ok(result) => result,
            Err(panic) => {
                tracing::error!(error = %panic, "a request of the Kubernetes API panicked");
                Err(Refusal::internal("the request failed unexpectedly"))
            }
        }
    }
}
