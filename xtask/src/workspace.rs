//! Where things are: the repository, and where cargo builds.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::console::read;

/// The repository's folders.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Asks cargo, because a user may have moved the target folder.
    pub(crate) fn find() -> Result<Self> {
        let metadata = read(Command::new(cargo_program()).args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
        ]))?;
        let metadata: Value =
            serde_json::from_str(&metadata).context("failed to read what `cargo metadata` said")?;
        let folder = |key: &str| {
            let path = metadata[key].as_str();
            path.map(PathBuf::from)
                .with_context(|| format!("`cargo metadata` names no {key}"))
        };
        Ok(Self {
            root: folder("workspace_root")?,
            target: folder("target_directory")?,
        })
    }

    /// Where the dashboard's files are put, and where `server` takes them from.
    pub(crate) fn site(&self) -> PathBuf {
        self.root.join("target/site")
    }

    /// The browser tests' folder.
    pub(crate) fn end2end(&self) -> PathBuf {
        self.root.join("end2end")
    }

    /// Cargo, started at the repository's root.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(cargo_program());
        // Leptos would look for the wasm under another name when this is set.
        cargo
            .current_dir(&self.root)
            .env_remove("LEPTOS_OUTPUT_NAME");
        cargo
    }
}

/// A program on `PATH`, if it is there.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| is_file(file))
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file())
}

fn cargo_program() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}
