//! `cargo xtask test`: everything that CI runs, in one go.
//!
//! A part that fails does not hide the next one; the last line counts the tests that really ran.

use std::{
    env, fs,
    ops::AddAssign,
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use serde_json::Value;

use crate::{
    check,
    clients::Servers,
    console::{run as run_command, run_lines, say},
    kaos, servers, site, tools,
    workspace::{Workspace, on_path},
};

/// A part that can be run alone.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Part {
    /// Formatting, lints and layers.
    Lint,
    /// The tests of the Rust crates.
    Rust,
    /// The tests in a browser.
    Browser,
    /// The tests with the clients of `OpenAI`, of MCP and of OpenTelemetry.
    Clients,
}

impl Part {
    const ALL: [Self; 4] = [Self::Lint, Self::Rust, Self::Browser, Self::Clients];

    fn name(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Rust => "rust",
            Self::Browser => "browser",
            Self::Clients => "clients",
        }
    }

    fn run(self, workspace: &Workspace, counts: &mut Counts) -> Result<()> {
        match self {
            Self::Lint => check::run(workspace),
            Self::Rust => rust(workspace, counts),
            Self::Browser => browser(workspace, counts),
            Self::Clients => clients(workspace, counts),
        }
    }
}

/// How many tests ran, and how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Runs one part, or all of them.
///
/// A failed part is no error of this function but a code to exit with, so that the counts come last.
pub(crate) fn run(workspace: &Workspace, only: Option<Part>) -> ExitCode {
    let parts = only.map_or(Part::ALL.to_vec(), |part| vec![part]);
    let mut counts = Counts::default();
    let mut failed = Vec::new();
    for part in parts {
        say(&format!("== {}", part.name()));
        if let Err(error) = part.run(workspace, &mut counts) {
            say(&format!("{} failed: {error:#}", part.name()));
            failed.push(part.name());
        }
    }
    if failed.is_empty() {
        say("everything passed");
    } else {
        say(&format!("these parts failed: {}", failed.join(", ")));
    }
    // A test that was skipped has passed, as far as cargo knows.
    println!(
        "{} passed, {} failed, {} skipped",
        counts.passed.saturating_sub(counts.skipped),
        counts.failed,
        counts.skipped
    );
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn rust(workspace: &Workspace, counts: &mut Counts) -> Result<()> {
    tools::python()?;
    tools::redis()?;
    site::ensure_folder(workspace)?;
    let servers = servers::ensure_for_tests(workspace)?;
    let mut cargo = workspace.cargo();
    cargo.envs(servers).args([
        "test",
        "--workspace",
        "--exclude",
        "frontend",
        "--no-fail-fast",
    ]);
    let succeeded = run_lines("running the Rust tests", &mut cargo, |line| {
        *counts += rust_result(line).unwrap_or_default();
        counts.skipped += u64::from(is_skipped(line));
    })?;
    ensure!(succeeded, "`cargo test` failed");
    Ok(())
}

fn browser(workspace: &Workspace, counts: &mut Counts) -> Result<()> {
    let chromium = tools::chromium()?;
    tools::npm_packages(workspace)?;
    // One of the servers of tools is made with a package for Python.
    let python = tools::python_clients(workspace)?;
    let kaos = kaos::build_beside_tests(workspace)?;
    let npx = |arguments: &[&str]| {
        let mut npx = npx(workspace, arguments);
        npx.env("CHROMIUM", &chromium).env("KAOS", &kaos);
        npx.env("CLIENTS_PYTHON", &python);
        npx
    };
    run_command(
        "checking the types of the browser tests",
        &mut npx(&["tsc", "--noEmit"]),
    )?;
    let report = workspace.end2end().join("test-results/report.json");
    playwright(
        "running the browser tests",
        &mut npx(&["playwright", "test"]),
        &report,
        counts,
    )
}

fn clients(workspace: &Workspace, counts: &mut Counts) -> Result<()> {
    tools::npm_packages(workspace)?;
    let python = tools::python_clients(workspace)?;
    let (kaos, model) = kaos::build_with_model(workspace)?;
    let servers = Servers::start(workspace, &kaos, &model)?;
    let python = python_clients(workspace, &python, &servers, counts);
    let config = "--config=clients/node/playwright.config.ts";
    let mut node = npx(workspace, &["playwright", "test", config]);
    servers.tell(&mut node);
    let report = workspace.end2end().join("test-results/clients.json");
    let node = playwright("running clients for Node.js", &mut node, &report, counts);
    let go = go_clients(workspace, &servers, counts);
    // None hides the failures of another.
    python.and(node).and(go)
}

fn python_clients(
    workspace: &Workspace,
    python: &Path,
    servers: &Servers,
    counts: &mut Counts,
) -> Result<()> {
    let mut pytest = Command::new(python);
    pytest.current_dir(workspace.end2end().join("clients/python"));
    // Its caches would lie among the sources.
    pytest.env("PYTHONDONTWRITEBYTECODE", "1");
    pytest.args(["-m", "pytest", "-p", "no:cacheprovider", "--tb=short"]);
    servers.tell(&mut pytest);
    let succeeded = run_lines("running clients for Python", &mut pytest, |line| {
        *counts += python_result(line).unwrap_or_default();
    })?;
    ensure!(succeeded, "the tests of clients for Python failed");
    Ok(())
}

fn go_clients(workspace: &Workspace, servers: &Servers, counts: &mut Counts) -> Result<()> {
    if on_path("go").is_none() {
        ensure!(
            env::var_os("CI").is_none(),
            "the tests of clients for Go need Go 1.25 or newer on PATH"
        );
        say("tests of clients for Go are skipped: go is not on PATH");
        return Ok(());
    }
    let mut go = Command::new("go");
    go.current_dir(workspace.end2end().join("clients/go"))
        // What the person who tests has set for other modules.
        .env_remove("GOFLAGS")
        .env("GOWORK", "off")
        // What is tested is not among what Go looks at to know whether a result is still true.
        .args(["test", "-count=1", "-v", "./..."]);
    servers.tell(&mut go);
    let succeeded = run_lines("running clients for Go", &mut go, |line| {
        *counts += go_result(line).unwrap_or_default();
    })?;
    ensure!(succeeded, "the tests of clients for Go failed");
    Ok(())
}

/// A program of the browser tests' packages.
pub(crate) fn npx(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut npx = Command::new("npx");
    npx.current_dir(workspace.end2end());
    npx.arg("--no-install").args(arguments);
    npx
}

/// Runs Playwright and counts what its report says.
fn playwright(what: &str, npx: &mut Command, report: &Path, counts: &mut Counts) -> Result<()> {
    // A report of an earlier run must not be counted.
    if report.exists() {
        fs::remove_file(report).context("failed to remove the last report")?;
    }
    let outcome = run_command(what, npx);
    match fs::read_to_string(report) {
        Ok(text) => *counts += browser_result(&text)?,
        Err(error) if outcome.is_ok() => bail!("Playwright left no report: {error}"),
        Err(_) => {}
    }
    outcome
}

/// Reads pytest's last line, such as `=== 1 failed, 12 passed, 1 warning in 3.20s ===`.
fn python_result(line: &str) -> Option<Counts> {
    let sums = line.strip_prefix('=')?.trim_matches(['=', ' ']);
    let (sums, _) = sums.rsplit_once(" in ")?;
    let count = |wanted: &[&str]| {
        let parts = sums.split(", ").filter_map(|part| part.split_once(' '));
        let counted = parts.filter(|(_, what)| wanted.contains(what));
        counted
            .filter_map(|(count, _)| count.parse::<u64>().ok())
            .sum()
    };
    Some(Counts {
        passed: count(&["passed"]),
        failed: count(&["failed", "error", "errors"]),
        skipped: 0,
    })
}

/// Reads the line that Go writes at the end of each test.
fn go_result(line: &str) -> Option<Counts> {
    let (outcome, _) = line.strip_prefix("--- ")?.split_once(": ")?;
    let mut counts = Counts::default();
    match outcome {
        "PASS" => counts.passed = 1,
        "FAIL" => counts.failed = 1,
        _ => return None,
    }
    Some(counts)
}

/// What a test prints that lacks a server to run against, see `end2end/servers`.
fn is_skipped(line: &str) -> bool {
    line.contains("skipped: ")
}

/// Reads cargo's line at the end of each test program.
fn rust_result(line: &str) -> Option<Counts> {
    let words: Vec<&str> = line
        .strip_prefix("test result: ")?
        .split_whitespace()
        .collect();
    let before = |word: &str| {
        let at = words
            .iter()
            .position(|found| found.trim_end_matches(';') == word)?;
        words.get(at.checked_sub(1)?)?.parse().ok()
    };
    Some(Counts {
        passed: before("passed")?,
        failed: before("failed")?,
        skipped: 0,
    })
}

/// Reads the sums of Playwright's JSON report; a test that passed only when repeated has failed.
fn browser_result(report: &str) -> Result<Counts> {
    let report: Value =
        serde_json::from_str(report).context("failed to read Playwright's report")?;
    let count = |key: &str| {
        report["stats"][key]
            .as_u64()
            .with_context(|| format!("Playwright's report has no {key}"))
    };
    Ok(Counts {
        passed: count("expected")?,
        failed: count("unexpected")? + count("flaky")?,
        skipped: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_result_line_is_counted() {
        let line =
            "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out";
        assert_eq!(
            rust_result(line),
            Some(Counts {
                passed: 12,
                failed: 3,
                skipped: 0,
            })
        );
    }

    #[test]
    fn other_lines_are_not_counted() {
        assert_eq!(rust_result("test a_result ... ok"), None);
        assert_eq!(rust_result("test result: unknown"), None);
    }

    #[test]
    fn a_browser_test_that_passed_at_the_second_try_has_failed() {
        let report = r#"{"stats": {"expected": 5, "unexpected": 1, "flaky": 1, "skipped": 2}}"#;
        assert_eq!(
            browser_result(report).unwrap(),
            Counts {
                passed: 5,
                failed: 2,
                skipped: 0,
            }
        );
    }

    #[test]
    fn pytests_last_line_is_counted() {
        let line = "==== 1 failed, 12 passed, 2 errors, 1 warning in 3.20s ====";
        assert_eq!(
            python_result(line),
            Some(Counts {
                passed: 12,
                failed: 3,
                skipped: 0,
            })
        );
        assert_eq!(python_result("==== test session starts ===="), None);
        assert_eq!(python_result("FAILED test_openai.py::test_x - in 2"), None);
    }

    #[test]
    fn each_of_gos_results_is_counted() {
        let counted = |line| go_result(line).map(|counts| (counts.passed, counts.failed));
        assert_eq!(counted("--- PASS: TestX (0.01s)"), Some((1, 0)));
        assert_eq!(counted("--- FAIL: TestX (0.01s)"), Some((0, 1)));
        assert_eq!(counted("    --- FAIL: TestX/part (0.01s)"), None);
        assert_eq!(counted("ok  \tkaos.tools/clients\t3.2s"), None);
    }

    #[test]
    fn a_report_without_sums_is_an_error() {
        assert!(browser_result("{}").is_err());
    }
}
