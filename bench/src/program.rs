//! A program under measurement: started, known by the address it prints, and ended with this one.

use std::{fs, net::SocketAddr, path::Path, process::Stdio, time::Duration};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    task::JoinSet,
};

const READY_WITHIN: Duration = Duration::from_mins(1);

/// A program that runs; it is killed when this is dropped.
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
        .envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "HOME"))
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
