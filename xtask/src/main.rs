//! `cargo xtask`: everything a person or CI runs on this repository.
//!
//! Nothing but Rust, Node and Python has to be there before. What else is missing is installed where
//! that is possible, and asked for with a clear message where it is not.
#![expect(
    clippy::print_stdout,
    reason = "telling what is being done is this program's job"
)]

mod bench;
mod budgets;
mod check;
mod clients;
mod console;
mod fuzz;
mod kaos;
mod layers;
mod servers;
mod site;
mod test;
mod tools;
mod training;
mod wasm_target;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::{site::Profile, test::Part, workspace::Workspace};

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "Build, run and test KAOS")]
enum Task {
    /// Build everything and start KAOS with the example agents.
    Run {
        /// Further arguments of `kaos serve`, after `--`.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Build the dashboard and the program `kaos`.
    Build {
        /// Leave `target/release/kaos`: one file with all assets inside.
        #[arg(long)]
        release: bool,
    },
    /// Run every check and every test; install what they need.
    Test {
        /// Run one part only.
        #[arg(long, value_enum)]
        only: Option<Part>,
    },
    /// Check formatting, lints and layers.
    Check,
    /// Check which crate may use which.
    Layers,
    /// Build the Collector and the Jaeger that tests run against, and print where they are.
    Servers,
    /// Send broken requests and hostile questions to the telemetry store.
    Fuzz {
        /// For how many seconds.
        #[arg(default_value_t = 600)]
        seconds: u64,
    },
    /// Measure speed and memory, and compare them with what is to be reached.
    Bench {
        /// Further arguments of the measuring program, after `--`, such as `--only latency`.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Give a program work and keep a profile of it, which releases are built with.
    Train,
    /// Measure the dashboard in a browser, and compare it with its budgets.
    Budgets {
        /// Measure a debug build: quicker to build, and too slow to keep all limits.
        #[arg(long)]
        debug: bool,
        /// Further arguments of Playwright, after `--`, such as `map palette`.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    console::start();
    match perform(Task::parse()) {
        Ok(code) => code,
        Err(error) => {
            // Not returned from `main`, which would add a backtrace that helps nobody here.
            console::say_error(&error);
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let done = match task {
        Task::Run { arguments } => kaos::run(&workspace, &arguments),
        Task::Build { release } => kaos::build(&workspace, profile(release)).map(drop),
        Task::Test { only } => return Ok(test::run(&workspace, only)),
        Task::Check => check::run(&workspace),
        Task::Layers => layers::run(&workspace),
        Task::Servers => servers::run(&workspace),
        Task::Fuzz { seconds } => fuzz::run(&workspace, seconds),
        Task::Bench { arguments } => bench::run(&workspace, &arguments),
        Task::Train => training::train(&workspace),
        Task::Budgets { debug, arguments } => budgets::run(&workspace, profile(!debug), &arguments),
    };
    done.map(|()| ExitCode::SUCCESS)
}

fn profile(release: bool) -> Profile {
    if release {
        Profile::Release
    } else {
        Profile::Dev
    }
}
