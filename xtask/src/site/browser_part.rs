//! The wasm and its JavaScript: compiled, split, bound and made small.
//!
//! What every page needs is in one file; what large islands need is in others, which their pages fetch.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context, Result, anyhow};
use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support::Options;

use super::{
    NAME, Profile, create, entries, parts, short,
    trim::{self, Names},
    unused,
};
use crate::{
    console::{run, say},
    wasm_target,
    workspace::Workspace,
};

/// The JavaScript that fetches the parts; the name is given by the macro that marks them.
const LOADER: &str = "./__wasm_split.______________________.js";

/// Leaves the browser part in the folder `package`.
pub(super) fn build(workspace: &Workspace, profile: Profile, package: &Path) -> Result<()> {
    let wasm = compile(workspace, profile)?;
    let stamp = workspace.target.join("xtask-site");
    let output = package.join(format!("{NAME}_bg.wasm"));
    let stamped = fs::read_to_string(&stamp).is_ok_and(|of| of == profile.name());
    if stamped && changed(&output)? >= changed(&wasm)? {
        say("the browser part has not changed");
        return Ok(());
    }
    super::empty(package)?;
    create(package)?;
    let main = split(profile, &wasm, package)?;
    bind(profile, &main, package)?;
    fs::remove_file(&main).with_context(|| format!("failed to remove {}", main.display()))?;
    let kilobytes = fs::metadata(&output)?.len() / 1000;
    say(&format!("{NAME}_bg.wasm has {kilobytes} kB"));
    fs::write(&stamp, profile.name())
        .with_context(|| format!("failed to write {}", stamp.display()))
}

fn compile(workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
    let library = wasm_target::ensure()?;
    let mut cargo = workspace.cargo();
    cargo.args(["rustc", "--package", "frontend"]);
    library.add_to(&mut cargo);
    let folder = match profile {
        // Not a profile of its own: that would compile all procedural macros once more. Unoptimised wasm
        // would be ten times as large and slow the page more than it saves here.
        Profile::Dev => {
            cargo
                .env("CARGO_PROFILE_DEV_OPT_LEVEL", "s")
                .env("CARGO_PROFILE_DEV_DEBUG", "false");
            "debug"
        }
        Profile::Release => {
            cargo.args(["--profile", "wasm-release"]);
            "wasm-release"
        }
    };
    // Which function needs which is read from what the linker would otherwise throw away.
    cargo.args(["--", "-Clink-arg=--emit-relocs"]);
    run("building the browser part", &mut cargo)?;
    Ok(workspace
        .target
        .join(wasm_target::NAME)
        .join(folder)
        .join("frontend.wasm"))
}

/// Writes the parts that are loaded when they are needed, and returns where the rest is.
fn split(profile: Profile, wasm: &Path, package: &Path) -> Result<PathBuf> {
    say("splitting the browser part");
    let linked = fs::read(wasm).with_context(|| format!("failed to read {}", wasm.display()))?;
    let input = unused::leave_out(&linked)?;
    let main = package.join("main.wasm");
    let loaded_from = format!("./{NAME}.js");
    let mut options = Options::new(&input);
    options.output_dir = package;
    options.main_out_path = &main;
    options.link_name = LOADER;
    options.main_module = &loaded_from;
    let split = wasm_split_cli_support::transform(options)
        .map_err(|error| anyhow!("failed to split {}: {error:#}", wasm.display()))?;
    for part in wasm_files(package)? {
        let names = match profile {
            // Those of the main part are removed when it is bound.
            Profile::Release if part != main => Names::Removed,
            Profile::Release | Profile::Dev => Names::Kept,
        };
        trim::file(&part, names)?;
    }
    parts::join(package, &split.prefetch_map, LOADER)?;
    Ok(main)
}

/// Writes the JavaScript that loads the wasm, and the wasm that it loads.
fn bind(profile: Profile, main: &Path, package: &Path) -> Result<()> {
    say("writing the browser part's JavaScript");
    Bindgen::new()
        .input_path(main)
        .out_name(NAME)
        .web(true)?
        .typescript(false)
        // The parts find the functions of the main one in its table.
        .keep_lld_exports(true)
        .keep_debug(false)
        .remove_name_section(profile == Profile::Release)
        .remove_producers_section(true)
        .generate(package)
        .with_context(|| format!("failed to bind {}", main.display()))?;
    if profile == Profile::Release {
        let (wasm, script) = (format!("{NAME}_bg.wasm"), format!("{NAME}.js"));
        short::files(&package.join(wasm), &package.join(script))?;
    }
    Ok(())
}

fn wasm_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = entries(folder)?;
    files.retain(|file| file.extension().is_some_and(|end| end == "wasm"));
    Ok(files)
}

/// When a file was last changed; a file that does not exist is older than any other.
fn changed(file: &Path) -> Result<SystemTime> {
    match fs::metadata(file) {
        Ok(metadata) => Ok(metadata.modified()?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(SystemTime::UNIX_EPOCH),
        Err(error) => Err(error).with_context(|| format!("failed to look at {}", file.display())),
    }
}
