//! What the user sees: each step with the seconds since the start, and commands that fail with their name.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
    sync::OnceLock,
    time::Instant,
};

use anyhow::{Context, Error, Result, bail};

static STARTED: OnceLock<Instant> = OnceLock::new();

/// Starts the clock that `say` shows.
pub(crate) fn start() {
    STARTED.get_or_init(Instant::now);
}

/// Prints one line: what happens now.
pub(crate) fn say(what: &str) {
    let seconds = STARTED.get_or_init(Instant::now).elapsed().as_secs_f32();
    println!("[{seconds:6.1} s] {what}");
}

/// Prints why a task failed.
#[expect(clippy::print_stderr, reason = "errors belong on standard error")]
pub(crate) fn say_error(error: &Error) {
    eprintln!("error: {error:#}");
}

/// Runs a command with its output on the terminal.
pub(crate) fn run(what: &str, command: &mut Command) -> Result<()> {
    say(what);
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("failed to start {}", shown(command)))?;
    if !status.success() {
        bail!("{what}: {} ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs a command, shows each line of its standard output and hands it to `each` as well.
///
/// Returns whether it succeeded, so that what was read before a failure still counts.
pub(crate) fn run_lines(
    what: &str,
    command: &mut Command,
    mut each: impl FnMut(&str),
) -> Result<bool> {
    say(what);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("failed to start {}", shown(command)))?;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line.with_context(|| format!("failed to read from {}", shown(command)))?;
            println!("{line}");
            each(&line);
        }
    }
    Ok(child.wait()?.success())
}

/// What a command prints, without the line end; an error when it fails.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("failed to start {}", shown(command)))?;
    if !status.success() {
        let reason = String::from_utf8_lossy(&stderr);
        bail!(
            "{} ended with {status}\n{}",
            shown(command),
            reason.trim_end()
        );
    }
    let text = String::from_utf8(stdout)
        .with_context(|| format!("{} printed something that is not text", shown(command)))?;
    Ok(text.trim_end().to_owned())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    format!("`{}`", words.join(" "))
}
