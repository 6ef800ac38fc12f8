//! `cargo xtask bench`: measurements of the whole program, as it is handed on.

use std::{env::consts::EXE_SUFFIX, path::Path, process::Command};

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
    // The model is the yardstick: compiled without the profile, so that it is the same after each training.
    let yardstick = workspace.target.join("yardstick");
    let mut cargo = workspace.cargo();
    cargo.args([
        "build",
        "--release",
        "--package",
        "bench",
        "--bin",
        "mock-model",
    ]);
    cargo.arg("--target-dir").arg(&yardstick);
    run_command("building the model to compare with", &mut cargo)?;
    let program =
        |target: &Path, name: &str| target.join("release").join(format!("{name}{EXE_SUFFIX}"));
    let mut bench = Command::new(program(&workspace.target, "bench"));
    bench.arg("--kaos").arg(program(&workspace.target, "kaos"));
    bench
        .arg("--mock-model")
        .arg(program(&yardstick, "mock-model"));
    // The Collector that telemetry is exported to, and the Jaeger that the store is compared with.
    bench.envs(servers::ensure_for_tests(workspace)?);
    run_command("measuring", bench.args(arguments))
}
