//! The inner part: takes limits and a narrower view upon itself, and becomes the process.

use std::{
    fs, io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, ExitCode},
};

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};

use super::{Bounds, Limits, Writes, say};

/// The newest rights that are asked for; an older kernel grants what it knows.
const RIGHTS: ABI = ABI::V6;
/// Where the kernel shows processes.
const PROCESSES: &str = "/proc";
/// What a shell says of a program that it cannot run.
const CANNOT_RUN: u8 = 127;

/// Becomes the process. Returns only when it cannot.
pub(super) fn become_it(bounds: &Bounds) -> ExitCode {
    let error = match narrow(bounds) {
        Ok(()) => match bounds.argv.split_first() {
            Some((program, arguments)) => Command::new(program).args(arguments).exec(),
            None => io::Error::other("no program was given"),
        },
        Err(error) => error,
    };
    let program = bounds.argv.first().map_or("it", String::as_str);
    say(&format!("{program} cannot be run: {error}"));
    ExitCode::from(CANNOT_RUN)
}

fn narrow(bounds: &Bounds) -> io::Result<()> {
    // Whoever watches over it may be killed; then it goes too.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    limit(&bounds.limits)?;
    std::env::set_current_dir(&bounds.work)?;
    if !hide(bounds).map_err(io::Error::other)? {
        say("this kernel has no Landlock, so the process could read the data of kaos");
    }
    Ok(())
}

fn limit(limits: &Limits) -> io::Result<()> {
    let Limits {
        memory,
        // These can only be counted from outside.
        processes: _,
        open_files,
        file_bytes,
        cpu_seconds,
    } = *limits;
    for (resource, most) in [
        (Resource::Data, memory),
        (Resource::Nofile, open_files),
        (Resource::Fsize, file_bytes),
        (Resource::Core, 0),
    ] {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        setrlimit(resource, limit)?;
    }
    // At its last limit a process is killed without a word; the one before it says why.
    let limit = Rlimit {
        current: Some(cpu_seconds),
        maximum: Some(cpu_seconds + 1),
    };
    setrlimit(Resource::Cpu, limit)?;
    Ok(())
}

/// Hides what is to be hidden, and everything outside from its signals. False where the kernel cannot.
fn hide(bounds: &Bounds) -> Result<bool, RulesetError> {
    let all = AccessFs::from_all(RIGHTS);
    let elsewhere = match bounds.writes {
        Writes::Anywhere => all,
        Writes::Nowhere => AccessFs::from_read(RIGHTS),
    };
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)?
        .scope(Scope::Signal)?
        .create()?;
    // There is no way to except a folder from a rule for one above it, so there is one for each of
    // its neighbours, and for theirs.
    for (folder, leads_on) in bounds
        .hidden
        .ancestors()
        .skip(1)
        .zip(bounds.hidden.ancestors())
    {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            // What a link leads to has a rule of its own, unless it is hidden.
            let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            if entry.path() == Path::new(PROCESSES) {
                rules = allow_own_process(rules, elsewhere)?;
            } else if !is_link && entry.path() != leads_on {
                rules = allow(rules, &entry.path(), elsewhere)?;
            }
        }
    }
    // Terminals, `/dev/null` and shared memory.
    for own in [&bounds.work, &bounds.home, Path::new("/dev")] {
        rules = allow(rules, own, all)?;
    }
    Ok(rules.restrict_self()?.ruleset != RulesetStatus::NotEnforced)
}

/// What the kernel says of itself and of this process, but not of others: their environment holds
/// keys, and root may read it in spite of Landlock's own rule.
fn allow_own_process(
    mut rules: RulesetCreated,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let own = std::process::id().to_string();
    for entry in fs::read_dir(PROCESSES).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_process = name.as_encoded_bytes().iter().all(u8::is_ascii_digit);
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        if !is_link && (!is_process || *name == *own) {
            rules = allow(rules, &entry.path(), access)?;
        }
    }
    Ok(rules)
}

fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    match PathFd::new(path) {
        Ok(found) => rules.add_rule(PathBeneath::new(found, access)),
        // It may have gone, or be nobody's to open.
        Err(_) => Ok(rules),
    }
}
