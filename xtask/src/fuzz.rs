//! `cargo xtask fuzz`: broken requests and hostile questions to the telemetry store, for as long as is
//! wanted. `cargo test` has a short run of the same.

use anyhow::Result;

use crate::{console::run as run_command, workspace::Workspace};

/// Runs for some seconds; what fails says with which seed.
pub(crate) fn run(workspace: &Workspace, seconds: u64) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--release", "--package", "traces", "--test", "it"]);
    cargo.args(["--", "hostile"]);
    cargo.env("KAOS_FUZZ_SECONDS", seconds.to_string());
    run_command("sending what nobody means well with", &mut cargo)
}
