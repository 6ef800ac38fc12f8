//! The places of the tests: a file, or a real Redis, each of one test alone.

use std::{fs, io::ErrorKind, net::TcpListener, path::Path, process::Stdio, sync::Arc};

use api::{
    clock::SystemClock,
    plan::{MemoryPlace, MemoryPlan, RedisAddress, ResourceId, Secret},
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
    pub(super) plan: MemoryPlan,
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
        plan: MemoryPlan::default(),
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
        Some(Self::with(RedisServer::start().await?))
    }

    /// A Redis of its own that is spoken to over TLS, with a password.
    pub(super) async fn redis_over_tls() -> Option<Self> {
        // Another test may have been first.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        Some(Self::with(RedisServer::start_with_tls().await?))
    }

    fn with(server: RedisServer) -> Self {
        let mut place = Self::local();
        place.plan.place = MemoryPlace::Redis(server.address.clone());
        place.server = Some(server);
        place
    }

    /// Another process beside this one, with the same Redis.
    pub(super) fn beside(&self) -> Self {
        Self {
            plan: self.plan.clone(),
            ..Self::local()
        }
    }

    pub(super) fn analyst(&self) -> AgentMemory {
        self.of("kaos-hierarchy", "1")
    }

    /// The memory of an analyst of this namespace and uid.
    pub(super) fn of(&self, namespace: &str, uid: &str) -> AgentMemory {
        let id = ResourceId::new(namespace, "analyst");
        self.memory.of(&id, uid, &self.plan)
    }

    /// How many tasks it needs now.
    pub(super) fn tasks(&self) -> usize {
        self.tracker.len()
    }

    pub(super) fn server(&mut self) -> &mut RedisServer {
        self.server.as_mut().expect("it has a Redis")
    }

    /// The same place after the program has ended and begun again.
    pub(super) async fn reopened(mut self) -> Self {
        let (directory, server) = (self.directory.take(), self.server.take());
        let plan = self.plan.clone();
        self.close().await;
        let path = directory.as_ref().expect("it has one").path();
        Self {
            plan,
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

/// A real Redis or Valkey with a directory of its own.
pub(super) struct RedisServer {
    address: RedisAddress,
    /// What it is started with, besides what all are.
    options: Vec<String>,
    directory: TempDir,
    process: Child,
}

/// How often a free port may be taken by others before the server has it.
const PORTS: usize = 10;
const PASSWORD: &str = "hunter2";

impl RedisServer {
    /// One on a socket.
    async fn start() -> Option<Self> {
        let directory = TempDir::new().unwrap();
        let socket = directory.path().join("socket");
        let address = RedisAddress {
            url: Secret::new(format!("redis+unix://{}", socket.display())),
            ca: None,
        };
        let options = vec!["--unixsocket".to_owned(), "socket".to_owned()];
        let process = start(directory.path(), &options).await?;
        Some(Self {
            address,
            options,
            directory,
            process: process.expect("it starts"),
        })
    }

    /// One on a port, which only speaks TLS.
    async fn start_with_tls() -> Option<Self> {
        let directory = TempDir::new().unwrap();
        let ca = certify(directory.path()).await;
        for _ in 0..PORTS {
            let port = free_port();
            let options = format!(
                "--tls-port {port} --bind 127.0.0.1 --requirepass {PASSWORD} --tls-auth-clients no \
                 --tls-ca-cert-file ca.pem --tls-cert-file server.pem --tls-key-file key.pem"
            );
            let options: Vec<_> = options.split_whitespace().map(str::to_owned).collect();
            let Some(process) = start(directory.path(), &options).await? else {
                continue;
            };
            let url = format!("rediss://:{PASSWORD}@localhost:{port}");
            let address = RedisAddress {
                url: Secret::new(url),
                ca: Some(Secret::new(ca)),
            };
            return Some(Self {
                address,
                options,
                directory,
                process,
            });
        }
        panic!("no port is free for long enough")
    }

    pub(super) async fn stop(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// Starts it again, empty.
    pub(super) async fn restart(&mut self) {
        let process = start(self.directory.path(), &self.options).await;
        self.process = process.unwrap().expect("it starts as before");
    }
}

/// Makes an authority, and a certificate of it for this machine; the authority's own is returned.
async fn certify(directory: &Path) -> String {
    let new = "req -x509 -config /dev/null -days 2 -nodes -newkey ec -pkeyopt \
               ec_paramgen_curve:prime256v1";
    let ca = "-subj /CN=authority -addext basicConstraints=critical,CA:TRUE -keyout ca-key.pem \
              -out ca.pem";
    let server = "-subj /CN=server -addext basicConstraints=CA:FALSE -addext \
                  subjectAltName=DNS:localhost -CA ca.pem -CAkey ca-key.pem -keyout key.pem -out \
                  server.pem";
    for certificate in [ca, server] {
        let mut openssl = Command::new("openssl");
        openssl
            .args(new.split_whitespace())
            .args(certificate.split_whitespace());
        let made = openssl.current_dir(directory).output().await;
        let made = made.expect("openssl is there, as wherever Debian's ca-certificates are");
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{said}");
    }
    fs::read_to_string(directory.join("ca.pem")).unwrap()
}

fn free_port() -> u16 {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap().port()
}

/// A server that listens; `None` where there is no such program and nobody insists, `Some(None)`
/// when it ended at once.
async fn start(directory: &Path, options: &[String]) -> Option<Option<Child>> {
    let started = serve(directory, options).await;
    let advice = "the tests of the shared memory need redis-server or valkey-server; install it \
                  with `apt-get install redis-server`";
    if started.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{advice}");
        eprintln!("skipped: {advice}");
    }
    started
}

async fn serve(directory: &Path, options: &[String]) -> Option<Option<Child>> {
    let mut process = ["redis-server", "valkey-server"]
        .into_iter()
        .find_map(|program| {
            let spawned = Command::new(program)
                .args(["--port", "0", "--save", "", "--dir"])
                .arg(directory)
                .args(options)
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
            return Some(Some(process));
        }
    }
    Some(None)
}
