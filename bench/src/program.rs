//! A program under measurement: started, known by the address it prints, and ended with this one.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    task::JoinSet,
};

const READY_WITHIN: Duration = Duration::from_mins(1);
/// What a program under training needs to leave its profile where it is told to.
const VARIABLES: [&str; 3] = ["PATH", "HOME", "LLVM_PROFILE_FILE"];
/// How long it may take to end when it is asked to; then it is killed.
const END_WITHIN: Duration = Duration::from_secs(10);

/// A program that runs; it ends when this is dropped.
pub(crate) struct Program {
    child: Child,
    pub(crate) addr: SocketAddr,
    /// What it says from now on must not fill the pipe.
    _output: JoinSet<()>,
}

/// Starts a program and waits until it prints a line that ends with its address.
pub(crate) async fn start(program: &Path, arguments: &[&str]) -> anyhow::Result<Program> {
    start_with(program, arguments, &[]).await
}

/// The same with variables of the environment.
pub(crate) async fn start_with(
    program: &Path,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> anyhow::Result<Program> {
    let shown = program.display();
    let mut child = Command::new(program)
        .args(arguments)
        // Ours, not what the person who measures has set for other runs.
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| VARIABLES.iter().any(|kept| name == kept)))
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("failed to start {shown}"))?;
    let stdout = child.stdout.take().context("there is no output to read")?;
    let mut lines = BufReader::new(stdout).lines();
    let addr = tokio::time::timeout(READY_WITHIN, address(&mut lines))
        .await
        .with_context(|| format!("{shown} is not ready within {READY_WITHIN:?}"))?
        .with_context(|| format!("{shown} did not say where it is"))?;
    let mut output = JoinSet::new();
    output.spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok(Program {
        child,
        addr,
        _output: output,
    })
}

async fn address(lines: &mut Lines<BufReader<ChildStdout>>) -> anyhow::Result<SocketAddr> {
    while let Some(line) = lines.next_line().await? {
        let address = line.rsplit_once("http://").map(|(_, address)| address);
        if let Some(address) = address.and_then(|address| address.parse().ok()) {
            return Ok(address);
        }
    }
    bail!("it ended before it was ready")
}

impl Program {
    /// Bytes in memory now, as Linux counts them.
    pub(crate) fn resident(&self) -> anyhow::Result<u64> {
        let id = self.child.id().context("the program has ended")?;
        let status = fs::read_to_string(format!("/proc/{id}/status"))
            .context("failed to read how much memory a program uses; this needs Linux")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        let kilobytes: u64 = kilobytes.context("no VmRSS")?.parse()?;
        Ok(kilobytes * 1024)
    }
}

#[cfg(unix)]
impl Drop for Program {
    fn drop(&mut self) {
        use rustix::process::{Pid, Signal, kill_process};

        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        let Some(id) = id.and_then(Pid::from_raw) else {
            return;
        };
        let asked = kill_process(id, Signal::TERM);
        let since = Instant::now();
        while asked.is_ok()
            && since.elapsed() < END_WITHIN
            && self.child.try_wait().is_ok_and(|status| status.is_none())
        {
            thread::sleep(Duration::from_millis(10));
        }
    }
}
