//! `cargo xtask budgets`: how fast and how small the dashboard is, in a browser, beside its limits.

use anyhow::Result;

use crate::{
    console::run as run_command, kaos, site::Profile, test::npx, tools, workspace::Workspace,
};

/// Builds what is measured, and lets Playwright print the table.
pub(crate) fn run(workspace: &Workspace, profile: Profile, arguments: &[String]) -> Result<()> {
    let chromium = tools::chromium()?;
    tools::npm_packages(workspace)?;
    let kaos = kaos::build(workspace, profile)?;
    let mut npx = npx(workspace, &["playwright", "test"]);
    npx.arg("--config=budgets/playwright.config.ts")
        .args(arguments)
        .env("CHROMIUM", chromium)
        .env("KAOS", kaos);
    run_command("measuring in a browser", &mut npx)
}
