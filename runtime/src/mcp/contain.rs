//! Keeps a local process within bounds: what it may use, and what it may see.
//!
//! Rust starts a program in one step, so what has to happen to a process before it becomes that
//! program, happens in a program of its own: ours, asked to `contain`. It runs twice. The outer one
//! stays. It watches what the process and all it starts use together, and ends them all: with the
//! process, with us, or when they use too much. The inner one takes limits and a narrower view upon
//! itself, and becomes the process.

#[cfg(target_os = "linux")]
mod inside;
#[cfg(target_os = "linux")]
mod outside;
#[cfg(target_os = "linux")]
mod tree;

#[cfg(target_os = "linux")]
use std::process::ExitCode;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

use api::plan::ResourceId;
use serde::{Deserialize, Serialize};
use tokio::process::Command;

/// The subcommand of our own program.
const SUBCOMMAND: &str = "contain";
/// Says that this is the inner of the two.
#[cfg(target_os = "linux")]
const INSIDE: &str = "--inside";

/// Where local processes are contained, and by what.
#[derive(Clone, Debug)]
pub struct Containment {
    /// Our own program.
    pub program: PathBuf,
    /// A folder that no process may read or write, but for its own in there.
    pub hidden: PathBuf,
}

/// What one process is held to; an argument of the program that does it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Bounds {
    /// The program and its arguments.
    pub(super) argv: Vec<String>,
    /// Its working directory, which is its own.
    pub(super) work: PathBuf,
    /// Its home, which is its own and outlives it.
    pub(super) home: PathBuf,
    /// A folder that it may not see, but for those two.
    pub(super) hidden: PathBuf,
    /// Where else it may write.
    pub(super) writes: Writes,
    /// What it may use.
    pub(super) limits: Limits,
}

/// Where a process may write, besides its own folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Writes {
    /// Nowhere.
    Nowhere,
    /// Wherever it may read.
    Anywhere,
}

/// What a process may use. Where it says so, all that it starts counts too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Limits {
    /// Bytes of memory, in all.
    pub(super) memory: u64,
    /// Processes, in all.
    pub(super) processes: usize,
    /// Files open at a time.
    pub(super) open_files: u64,
    /// Bytes of each file it writes.
    pub(super) file_bytes: u64,
    /// Seconds of CPU time, from its start.
    pub(super) cpu_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 1024 * 1024 * 1024,
            processes: 64,
            open_files: 1024,
            file_bytes: 1024 * 1024 * 1024,
            cpu_seconds: 3600,
        }
    }
}

impl Containment {
    /// The folders of a server's process: an empty one to work in, and its home.
    pub(super) fn folders(&self, id: &ResourceId) -> io::Result<(PathBuf, PathBuf)> {
        let own = self.folder(id);
        let (work, home) = (own.join("work"), own.join("home"));
        match fs::remove_dir_all(&work) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        fs::create_dir_all(&work)?;
        fs::create_dir_all(&home)?;
        Ok((work, home))
    }

    /// Forgets what the processes of a server have left behind.
    pub(super) fn forget(&self, id: &ResourceId) -> io::Result<()> {
        match fs::remove_dir_all(self.folder(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    fn folder(&self, id: &ResourceId) -> PathBuf {
        let folder = self.hidden.join("processes");
        folder.join(&id.namespace).join(&id.name)
    }

    /// The command that runs a program within `bounds`.
    pub(super) fn command(&self, bounds: &Bounds) -> serde_json::Result<Command> {
        let mut command = Command::new(&self.program);
        command.arg(SUBCOMMAND).arg(serde_json::to_string(bounds)?);
        Ok(command)
    }
}

/// Does what `kaos contain` is asked to: either of its two parts.
///
/// `arguments` are what follows the subcommand. What goes wrong is said on standard error, which
/// becomes the last words of the server.
#[cfg(target_os = "linux")]
pub fn contain(arguments: &[String]) -> ExitCode {
    let done = match arguments {
        [bounds] => read(bounds).and_then(|read| outside::keep(&read, bounds)),
        [inside, bounds] if inside == INSIDE => read(bounds).map(|read| inside::become_it(&read)),
        _ => Err(io::Error::other("it is for the use of kaos serve alone")),
    };
    done.unwrap_or_else(|error| {
        say(&format!("the process cannot be contained: {error}"));
        ExitCode::FAILURE
    })
}

#[cfg(target_os = "linux")]
fn read(bounds: &str) -> io::Result<Bounds> {
    serde_json::from_str(bounds).map_err(io::Error::other)
}

#[cfg(target_os = "linux")]
#[expect(
    clippy::print_stderr,
    reason = "the server's standard error is where its words are heard"
)]
fn say(words: &str) {
    eprintln!("{words}");
}

/// The program on the `PATH` of its environment, as a shell would find it.
pub(super) fn find(program: &Path, env: &[(String, String)]) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    let path = env.iter().rev().find(|(name, _)| name == "PATH")?;
    path.1
        .split(':')
        .map(|folder| Path::new(folder).join(program))
        .find(|found| found.is_file())
}
