//! Programs that are not Rust's: found, or installed from Debian and npm where that is possible.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    console::{read, run},
    servers,
    workspace::{Workspace, on_path},
};

/// Installs a package of the system; fails with what to do where that is not ours to do.
pub(crate) fn install_from_debian(package: &str) -> Result<()> {
    update_debian_list(package)?;
    apt_install(package, package)
}

/// Installs a package in one upstream version, and fails without installing another.
pub(crate) fn install_version_from_debian(package: &str, version: &str) -> Result<()> {
    update_debian_list(package)?;
    let offered = read(Command::new("apt-cache").args(["madison", package]))?;
    let full = debian_version(&offered, version)
        .with_context(|| format!("Debian offers {package}, but not in version {version}"))?;
    apt_install(package, &format!("{package}={full}"))
}

fn update_debian_list(package: &str) -> Result<()> {
    if on_path("apt-get").is_none() {
        bail!("install {package} with your system's package manager");
    }
    if !is_root() {
        bail!("install it with `sudo apt-get install {package}`");
    }
    run(
        "updating the list of Debian's packages",
        apt_get().arg("update"),
    )
}

fn apt_install(package: &str, exactly: &str) -> Result<()> {
    let what = format!("installing {package} from Debian");
    run(
        &what,
        apt_get().args(["install", "--yes", "--no-install-recommends", exactly]),
    )
}

fn apt_get() -> Command {
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive")
        .args(["--quiet", "--option", "Dpkg::Use-Pty=0"]);
    apt
}

/// Finds, in lines like `name | 1.95.0+dfsg1-2 | source`, the full name of an upstream version.
fn debian_version<'a>(offered: &'a str, upstream: &str) -> Option<&'a str> {
    offered
        .lines()
        .filter_map(|line| line.split('|').nth(1))
        .map(str::trim)
        .find(|full| {
            let rest = full.strip_prefix(upstream);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', '-', '~']))
        })
}

/// The browser for the tests: the one that `CHROMIUM` names, one on `PATH`, or Debian's.
pub(crate) fn chromium() -> Result<PathBuf> {
    if let Some(named) = env::var_os("CHROMIUM") {
        let named = PathBuf::from(named);
        ensure!(
            named.is_file(),
            "CHROMIUM names {}, which is not a file",
            named.display()
        );
        return Ok(named);
    }
    let find = || {
        ["chromium", "chromium-browser", "google-chrome"]
            .into_iter()
            .find_map(on_path)
    };
    if let Some(found) = find() {
        return Ok(found);
    }
    let needed = "the browser tests need Chromium; CHROMIUM=/path/to/it names one elsewhere";
    install_from_debian("chromium").context(needed)?;
    find().context(needed)
}

/// What tests use from npm, exactly as the lock file says.
pub(crate) fn npm_packages(workspace: &Workspace) -> Result<()> {
    need("npm", "the tests need Node.js 20 or newer with npm")?;
    let folder = workspace.end2end();
    if is_newer(
        &folder.join("node_modules/.package-lock.json"),
        &folder.join("package-lock.json"),
    ) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.current_dir(&folder)
        .args(["ci", "--no-audit", "--no-fund"]);
    // Chromium is there already; no package has to bring another.
    npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    run("installing the npm packages of the tests", &mut npm)
}

/// The server of the shared memory, and what makes its certificates: those on `PATH`, or Debian's.
pub(crate) fn redis() -> Result<()> {
    if on_path("openssl").is_none() {
        install_from_debian("openssl").context("the tests of TLS need openssl")?;
    }
    let is_there = || {
        ["redis-server", "valkey-server"]
            .into_iter()
            .any(|it| on_path(it).is_some())
    };
    if is_there() {
        return Ok(());
    }
    let needed = "the tests of the shared memory need redis-server or valkey-server";
    install_from_debian("redis-server").context(needed)?;
    ensure!(is_there(), needed);
    Ok(())
}

/// The interpreter of MCP servers that are given as Python source.
pub(crate) fn python() -> Result<()> {
    need("python3", "tests of Python tools need Python 3")?;
    read(Command::new("python3").arg("--version")).map(drop)
}

/// A Python that has OpenAI's client, exactly as `requirements.txt` says, below the target folder.
pub(crate) fn python_clients(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join("clients-venv");
    let requirements = workspace.end2end().join("clients/python/requirements.txt");
    if !is_newer(&folder.join("installed"), &requirements) {
        python_packages("OpenAI's client for Python", &folder, &requirements)?;
    }
    Ok(folder.join("bin/python"))
}

/// The real `LiteLLM`, exactly as `requirements.txt` says. It is large, so that one serves every
/// checkout: its folder is named after what is in it.
pub(crate) fn litellm(workspace: &Workspace) -> Result<PathBuf> {
    let requirements = workspace.end2end().join("litellm/requirements.txt");
    let folder = servers::cache_folder("litellm", std::slice::from_ref(&requirements))?;
    if !folder.join("installed").is_file() {
        python_packages("LiteLLM; this takes minutes, once", &folder, &requirements)?;
    }
    Ok(folder.join("bin/litellm"))
}

/// Python packages in a folder of their own.
fn python_packages(what: &str, folder: &Path, requirements: &Path) -> Result<()> {
    python()?;
    let venv = || {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(folder);
        run("making a folder for Python packages", &mut venv)
    };
    if venv().is_err() {
        // Debian's Python comes without the part that makes them.
        install_from_debian("python3-venv").context("these tests need Python's venv")?;
        venv()?;
    }
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    pip.args(["--no-deps", "--requirement"]).arg(requirements);
    run(&format!("installing {what}"), &mut pip)?;
    fs::write(folder.join("installed"), "").context("failed to note what is installed")
}

fn need(program: &str, why: &str) -> Result<()> {
    match on_path(program) {
        Some(_) => Ok(()),
        None => bail!("{program} is not on PATH: {why}"),
    }
}

fn is_newer(file: &Path, than: &Path) -> bool {
    let changed = |file: &Path| {
        file.metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    changed(file).is_some_and(|file| changed(than).is_some_and(|than| file >= than))
}

fn is_root() -> bool {
    read(Command::new("id").arg("-u")).is_ok_and(|id| id == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFERED: &str = "rust-src | 1.95.0+dfsg1-2 | main\nrust-src | 1.63.0+dfsg1-2 | main";

    #[test]
    fn debians_full_version_is_found_by_the_upstream_one() {
        assert_eq!(debian_version(OFFERED, "1.63.0"), Some("1.63.0+dfsg1-2"));
    }

    #[test]
    fn a_version_that_only_begins_alike_is_another_version() {
        assert_eq!(debian_version(OFFERED, "1.6"), None);
        assert_eq!(debian_version("", "1.63.0"), None);
    }
}
