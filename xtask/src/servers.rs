//! The real servers that tests run against, built from Go modules.
//!
//! `end2end/servers/go.mod` pins them. They are kept outside the checkout, in a folder that is named
//! after what they are built from: one build serves every checkout and every branch with the same pins.

use std::{
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    console::{run as run_command, say},
    tools,
    workspace::{Workspace, on_path},
};

/// A server, and how tests find it.
struct Server {
    name: &'static str,
    /// The environment variable that names the program, to take another or to tell tests.
    variable: &'static str,
    /// The Go package it is built from.
    package: &'static str,
}

const SERVERS: [Server; 2] = [
    Server {
        name: "collector",
        variable: "KAOS_COLLECTOR",
        package: "./collector",
    },
    Server {
        name: "jaeger",
        variable: "KAOS_JAEGER",
        package: "github.com/jaegertracing/jaeger/cmd/jaeger",
    },
];

/// Jaeger's v1.76.0 is the last tag that Go's modules can name; the program in it calls itself this.
const JAEGER_VERSION: &str =
    "-X github.com/jaegertracing/jaeger/internal/version.latestVersion=v2.13.0";

/// Names of variables, with the programs to put there.
type Variables = Vec<(&'static str, PathBuf)>;

/// Builds what is missing and prints what to set so that a plain `cargo test` finds the servers.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    for (variable, program) in ensure_all(workspace)? {
        println!("export {variable}={}", program.display());
    }
    Ok(())
}

/// Where the servers are. Outside CI, tests without them are skipped rather than failed.
pub(crate) fn ensure_for_tests(workspace: &Workspace) -> Result<Variables> {
    let servers = or_skipped("real servers", ensure_all(workspace))?;
    let litellm = or_skipped("LiteLLM", litellm(workspace))?;
    Ok(servers.into_iter().chain(litellm).collect())
}

fn or_skipped(what: &str, ensured: Result<Variables>) -> Result<Variables> {
    match ensured {
        Err(error) if env::var_os("CI").is_none() => {
            say(&format!("tests with {what} will be skipped: {error:#}"));
            Ok(Variables::new())
        }
        done => done,
    }
}

fn litellm(workspace: &Workspace) -> Result<Variables> {
    const VARIABLE: &str = "KAOS_LITELLM";
    let program = match env::var_os(VARIABLE) {
        Some(named) => named_program(VARIABLE, PathBuf::from(named))?,
        None => tools::litellm(workspace)?,
    };
    Ok(vec![(VARIABLE, program)])
}

fn ensure_all(workspace: &Workspace) -> Result<Variables> {
    let modules = workspace.end2end().join("servers");
    let sources = ["go.mod", "go.sum", "collector/main.go"].map(|file| modules.join(file));
    let cache = cache_folder("servers", &sources)?;
    let ensured = SERVERS.iter().map(|server| {
        let program = match env::var_os(server.variable) {
            Some(named) => named_program(server.variable, PathBuf::from(named))?,
            None => built_program(server, &modules, &cache)?,
        };
        Ok((server.variable, program))
    });
    ensured.collect()
}

fn named_program(variable: &str, program: PathBuf) -> Result<PathBuf> {
    ensure!(
        program.is_file(),
        "{variable} names {}, which is not a file",
        program.display()
    );
    Ok(program)
}

fn built_program(server: &Server, modules: &Path, cache: &Path) -> Result<PathBuf> {
    let program = cache.join(server.name);
    if program.is_file() {
        return Ok(program);
    }
    if on_path("go").is_none() {
        bail!(
            "{} is built with Go 1.25 or newer, which is not on PATH; {}=/path/to/it names one that \
             is there",
            server.name,
            server.variable
        );
    }
    fs::create_dir_all(cache).with_context(|| format!("failed to make {}", cache.display()))?;
    // Under another name until it is whole: a build may be interrupted, or two may run at a time.
    let unfinished = cache.join(format!("{}.{}", server.name, std::process::id()));
    let mut go = Command::new("go");
    go.current_dir(modules)
        // What the person who builds has set for other modules.
        .env_remove("GOFLAGS")
        .env("GOWORK", "off")
        .args(["build", "-buildvcs=false", "-trimpath", "-ldflags"])
        .arg(format!("-s -w {JAEGER_VERSION}"))
        .arg("-o")
        .arg(&unfinished)
        .arg(server.package);
    let what = format!(
        "building {} in {}; this takes minutes, once",
        server.name,
        cache.display()
    );
    run_command(&what, &mut go)?;
    fs::rename(&unfinished, &program).context("failed to put the program in its place")?;
    Ok(program)
}

/// `KAOS_CACHE_DIR`, or a folder in the user's cache; below it one folder for each set of sources of
/// what is called `name`.
pub(crate) fn cache_folder(name: &str, sources: &[PathBuf]) -> Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    for file in sources {
        let source =
            fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
        source.hash(&mut hasher);
    }
    let sources = format!("{:016x}", hasher.finish());
    Ok(user_cache()?.join(name).join(sources))
}

fn user_cache() -> Result<PathBuf> {
    if let Some(named) = env::var_os("KAOS_CACHE_DIR") {
        return Ok(PathBuf::from(named));
    }
    if let Some(cache) = env::var_os("XDG_CACHE_HOME") {
        return Ok(PathBuf::from(cache).join("kaos"));
    }
    let home = env::var_os("HOME")
        .context("HOME is not set; say where to keep programs with KAOS_CACHE_DIR")?;
    Ok(PathBuf::from(home).join(".cache/kaos"))
}
