//! The dashboard's files in `target/site`: wasm and its JavaScript, one stylesheet, `public/`.
//!
//! The server names `pkg/kaos.css`, `pkg/kaos.js` and `pkg/kaos_bg.wasm`; they must stay those.

mod browser_part;
mod compress;
mod merge;
mod parts;
mod short;
mod trim;
mod unused;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{console::say, workspace::Workspace};

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
    browser_part::build(workspace, profile, &package)?;
    write_stylesheet(
        &workspace.root.join("style"),
        &package.join(format!("{NAME}.css")),
    )?;
    copy_folder(&workspace.root.join("public"), &workspace.site())?;
    if profile == Profile::Release {
        compress::folder(&package)?;
    }
    Ok(())
}

/// Makes the folder that `server` embeds, so that it compiles before the dashboard was ever built.
pub(crate) fn ensure_folder(workspace: &Workspace) -> Result<()> {
    create(&workspace.site())
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
