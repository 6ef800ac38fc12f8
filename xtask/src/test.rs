//! `cargo xtask test`: everything that CI runs, in one go.
//!
//! A part that fails does not hide the next one; the last line counts the tests that really ran.

use std::{
    fs,
    ops::AddAssign,
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use serde_json::Value;

use crate::{
    check,
    console::{run as run_command, run_lines, say},
    kaos, site, tools,
    workspace::Workspace,
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
}

impl Part {
    const ALL: [Self; 3] = [Self::Lint, Self::Rust, Self::Browser];

    fn name(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Rust => "rust",
            Self::Browser => "browser",
        }
    }

    fn run(self, workspace: &Workspace, counts: &mut Counts) -> Result<()> {
        match self {
            Self::Lint => check::run(workspace),
            Self::Rust => rust(workspace, counts),
            Self::Browser => browser(workspace, counts),
        }
    }
}

/// How many tests ran, and how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
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
    println!("{} passed, {} failed", counts.passed, counts.failed);
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn rust(workspace: &Workspace, counts: &mut Counts) -> Result<()> {
    tools::python()?;
    site::ensure_folder(workspace)?;
    let mut cargo = workspace.cargo();
    cargo.args([
        "test",
        "--workspace",
        "--exclude",
        "frontend",
        "--no-fail-fast",
    ]);
    let succeeded = run_lines("running the Rust tests", &mut cargo, |line| {
        *counts += rust_result(line).unwrap_or_default();
    })?;
    ensure!(succeeded, "`cargo test` failed");
    Ok(())
}

fn browser(workspace: &Workspace, counts: &mut Counts) -> Result<()> {
    let chromium = tools::chromium()?;
    tools::npm_packages(workspace)?;
    let kaos = kaos::build_beside_tests(workspace)?;
    let npx = |arguments: &[&str]| {
        let mut npx = Command::new("npx");
        npx.current_dir(workspace.end2end())
            .arg("--no-install")
            .args(arguments);
        npx.env("CHROMIUM", &chromium).env("KAOS", &kaos);
        npx
    };
    run_command(
        "checking the types of the browser tests",
        &mut npx(&["tsc", "--noEmit"]),
    )?;
    let report = workspace.end2end().join("test-results/report.json");
    // A report of an earlier run must not be counted.
    if report.exists() {
        fs::remove_file(&report).context("failed to remove the last report")?;
    }
    let outcome = run_command(
        "running the browser tests",
        &mut npx(&["playwright", "test"]),
    );
    match fs::read_to_string(&report) {
        Ok(text) => *counts += browser_result(&text)?,
        Err(error) if outcome.is_ok() => bail!("the browser tests left no report: {error}"),
        Err(_) => {}
    }
    outcome
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
                failed: 3
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
                failed: 2
            }
        );
    }

    #[test]
    fn a_report_without_sums_is_an_error() {
        assert!(browser_result("{}").is_err());
    }
}
