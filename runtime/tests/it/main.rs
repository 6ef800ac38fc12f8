//! Agents at work, seen by their clients: answers, limits, bad input, runs, cancellation.

#![expect(
    clippy::unwrap_used,
    reason = "clippy does not count functions that tests share as tests"
)]

mod bad_input;
mod callers_tools;
mod cancellation;
mod elsewhere;
mod failures;
mod leaks;
mod limits;
mod modes;
mod replay;
mod runs;
mod served;
mod sessions;
mod streaming;
mod support;
mod usage;
