//! A server as a child process that says in its log where it listens.
//!
//! Both servers are Collectors inside: they read one YAML file and log JSON to standard error.

use std::{
    collections::HashMap,
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, Command},
    task::JoinSet,
};

/// How long a server may take to start. The machine may be busy with other tests.
const START: Duration = Duration::from_mins(2);

/// The last thing a Collector logs before it works.
const READY: &str = "Everything is ready. Begin running and processing data.";

/// A server program that was found.
pub(crate) struct Program(PathBuf);

impl Program {
    /// The program that `variable` names. Where there is none, says that the test is skipped.
    ///
    /// # Panics
    ///
    /// In CI, where no test is skipped.
    pub(crate) fn find(variable: &str) -> Option<Self> {
        if let Some(program) = env::var_os(variable) {
            return Some(Self(program.into()));
        }
        let reason = format!("{variable} names no program; `cargo xtask servers` builds one");
        assert!(env::var_os("CI").is_none(), "{reason}");
        // Past the test harness, which would show it for failed tests only. There is nothing to do
        // about a broken standard output.
        writeln!(std::io::stdout(), "skipped: {reason}").ok();
        None
    }

    /// Starts it with `config`; `listening` are messages of its log that carry an address, each with
    /// the field that has it.
    pub(crate) async fn start(
        &self,
        folder: &Path,
        config: &str,
        listening: &[(&'static str, &str)],
    ) -> Process {
        let file = folder.join("config.yaml");
        fs::write(&file, config).expect("the folder of a test can be written to");
        let mut child = Command::new(&self.0)
            .arg("--config")
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("failed to start {}: {error}", self.0.display()));
        let stderr = child.stderr.take().expect("it was asked for");
        let mut log = BufReader::new(stderr).lines();
        let addresses = tokio::time::timeout(START, until_ready(&mut log, listening));
        let addresses = addresses.await.expect("a server starts in time");
        // What it says from now on must not fill the pipe.
        let mut reading = JoinSet::new();
        reading.spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        Process {
            child,
            addresses,
            _reading: reading,
        }
    }
}

/// Reads the log to the line that says that the server works; the addresses, by message.
async fn until_ready(
    log: &mut Lines<BufReader<ChildStderr>>,
    listening: &[(&'static str, &str)],
) -> HashMap<&'static str, String> {
    let mut addresses = HashMap::new();
    let mut said = Vec::new();
    while let Ok(Some(line)) = log.next_line().await {
        // What is said before the configuration is read is not JSON.
        let event: Value = serde_json::from_str(&line).unwrap_or_default();
        let message = event["msg"].as_str().unwrap_or_default();
        if message == READY {
            return addresses;
        }
        for (wanted, field) in listening {
            if message == *wanted
                && let Some(address) = event[field].as_str()
            {
                addresses.insert(*wanted, format!("http://{address}"));
            }
        }
        said.push(line);
    }
    panic!("the server ended before it was ready: {said:#?}");
}

/// A running server; killed when dropped.
pub(crate) struct Process {
    child: Child,
    addresses: HashMap<&'static str, String>,
    /// Reads what it says, until it is dropped.
    _reading: JoinSet<()>,
}

impl Process {
    /// The URL that was in the log's `message`.
    pub(crate) fn url(&self, message: &str) -> String {
        let url = self.addresses.get(message);
        url.unwrap_or_else(|| panic!("the server did not say \"{message}\""))
            .clone()
    }

    /// Ends it at once and waits until it is gone.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.expect("a child can be killed");
    }
}

/// A new folder for what a server keeps.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a test can make a folder")
}
