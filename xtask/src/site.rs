//! The dashboard's files in `target/site`: wasm and its JavaScript, one stylesheet, `public/`.
//!
//! Leptos' page asks for `/pkg/kaos.js`, which loads `/pkg/kaos_bg.wasm`; the names here must stay those.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::{
    console::{run, say},
    wasm_target,
    workspace::{Workspace, on_path},
};

const NAME: &str = "kaos";

/// How much the compiler should do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build.
    Dev,
    /// Small and fast.
    Release,
}

impl Profile {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }
}

/// Builds everything that a browser loads.
pub(crate) fn build(workspace: &Workspace, profile: Profile) -> Result<()> {
    if profile == Profile::Release {
        // What was removed from `public` since the last build must not get into the program.
        empty(&workspace.site())?;
    }
    let package = workspace.site().join("pkg");
    create(&package)?;
    let wasm = compile(workspace, profile)?;
    bind(workspace, profile, &wasm, &package)?;
    write_stylesheet(
        &workspace.root.join("style"),
        &package.join(format!("{NAME}.css")),
    )?;
    copy_folder(&workspace.root.join("public"), &workspace.site())
}

/// Makes the folder that `server` embeds, so that it compiles before the dashboard was ever built.
pub(crate) fn ensure_folder(workspace: &Workspace) -> Result<()> {
    create(&workspace.site())
}

fn compile(workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
    let library = wasm_target::ensure()?;
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--package", "frontend"]);
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
    run("building the browser part", &mut cargo)?;
    Ok(workspace
        .target
        .join(wasm_target::NAME)
        .join(folder)
        .join("frontend.wasm"))
}

/// Writes the JavaScript that loads the wasm, and the wasm that it loads.
fn bind(workspace: &Workspace, profile: Profile, wasm: &Path, package: &Path) -> Result<()> {
    let output = package.join(format!("{NAME}_bg.wasm"));
    let stamp = workspace.target.join("xtask-site");
    let stamped = fs::read_to_string(&stamp).is_ok_and(|of| of == profile.name());
    if stamped && changed(&output)? >= changed(wasm)? {
        say("the browser part has not changed");
        return Ok(());
    }
    say("writing the browser part's JavaScript");
    Bindgen::new()
        .input_path(wasm)
        .out_name(NAME)
        .web(true)?
        .typescript(false)
        .keep_debug(false)
        .remove_name_section(profile == Profile::Release)
        .remove_producers_section(true)
        .generate(package)
        .with_context(|| format!("failed to bind {}", wasm.display()))?;
    if profile == Profile::Release {
        shrink(&output)?;
    }
    let kilobytes = fs::metadata(&output)?.len() / 1000;
    say(&format!("{NAME}_bg.wasm has {kilobytes} kB"));
    fs::write(&stamp, profile.name())
        .with_context(|| format!("failed to write {}", stamp.display()))
}

/// Makes the wasm smaller by a fifth where `wasm-opt` is there; nothing depends on it.
fn shrink(wasm: &Path) -> Result<()> {
    let Some(program) = on_path("wasm-opt") else {
        say("wasm-opt is not here, so the browser part stays a little larger");
        return Ok(());
    };
    let smaller = wasm.with_extension("wasm.smaller");
    let mut command = Command::new(program);
    command
        .args(["-Oz", "--all-features"])
        .arg(wasm)
        .arg("-o")
        .arg(&smaller);
    if let Err(error) = run("making the wasm smaller", &mut command) {
        say(&format!("keeping the wasm as it is: {error}"));
        return Ok(());
    }
    fs::rename(&smaller, wasm).with_context(|| format!("failed to replace {}", wasm.display()))
}

/// Tokens come first because all else uses them, then what holds everywhere, then each component.
fn write_stylesheet(folder: &Path, output: &Path) -> Result<()> {
    let mut sheets = stylesheets(folder)?;
    sheets.sort_by_key(|sheet| {
        let name = sheet.file_name().map(ToOwned::to_owned).unwrap_or_default();
        let rank = ["tokens.css", "base.css"]
            .iter()
            .position(|first| name == *first);
        (rank.unwrap_or(usize::MAX), sheet.clone())
    });
    let mut all = String::new();
    for sheet in sheets {
        let text = fs::read_to_string(&sheet)
            .with_context(|| format!("failed to read {}", sheet.display()))?;
        all.push_str(text.trim_end());
        all.push_str("\n\n");
    }
    say("writing the stylesheet");
    fs::write(output, all).with_context(|| format!("failed to write {}", output.display()))
}

fn stylesheets(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in entries(folder)? {
        if entry.is_dir() {
            found.extend(stylesheets(&entry)?);
        } else if entry
            .extension()
            .is_some_and(|extension| extension == "css")
        {
            found.push(entry);
        }
    }
    Ok(found)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    create(to)?;
    for entry in entries(from)? {
        let name = entry
            .file_name()
            .context("a file in `public` has no name")?;
        let target = to.join(name);
        if entry.is_dir() {
            copy_folder(&entry, &target)?;
        } else {
            fs::copy(&entry, &target)
                .with_context(|| format!("failed to copy {}", entry.display()))?;
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("failed to read the folder {}", folder.display()))?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))
}

fn empty(folder: &Path) -> Result<()> {
    create(folder)?;
    fs::remove_dir_all(folder).with_context(|| format!("failed to remove {}", folder.display()))
}

/// When a file was last changed; a file that does not exist is older than any other.
fn changed(file: &Path) -> Result<SystemTime> {
    match fs::metadata(file) {
        Ok(metadata) => Ok(metadata.modified()?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(SystemTime::UNIX_EPOCH),
        Err(error) => Err(error).with_context(|| format!("failed to look at {}", file.display())),
    }
}
