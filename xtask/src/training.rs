//! What the compiler of a release is told of which code is used most: a profile of a program under load.
//!
//! The profile is a file of the repository, so that who builds a release need not train one. It fits the
//! code it was made of; of what has changed since, the compiler knows nothing, and guesses as it always
//! does. `cargo xtask train` makes it anew.

use std::{
    env::consts::EXE_SUFFIX,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::{
    bench,
    console::{run as run_command, say},
    site,
    workspace::Workspace,
};

/// Where the profile is kept.
const PROFILE: &str = "server/kaos.profdata";
/// What a program under training does, as parts of the measurements.
const LESSONS: [&str; 2] = ["throughput", "latency"];

/// Lets cargo build a release with the profile. Its flags are added to those of the repository.
pub(crate) fn apply(workspace: &Workspace, cargo: &mut Command) {
    let profile = workspace.root.join(PROFILE);
    add_flag(cargo, &format!("-Cprofile-use={}", profile.display()));
    // Functions that changed since are no news.
    add_flag(cargo, "-Cllvm-args=-no-pgo-warn-mismatch");
}

fn add_flag(cargo: &mut Command, flag: &str) {
    cargo.args(["--config", &format!("build.rustflags=[{flag:?}]")]);
}

/// Builds a program that counts what it does, gives it work, and keeps what it counted.
pub(crate) fn train(workspace: &Workspace) -> Result<()> {
    let merge = profdata_program()?;
    let folder = workspace.target.join("training");
    let counted = folder.join("counted");
    if counted.exists() {
        fs::remove_dir_all(&counted)
            .context("failed to remove the counts of an earlier training")?;
    }
    site::ensure_folder(workspace)?;
    let mut cargo = workspace.cargo();
    add_flag(&mut cargo, "-Cprofile-generate");
    cargo.args(bench::RELEASE).arg("--target-dir").arg(&folder);
    // Build scripts and macros count as well, wherever they run and each time anew; two files for each of
    // them take all that.
    cargo.env("LLVM_PROFILE_FILE", folder.join("build-%2m.profraw"));
    run_command("building a program to train", &mut cargo)?;
    let program = |name: &str| folder.join("release").join(format!("{name}{EXE_SUFFIX}"));
    for lesson in LESSONS {
        let mut bench = Command::new(program("bench"));
        bench.arg("--kaos").arg(program("kaos"));
        bench.arg("--mock-model").arg(program("mock-model"));
        bench.args(["--may-miss", "--only", lesson]);
        bench.env("LLVM_PROFILE_FILE", counted.join("%m-%p.profraw"));
        run_command("training", &mut bench)?;
    }
    let mut merging = Command::new(merge);
    merging.args(["merge", "--sparse", "--output"]);
    merging.arg(workspace.root.join(PROFILE)).arg(&counted);
    run_command("keeping what was counted", &mut merging)?;
    say(&format!(
        "{PROFILE} is new; the next release is built with it"
    ));
    Ok(())
}

/// The merging program of the compiler's own LLVM: another one may write what this one cannot read.
fn profdata_program() -> Result<PathBuf> {
    let answer = Command::new("rustc")
        .args(["--print", "target-libdir"])
        .output()
        .context("failed to ask rustc where its parts are")?;
    let libraries = String::from_utf8(answer.stdout).context("rustc's answer is no text")?;
    let parts = Path::new(libraries.trim())
        .parent()
        .unwrap_or(Path::new(""));
    let program = parts.join("bin").join(format!("llvm-profdata{EXE_SUFFIX}"));
    ensure!(
        program.is_file(),
        "the compiler's llvm-profdata is missing; install it with `rustup component add llvm-tools`"
    );
    Ok(program)
}
