//! The program `kaos`.

mod apply;
mod config;
mod data_dir;
mod demo;
mod embedded;
mod lifecycle;
mod serve;
mod settle;
mod surface;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

use crate::config::{Args, Command};

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Serve(config) => serve::serve(*config).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            say_error(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a command says why it failed where a person looks"
)]
fn say_error(error: &anyhow::Error) {
    eprintln!("kaos: {error:#}");
}
