//! The outer part: starts the inner one, watches over what comes of it, and ends it all.

use std::{
    fs::File,
    io,
    os::unix::process::ExitStatusExt,
    process::{ExitCode, ExitStatus},
    time::Duration,
};

use rustix::{
    process::{Pid, getpid, getppid, set_child_subreaper},
    stdio::{dup2_stdin, dup2_stdout},
};
use tokio::{
    process::Command,
    runtime::Builder,
    signal::unix::{SignalKind, signal},
    time::interval,
};

use super::{Bounds, INSIDE, SUBCOMMAND, say, tree};

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// What shells add to the number of the signal that ended a process.
const SIGNALLED: i32 = 128;
/// Ends a process that has used its CPU time.
const SIGXCPU: i32 = 24;

/// Why it is over.
enum Over {
    /// The process ended.
    Ended(ExitStatus),
    /// We were asked to end it, or nobody is left to ask.
    Told,
    /// It used too much.
    Excess(String),
}

/// Runs a process within `bounds`, of which `argument` is the text, to its end.
pub(super) fn keep(bounds: &Bounds, argument: &str) -> io::Result<ExitCode> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let over = runtime.block_on(watch(bounds, argument))?;
    tree::end();
    Ok(match over {
        Over::Ended(status) => exit_code(status, bounds.limits.cpu_seconds),
        Over::Told => ExitCode::SUCCESS,
        Over::Excess(what) => {
            say(&format!("kaos ended it: {what}"));
            ExitCode::FAILURE
        }
    })
}

async fn watch(bounds: &Bounds, argument: &str) -> io::Result<Over> {
    let parent = getppid();
    // What its children leave behind becomes ours, so that nothing gets away.
    set_child_subreaper(Some(getpid()))?;
    let mut told = signal(SignalKind::terminate())?;
    let mut child = Command::new(std::env::current_exe()?)
        .args([SUBCOMMAND, INSIDE, argument])
        .spawn()?;
    let leader = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
    // When it closes its ends of these, they are closed.
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&nothing)?;
    dup2_stdout(&nothing)?;
    let mut look = interval(LOOK);
    loop {
        tokio::select! {
            status = child.wait() => return Ok(Over::Ended(status?)),
            _ = told.recv() => return Ok(Over::Told),
            _ = look.tick() => {
                if getppid() != parent {
                    return Ok(Over::Told);
                }
                if let Some(what) = tree::excess(&bounds.limits, leader) {
                    return Ok(Over::Excess(what));
                }
            }
        }
    }
}

/// The process's own code; that of a shell where a signal ended it.
fn exit_code(status: ExitStatus, cpu_seconds: u64) -> ExitCode {
    if status.signal() == Some(SIGXCPU) {
        say(&format!(
            "kaos ended it: it used more than {cpu_seconds} s of CPU time"
        ));
    }
    let code = status.code();
    let code = code.or_else(|| Some(SIGNALLED + status.signal()?));
    code.and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from)
}
