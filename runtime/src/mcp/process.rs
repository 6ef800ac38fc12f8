//! The child process of an MCP server: how it is started, heard and ended.

use std::{
    io,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use api::plan::{McpRuntime, McpServerPlan, Secret};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
};
use tokio_util::task::TaskTracker;

use super::McpSettings;

/// The program that serves a text of Python functions over standard input and output.
const PYTHON_STRING: &str = concat!(
    include_str!("python_string/hints.py"),
    "\n\n",
    include_str!("python_string/serve.py")
);
/// How long a process may take to end once its input is closed.
const GRACE: Duration = Duration::from_secs(2);
/// How long to wait for the last words of a process that has ended.
const LISTEN: Duration = Duration::from_millis(500);
/// The longest line of standard error kept in one piece.
const MAX_LINE: u64 = 4096;

/// A running process, apart from its streams.
pub(super) struct Process {
    child: Child,
    /// The process group it leads; what it started may outlive it there.
    group: Option<u32>,
    last_words: LastWords,
    /// Reads standard error to its end.
    listening: Option<JoinHandle<()>>,
}

/// The last line a process wrote to standard error; it often says why it ended.
#[derive(Clone)]
struct LastWords {
    line: Arc<Mutex<String>>,
    /// What the process was given and must not repeat in a status or a log.
    secrets: Arc<[Secret]>,
}

/// Where a process speaks MCP.
pub(super) type Streams = (ChildStdout, ChildStdin);

/// Why a process could not be started.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error("{0} was not found; install Python 3 and make sure that it is on the PATH")]
    FindPython(String),
    #[error("the command \"{0}\" was not found; install it and make sure that it is on the PATH")]
    FindCommand(String),
    #[error("no command was given; list the program and its arguments")]
    NameCommand,
    #[error("failed to start \"{program}\": {source}")]
    Spawn { program: String, source: io::Error },
}

impl Process {
    /// Starts what `plan` says, in its own process group and with no other environment than the
    /// settings' and the plan's.
    pub(super) async fn start(
        plan: &McpServerPlan,
        settings: &McpSettings,
        tracker: &TaskTracker,
    ) -> Result<(Self, Streams), StartError> {
        let mut command = command(plan, settings)?;
        command
            .env_clear()
            .envs(settings.base_env.iter().map(|(name, value)| (name, value)))
            .envs(plan.env.iter().map(|(name, value)| (name, value.expose())))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command
            .spawn()
            .map_err(|source| not_started(plan, &command, source))?;
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            unreachable!("all three streams were asked for");
        };
        let last_words = LastWords {
            line: Arc::default(),
            secrets: plan.env.iter().map(|(_, value)| value.clone()).collect(),
        };
        let listening = last_words.clone().listen(plan.id.to_string(), stderr);
        let process = Self {
            group: child.id(),
            child,
            last_words,
            listening: Some(tracker.spawn(listening)),
        };
        if let McpRuntime::PythonString(code) = &plan.runtime {
            let setup = json!({"name": plan.id.name, "code": code});
            // Where this fails, the process has ended, and how it ended says more.
            stdin.write_all(format!("{setup}\n").as_bytes()).await.ok();
        }
        Ok((process, (stdout, stdin)))
    }

    /// Waits until the process ends by itself, and says how.
    pub(super) async fn ended(&mut self) -> String {
        let how = match self.child.wait().await {
            Ok(status) => format!("the process ended with {status}"),
            Err(error) => format!("the process was lost: {error}"),
        };
        // What it wrote last may not have been read yet; what it started may keep the pipe open.
        if let Some(listening) = self.listening.take() {
            tokio::time::timeout(LISTEN, listening).await.ok();
        }
        match self.last_words.get() {
            words if words.is_empty() => how,
            words => format!("{how}; it last said: {words}"),
        }
    }

    /// Ends the process, its input being closed: it may finish, then it and all it started is
    /// killed.
    pub(super) async fn end(mut self) {
        let ended = tokio::time::timeout(GRACE, self.child.wait()).await;
        kill_group(self.group);
        if ended.is_err() {
            // Already ended is as good.
            self.child.kill().await.ok();
        }
    }
}

impl LastWords {
    fn get(&self) -> String {
        let words = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        words.clone()
    }

    fn without_secrets(&self, text: &str) -> String {
        let hide = |text: String, secret: &Secret| secret.hide_in(&text);
        self.secrets.iter().fold(text.to_owned(), hide)
    }

    /// Logs what a process writes to standard error, and keeps its last line.
    async fn listen(self, server: String, stderr: ChildStderr) {
        let mut reader = BufReader::new(stderr);
        let mut line = Vec::new();
        loop {
            line.clear();
            let mut bounded = (&mut reader).take(MAX_LINE);
            match bounded.read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&line);
            let text = self.without_secrets(text.trim_end());
            if !text.is_empty() {
                tracing::debug!(mcp.server = server, "{text}");
                *self.line.lock().unwrap_or_else(PoisonError::into_inner) = text;
            }
        }
    }
}

fn command(plan: &McpServerPlan, settings: &McpSettings) -> Result<Command, StartError> {
    match &plan.runtime {
        McpRuntime::PythonString(_) => {
            let mut command = Command::new(&settings.python);
            command.args(["-I", "-u", "-c", PYTHON_STRING]);
            Ok(command)
        }
        McpRuntime::Command(argv) => {
            let (program, arguments) = argv.split_first().ok_or(StartError::NameCommand)?;
            let mut command = Command::new(program);
            command.args(arguments);
            Ok(command)
        }
    }
}

fn not_started(plan: &McpServerPlan, command: &Command, source: io::Error) -> StartError {
    let program = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    if source.kind() != io::ErrorKind::NotFound {
        return StartError::Spawn { program, source };
    }
    match plan.runtime {
        McpRuntime::PythonString(_) => StartError::FindPython(program),
        McpRuntime::Command(_) => StartError::FindCommand(program),
    }
}

/// Kills what is left of the process group that the process leads.
#[cfg(unix)]
fn kill_group(leader: Option<u32>) {
    use rustix::process::{Pid, Signal, kill_process_group};

    let leader = leader.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    if let Some(leader) = leader {
        // An empty group is what one hopes for.
        kill_process_group(leader, Signal::KILL).ok();
    }
}

#[cfg(not(unix))]
fn kill_group(_leader: Option<u32>) {}
