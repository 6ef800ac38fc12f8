//! The program `kaos` with its dashboard: built, and started with the example agents.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use crate::{
    bench,
    console::{run as run_command, say},
    site::{self, Profile},
    training,
    workspace::Workspace,
};

/// Builds the dashboard first, because a release build takes its files into the program.
pub(crate) fn build(workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
    site::build(workspace, profile)?;
    let mut cargo = workspace.cargo();
    match profile {
        Profile::Dev => {
            cargo.args(["build", "--package", "server"]);
        }
        Profile::Release => {
            cargo.args(bench::RELEASE);
            training::apply(workspace, &mut cargo);
        }
    }
    compile(workspace, profile, &mut cargo)
}

/// Builds the same program out of what the tests have compiled already.
///
/// Tests turn on features of common crates; asking for `server` alone would compile those crates, and
/// all that use them, once more without.
pub(crate) fn build_beside_tests(workspace: &Workspace) -> Result<PathBuf> {
    site::build(workspace, Profile::Dev)?;
    let mut cargo = workspace.cargo();
    cargo.args([
        "build",
        "--workspace",
        "--exclude",
        "frontend",
        "--tests",
        "--bin",
        "kaos",
    ]);
    compile(workspace, Profile::Dev, &mut cargo)
}

/// Builds the program and the scripted model, for tests that see neither pages nor the browser part.
pub(crate) fn build_with_model(workspace: &Workspace) -> Result<(PathBuf, PathBuf)> {
    site::ensure_folder(workspace)?;
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--workspace", "--exclude", "frontend", "--tests"]);
    cargo.args(["--bin", "kaos", "--bin", "mock-model"]);
    let kaos = compile(workspace, Profile::Dev, &mut cargo)?;
    let model = kaos.with_file_name(format!("mock-model{}", env::consts::EXE_SUFFIX));
    Ok((kaos, model))
}

fn compile(workspace: &Workspace, profile: Profile, cargo: &mut Command) -> Result<PathBuf> {
    run_command("building the server", cargo)?;
    let program = program(workspace, profile);
    say(&format!("built {}", shown(workspace, &program)));
    Ok(program)
}

/// Where cargo leaves the program.
fn program(workspace: &Workspace, profile: Profile) -> PathBuf {
    let folder = match profile {
        Profile::Dev => "debug",
        Profile::Release => "release",
    };
    workspace
        .target
        .join(folder)
        .join(format!("kaos{}", env::consts::EXE_SUFFIX))
}

/// Builds and starts `kaos serve --demo`, which prints its address and runs until Ctrl-C.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let program = build(workspace, Profile::Dev)?;
    let mut kaos = Command::new(program);
    kaos.current_dir(&workspace.root)
        .args(["serve", "--demo"])
        .args(arguments);
    say("starting KAOS with the example agents; Ctrl-C stops it");
    become_command(&mut kaos)
}

/// Replaces this process, so that signals reach `kaos` and the shell waits for its shutdown.
#[cfg(unix)]
fn become_command(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;

    Err(anyhow::Error::new(command.exec()).context("failed to start kaos"))
}

#[cfg(not(unix))]
fn become_command(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    anyhow::ensure!(status.success(), "kaos ended with {status}");
    Ok(())
}

fn shown(workspace: &Workspace, path: &Path) -> String {
    path.strip_prefix(&workspace.root)
        .unwrap_or(path)
        .display()
        .to_string()
}
