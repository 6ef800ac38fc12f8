//! A process and all it started: how many they are, what they use, and how they end.
//!
//! The one who asks has to be their subreaper, so that nothing they start ever leaves the tree.

use std::{collections::HashSet, fs, thread, time::Duration};

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, waitpid};

use super::Limits;

/// How often the tree is cut before it is given up.
const CUTS: usize = 100;
/// The wait between two cuts.
const BETWEEN_CUTS: Duration = Duration::from_millis(10);

/// What the tree below us uses too much of, said for people.
pub(super) fn excess(limits: &Limits, leader: Option<Pid>) -> Option<String> {
    let all = below_us();
    reap(&all, leader);
    if all.len() > limits.processes {
        return Some(format!("it had more than {} processes", limits.processes));
    }
    // What processes share counts for each of them in the first sum, and is divided in the second,
    // which takes the kernel longer.
    let uses = |file: &str, field: &str| -> u64 {
        all.iter()
            .filter_map(|pid| kilobytes(*pid, file, field))
            .sum()
    };
    let most = limits.memory / 1024;
    let too_much = uses("status", "RssAnon:") > most && uses("smaps_rollup", "Pss:") > most;
    too_much.then(|| format!("it used more than {} MiB of memory", most / 1024))
}

/// Ends everything below us. Nothing is left, however fast it multiplies: what is stopped starts
/// nothing more.
pub(super) fn end() {
    for _ in 0..CUTS {
        let mut stopped = HashSet::new();
        loop {
            let all = below_us();
            if all.is_empty() {
                return;
            }
            let new: Vec<Pid> = all.into_iter().filter(|pid| stopped.insert(*pid)).collect();
            if new.is_empty() {
                break;
            }
            signal(&new, Signal::STOP);
        }
        let all = below_us();
        signal(&all, Signal::KILL);
        reap(&all, None);
        thread::sleep(BETWEEN_CUTS);
    }
}

fn signal(pids: &[Pid], signal: Signal) {
    for pid in pids {
        // It may have ended already.
        kill_process(*pid, signal).ok();
    }
}

/// Takes leave of those that have ended and whose parent has too; `leader` is waited for elsewhere.
fn reap(pids: &[Pid], leader: Option<Pid>) {
    for pid in pids.iter().filter(|pid| Some(**pid) != leader) {
        // Those that live, or are somebody else's, are no matter.
        waitpid(Some(*pid), WaitOptions::NOHANG).ok();
    }
}

fn below_us() -> Vec<Pid> {
    let mut all = children(getpid());
    let mut at = 0;
    while let Some(pid) = all.get(at) {
        all.extend(children(*pid));
        at += 1;
    }
    all
}

/// The children of all threads of a process.
fn children(pid: Pid) -> Vec<Pid> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten();
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok())
        .flat_map(|children| pids(&children))
        .collect()
}

fn pids(text: &str) -> Vec<Pid> {
    let numbers = text
        .split_whitespace()
        .filter_map(|number| number.parse().ok());
    numbers.filter_map(Pid::from_raw).collect()
}

/// A figure of a file in `/proc`.
fn kilobytes(pid: Pid, file: &str, field: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
    let figure = text.lines().find_map(|line| line.strip_prefix(field))?;
    figure.split_whitespace().next()?.parse().ok()
}
