//! `cargo xtask bench`: measurements of the whole program, as it is handed on.

use std::{env::consts::EXE_SUFFIX, process::Command};

use anyhow::Result;

use crate::{console::run as run_command, servers, site, training, workspace::Workspace};

/// Cargo's arguments for the programs of a release: together, so that the crates they share are compiled
/// once, and the same for all that want one of them.
pub(crate) const RELEASE: [&str; 7] = [
    "build",
    "--release",
    "--bins",
    "--package",
    "server",
    "--package",
    "bench",
];

/// Builds what is measured and what measures, and lets the latter print its table.
///
/// The dashboard is not rebuilt: nothing that is measured uses it.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    site::ensure_folder(workspace)?;
    let mut cargo = workspace.cargo();
    cargo.args(RELEASE);
    training::apply(workspace, &mut cargo);
    run_command("building the release to measure", &mut cargo)?;
    let program = |name: &str| {
        workspace
            .target
            .join("release")
            .join(format!("{name}{EXE_SUFFIX}"))
    };
    let mut bench = Command::new(program("bench"));
    bench.arg("--kaos").arg(program("kaos"));
    bench.arg("--mock-model").arg(program("mock-model"));
    // The Collector that telemetry is exported to, and the Jaeger that the store is compared with.
    bench.envs(servers::ensure_for_tests(workspace)?);
    run_command("measuring", bench.args(arguments))
}
