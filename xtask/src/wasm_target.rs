//! Rust's standard library for the browser: taken from rustup, or built once from its source.
//!
//! The second way is for machines that reach a Debian mirror but not Rust's own server. It needs source of
//! exactly the compiler's version; another version does not compile.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{
    console::{read, run, say},
    tools,
    workspace::on_path,
};

/// The target's name, as cargo and rustup know it.
pub(crate) const NAME: &str = "wasm32-unknown-unknown";

/// Where the target's standard library comes from.
pub(crate) enum StandardLibrary {
    /// It is installed beside the compiler.
    Installed,
    /// Cargo compiles it along with our own crates, and keeps it in the target folder.
    FromSource,
}

impl StandardLibrary {
    /// Adds the target, and what this way of having its library needs, to a cargo command.
    pub(crate) fn add_to(&self, cargo: &mut Command) {
        cargo.args(["--target", NAME]);
        match self {
            Self::Installed => {}
            Self::FromSource => {
                // `-Z` is for nightly compilers, unless the stable one is told to be one.
                cargo
                    .arg("-Zbuild-std=std,panic_abort")
                    .env("RUSTC_BOOTSTRAP", "1");
            }
        }
    }
}

/// Makes sure that the browser part can be compiled.
pub(crate) fn ensure() -> Result<StandardLibrary> {
    if is_installed()? {
        return Ok(StandardLibrary::Installed);
    }
    if add_by_rustup() && is_installed()? {
        return Ok(StandardLibrary::Installed);
    }
    say(
        "the target cannot be had from rustup; trying to build Rust's standard library from its source instead",
    );
    provide_source()?;
    Ok(StandardLibrary::FromSource)
}

fn is_installed() -> Result<bool> {
    let folder = read(Command::new("rustc").args(["--print", "target-libdir", "--target", NAME]))?;
    Ok(Path::new(&folder).is_dir())
}

/// Whether rustup could add it: not having rustup, or not reaching its server, is no error yet.
fn add_by_rustup() -> bool {
    if on_path("rustup").is_none() {
        say("rustup is not here, so it cannot add the browser target");
        return false;
    }
    let what = format!("adding the compiler's browser target {NAME}");
    let mut rustup = Command::new("rustup");
    // Not reaching the server is expected on some machines; one line about it is enough.
    rustup
        .args(["target", "add", NAME])
        .env("RUST_BACKTRACE", "0");
    match run(&what, &mut rustup) {
        Ok(()) => true,
        Err(error) => {
            say(&error.to_string());
            false
        }
    }
}

/// Puts the standard library's source where `-Zbuild-std` looks for it.
fn provide_source() -> Result<()> {
    let sysroot = PathBuf::from(read(Command::new("rustc").args(["--print", "sysroot"]))?);
    let expected = sysroot.join("lib/rustlib/src/rust");
    if expected.join("library/Cargo.lock").is_file() {
        return Ok(());
    }
    let version = compiler_version()?;
    let debian = PathBuf::from(format!("/usr/src/rustc-{version}"));
    if !debian.join("library").is_dir() {
        tools::install_version_from_debian("rust-src", &version).with_context(needed)?;
    }
    link(&debian, &expected)
}

fn needed() -> String {
    format!(
        "the browser part needs the compiler target {NAME}; run `rustup target add {NAME}` where \
         Rust's server can be reached"
    )
}

fn compiler_version() -> Result<String> {
    let verbose = read(Command::new("rustc").arg("-vV"))?;
    let version = verbose
        .lines()
        .find_map(|line| line.strip_prefix("release: "));
    version
        .map(str::to_owned)
        .context("`rustc -vV` names no release")
}

#[cfg(unix)]
fn link(source: &Path, expected: &Path) -> Result<()> {
    if let Some(folder) = expected.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("failed to create {}", folder.display()))?;
    }
    say(&format!(
        "linking {} into the compiler's folder",
        source.display()
    ));
    std::os::unix::fs::symlink(source, expected)
        .with_context(|| format!("failed to create the link {}", expected.display()))
}

#[cfg(not(unix))]
fn link(_source: &Path, expected: &Path) -> Result<()> {
    bail!(
        "put the standard library's source at {}",
        expected.display()
    )
}
