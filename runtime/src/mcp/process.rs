//! The child process of an MCP server: how it is started, heard and ended.

use std::{
    io,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use api::{
    plan::{McpRuntime, McpServerPlan, Secret},
    resources::mcp_server::McpTransport,
};
use serde_json::json;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
    time::timeout,
};

use super::{
    Server, Shared,
    contain::{self, Bounds, Limits, Writes},
    words::Words,
};

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
/// Tells a process that serves HTTP where to listen.
const PORT: &str = "PORT";

/// A running process, apart from its streams.
pub(super) struct Process {
    child: Child,
    /// The process group it leads; what it started may outlive it there.
    group: Option<u32>,
    /// Whether somebody watches over it who can be asked to end it all.
    is_contained: bool,
    words: Words,
    /// Reads standard error to its end.
    listening: Option<JoinHandle<()>>,
}

/// Where a process speaks MCP.
pub(super) enum Reach {
    /// On its standard output and input.
    Streams(ChildStdout, ChildStdin),
    /// At this URL, by this transport.
    Url(String, McpTransport),
}

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
    #[error("failed to find a free port: {0}")]
    FindPort(io::Error),
    #[error("failed to make its working directory: {0}")]
    MakeFolder(io::Error),
    #[error("its arguments cannot be passed on: {0}")]
    PassArguments(serde_json::Error),
}

/// What is run.
struct Program {
    path: PathBuf,
    arguments: Vec<String>,
    transport: McpTransport,
}

impl Process {
    /// Starts what the server's plan says, in its own process group and with no other environment
    /// than the settings' and the plan's.
    pub(super) async fn start(
        server: &Server,
        shared: &Shared,
    ) -> Result<(Self, Reach), StartError> {
        let Server { plan, callers, .. } = server;
        let program = Program::of(plan, shared)?;
        let at = match program.transport {
            McpTransport::Stdio => None,
            McpTransport::Http => Some((free_port()?, "mcp")),
            McpTransport::Sse => Some((free_port()?, "sse")),
        };
        let (mut env, folders) = (shared.settings.base_env.clone(), folders(plan, shared)?);
        if let Some((work, home)) = &folders {
            for (name, folder) in [("HOME", home), ("TMPDIR", work)] {
                env.push((name.to_owned(), folder.to_string_lossy().into_owned()));
            }
        }
        env.extend(declared(plan));
        env.extend(at.map(|(port, _)| (PORT.to_owned(), port.to_string())));
        let (path, transport) = (program.path.clone(), program.transport);
        let mut command = program.command(plan, shared, &env, folders)?;
        command
            .env_clear()
            .envs(env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command
            .spawn()
            .map_err(|source| not_started(plan, &path, source))?;
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            unreachable!("all three streams were asked for");
        };
        let secrets: Vec<Secret> = plan.env.iter().map(|(_, value)| value.clone()).collect();
        let (words, listener) = Words::new(plan.id.to_string(), secrets, callers.clone());
        let process = Self {
            group: child.id(),
            child,
            is_contained: shared.settings.containment.is_some(),
            listening: Some(shared.tracker.spawn(listener.listen(stderr))),
            words: words.clone(),
        };
        if let McpRuntime::PythonString(code) = &plan.runtime {
            let setup = json!({"name": plan.id.name, "code": code});
            // Where this fails, the process has ended, and how it ended says more.
            stdin.write_all(format!("{setup}\n").as_bytes()).await.ok();
        }
        let reach = match at {
            None => Reach::Streams(stdout, stdin),
            Some((port, at)) => {
                // What it prints is not how it answers.
                let listener = words.another_listener();
                shared.tracker.spawn(listener.listen(stdout));
                Reach::Url(format!("http://127.0.0.1:{port}/{at}"), transport)
            }
        };
        Ok((process, reach))
    }

    /// What it says besides answering.
    pub(super) fn words(&self) -> &Words {
        &self.words
    }

    /// Waits until the process ends by itself, and says how.
    pub(super) async fn ended(&mut self) -> String {
        let how = match self.child.wait().await {
            Ok(status) => format!("the process ended with {status}"),
            Err(error) => format!("the process was lost: {error}"),
        };
        // What it wrote last may not have been read yet; what it started may keep the pipe open.
        if let Some(listening) = self.listening.take() {
            timeout(LISTEN, listening).await.ok();
        }
        self.with_last_words(how)
    }

    /// `how` it failed, with what it said last, which often says why.
    pub(super) fn with_last_words(&self, how: String) -> String {
        match self.words.last() {
            words if words.is_empty() => how,
            words => format!("{how}; it last said: {words}"),
        }
    }

    /// Ends the process, its input being closed: it may finish, then it and all it started is
    /// killed.
    pub(super) async fn end(mut self) {
        if timeout(GRACE, self.child.wait()).await.is_ok() {
            kill_group(self.group);
        } else {
            self.kill().await;
        }
    }

    /// Ends the process and all it started, now.
    pub(super) async fn kill(mut self) {
        if self.is_contained {
            // Only who watches over it knows what has left its group.
            terminate(self.group);
            timeout(GRACE, self.child.wait()).await.ok();
        }
        kill_group(self.group);
        // Already ended is as good.
        self.child.kill().await.ok();
    }
}

impl Program {
    fn of(plan: &McpServerPlan, shared: &Shared) -> Result<Self, StartError> {
        match &plan.runtime {
            McpRuntime::PythonString(_) => Ok(Self {
                path: shared.settings.python.clone(),
                arguments: ["-I", "-u", "-c", PYTHON_STRING]
                    .map(str::to_owned)
                    .to_vec(),
                transport: McpTransport::Stdio,
            }),
            McpRuntime::Command { argv, transport } => {
                let (program, arguments) = argv.split_first().ok_or(StartError::NameCommand)?;
                Ok(Self {
                    path: program.into(),
                    arguments: arguments.to_vec(),
                    transport: *transport,
                })
            }
            McpRuntime::Url { .. } => unreachable!("a server elsewhere has no process"),
        }
    }

    /// The command that runs it, within bounds where there are any.
    fn command(
        self,
        plan: &McpServerPlan,
        shared: &Shared,
        env: &[(String, String)],
        folders: Option<(PathBuf, PathBuf)>,
    ) -> Result<Command, StartError> {
        let arguments = self.arguments.iter().map(|text| expanded(text, env));
        let (Some(containment), Some((work, home))) = (&shared.settings.containment, folders)
        else {
            let mut command = Command::new(&self.path);
            command.args(arguments);
            return Ok(command);
        };
        let Some(program) = contain::find(&self.path, env) else {
            return Err(not_found(plan, &self.path));
        };
        let program = program.to_string_lossy().into_owned();
        let limits = Limits::default();
        let bounds = Bounds {
            argv: std::iter::once(program).chain(arguments).collect(),
            work,
            home,
            hidden: containment.hidden.clone(),
            writes: match plan.runtime {
                McpRuntime::PythonString(_) => Writes::Nowhere,
                McpRuntime::Command { .. } | McpRuntime::Url { .. } => Writes::Anywhere,
            },
            limits: Limits {
                memory: plan.memory.unwrap_or(limits.memory),
                ..limits
            },
        };
        let command = containment.command(&bounds);
        command.map_err(StartError::PassArguments)
    }
}

/// The folders of a process that is contained.
fn folders(
    plan: &McpServerPlan,
    shared: &Shared,
) -> Result<Option<(PathBuf, PathBuf)>, StartError> {
    let containment = shared.settings.containment.as_ref();
    let folders = containment.map(|containment| containment.folders(&plan.id));
    folders.transpose().map_err(StartError::MakeFolder)
}

/// The variables that the plan declares.
fn declared(plan: &McpServerPlan) -> impl Iterator<Item = (String, String)> {
    let declared = plan.env.iter();
    declared.map(|(name, value)| (name.clone(), value.expose().to_owned()))
}

/// A port that was free a moment ago; the process finds out if it no longer is.
fn free_port() -> Result<u16, StartError> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(StartError::FindPort)?;
    let address = listener.local_addr().map_err(StartError::FindPort)?;
    Ok(address.port())
}

/// `text` with each `$(NAME)` replaced by that variable, as Kubernetes does it: an unknown one stays,
/// and `$$` is a dollar sign.
fn expanded(text: &str, env: &[(String, String)]) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            expanded.push('$');
            rest = after;
            continue;
        }
        let named = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let value = |name: &str| env.iter().rev().find(|(known, _)| known == name);
        match named.and_then(|(name, after)| Some((value(name)?, after))) {
            Some(((_, value), after)) => {
                expanded.push_str(value);
                rest = after;
            }
            None => expanded.push('$'),
        }
    }
    expanded + rest
}

fn not_started(plan: &McpServerPlan, path: &Path, source: io::Error) -> StartError {
    if source.kind() == io::ErrorKind::NotFound {
        return not_found(plan, path);
    }
    let program = path.to_string_lossy().into_owned();
    StartError::Spawn { program, source }
}

fn not_found(plan: &McpServerPlan, path: &Path) -> StartError {
    let program = path.to_string_lossy().into_owned();
    match plan.runtime {
        McpRuntime::PythonString(_) => StartError::FindPython(program),
        McpRuntime::Command { .. } | McpRuntime::Url { .. } => StartError::FindCommand(program),
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

/// Asks a process to end.
#[cfg(unix)]
fn terminate(process: Option<u32>) {
    use rustix::process::{Pid, Signal, kill_process};

    let process = process.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    if let Some(process) = process {
        // Already ended is as good.
        kill_process(process, Signal::TERM).ok();
    }
}

#[cfg(not(unix))]
fn kill_group(_leader: Option<u32>) {}

#[cfg(not(unix))]
fn terminate(_process: Option<u32>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_as_kubernetes_does_it() {
        let env = [("PORT", "8123"), ("PORT", "9000"), ("EMPTY", "")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        for (text, expect) in [
            ("--port=$(PORT)", "--port=9000"),
            ("$(PORT)$(EMPTY)$(PORT)", "90009000"),
            ("$(UNKNOWN) $PORT $(", "$(UNKNOWN) $PORT $("),
            ("$$(PORT) costs 5$$", "$(PORT) costs 5$"),
        ] {
            assert_eq!(expanded(text, &env), expect);
        }
    }
}
