//! The places of the tests: a file, or a real Redis, each of one test alone.

use std::{io::ErrorKind, path::Path, process::Stdio, sync::Arc};

use api::{
    clock::SystemClock,
    plan::ResourceId,
    resources::agent::{MemoryConfig, MemoryKind},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::memory::{AgentMemory, Memory, MemoryError};

/// A memory, with what ends it and what it needs.
pub(super) struct Place {
    pub(super) memory: Memory,
    pub(super) config: MemoryConfig,
    tracker: TaskTracker,
    shutdown: CancellationToken,
    directory: Option<TempDir>,
    server: Option<RedisServer>,
}

pub(super) fn open_at(path: &Path) -> Result<Place, MemoryError> {
    let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
    let memory = Memory::open(path, Arc::new(SystemClock), &tracker, shutdown.clone())?;
    Ok(Place {
        memory,
        config: MemoryConfig::default(),
        tracker,
        shutdown,
        directory: None,
        server: None,
    })
}

impl Place {
    /// A file in a directory of its own.
    pub(super) fn local() -> Self {
        let directory = TempDir::new().unwrap();
        let place = open_at(&directory.path().join("memory.db")).unwrap();
        Self {
            directory: Some(directory),
            ..place
        }
    }

    /// A Redis of its own; `None` where there is none and nobody insists.
    pub(super) async fn redis() -> Option<Self> {
        let server = RedisServer::start().await?;
        let place = Self::local();
        let config = server.config();
        Some(Self {
            config,
            server: Some(server),
            ..place
        })
    }

    /// Another process beside this one, with the same Redis.
    pub(super) fn beside(&self) -> Self {
        Self {
            config: self.config.clone(),
            ..Self::local()
        }
    }

    pub(super) fn analyst(&self) -> AgentMemory {
        let id = ResourceId::new("kaos-hierarchy", "analyst");
        self.memory.of(&id, &self.config)
    }

    pub(super) fn server(&mut self) -> &mut RedisServer {
        self.server.as_mut().expect("it has a Redis")
    }

    /// The same place after the program has ended and begun again.
    pub(super) async fn reopened(mut self) -> Self {
        let (directory, server) = (self.directory.take(), self.server.take());
        let config = self.config.clone();
        self.close().await;
        let path = directory.as_ref().expect("it has one").path();
        Self {
            config,
            server,
            ..open_at(&path.join("memory.db")).unwrap()
        }
        .within(directory)
    }

    fn within(self, directory: Option<TempDir>) -> Self {
        Self { directory, ..self }
    }

    pub(super) async fn close(self) {
        self.shutdown.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// A real Redis or Valkey on a socket in a directory of its own.
pub(super) struct RedisServer {
    directory: TempDir,
    process: Child,
}

impl RedisServer {
    async fn start() -> Option<Self> {
        let directory = TempDir::new().unwrap();
        if let Some(process) = serve(directory.path()).await {
            return Some(Self { directory, process });
        }
        let advice = "the tests of the shared memory need redis-server or valkey-server; install \
                      it with `apt-get install redis-server`";
        assert!(std::env::var_os("CI").is_none(), "{advice}");
        eprintln!("skipped: {advice}");
        None
    }

    fn config(&self) -> MemoryConfig {
        let socket = self.directory.path().join("socket");
        MemoryConfig {
            kind: MemoryKind::Redis,
            url: Some(format!("redis+unix://{}", socket.display())),
            ..MemoryConfig::default()
        }
    }

    pub(super) async fn stop(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// Starts it again, empty.
    pub(super) async fn restart(&mut self) {
        self.process = serve(self.directory.path()).await.unwrap();
    }
}

/// Starts a server and waits until it listens; `None` where there is no such program.
async fn serve(directory: &Path) -> Option<Child> {
    let mut process = ["redis-server", "valkey-server"]
        .into_iter()
        .find_map(|program| {
            let spawned = Command::new(program)
                .args([
                    "--port",
                    "0",
                    "--save",
                    "",
                    "--unixsocket",
                    "socket",
                    "--dir",
                ])
                .arg(directory)
                .current_dir(directory)
                .stdout(Stdio::piped())
                .kill_on_drop(true)
                .spawn();
            match spawned {
                Ok(process) => Some(process),
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                Err(error) => panic!("{program} cannot be started: {error}"),
            }
        })?;
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.to_lowercase().contains("ready to accept connections") {
            return Some(process);
        }
    }
    panic!("the server ended before it was ready");
}
