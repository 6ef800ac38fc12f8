//! `cargo xtask check`: what needs no running: formatting, lints, layers.

use anyhow::{Result, bail};

use crate::{
    console::{run as run_command, say},
    layers, site, wasm_target,
    workspace::Workspace,
};

type Check = fn(&Workspace) -> Result<()>;

/// Runs every check even when one fails, so that one run tells all that is to be done.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let checks: [(&str, Check); 4] = [
        ("formatting", formatting),
        ("lints of the server side", server_lints),
        ("lints of the browser part", browser_lints),
        ("layers", layers::run),
    ];
    let mut failed = Vec::new();
    for (name, check) in checks {
        if let Err(error) = check(workspace) {
            say(&format!("{error:#}"));
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("these checks failed: {}", failed.join(", "));
    }
    Ok(())
}

fn formatting(workspace: &Workspace) -> Result<()> {
    run_command(
        "checking the formatting",
        workspace.cargo().args(["fmt", "--all", "--check"]),
    )
}

fn server_lints(workspace: &Workspace) -> Result<()> {
    site::ensure_folder(workspace)?;
    let mut cargo = workspace.cargo();
    cargo.args([
        "clippy",
        "--workspace",
        "--exclude",
        "frontend",
        "--all-targets",
    ]);
    cargo.args(["--", "-D", "warnings"]);
    run_command("checking the lints of the server side", &mut cargo)
}

/// Apart from the rest: in one call, `app` would get its server and its browser features together.
fn browser_lints(workspace: &Workspace) -> Result<()> {
    let library = wasm_target::ensure()?;
    let mut cargo = workspace.cargo();
    cargo.args(["clippy", "--package", "frontend"]);
    library.add_to(&mut cargo);
    cargo.args(["--", "-D", "warnings"]);
    run_command("checking the lints of the browser part", &mut cargo)
}
