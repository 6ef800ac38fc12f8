//! The program `kaos`.

mod alerts;
mod apply;
mod config;
mod data_dir;
mod demo;
mod embedded;
mod lifecycle;
mod output;
mod prices;
mod serve;
mod settle;
mod surface;
mod telemetry;

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use tokio::runtime::Runtime;

use crate::config::{Args, Command};

/// A request makes hundreds of small things on one thread and drops them on others, which the
/// system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Serve(config) => run(serve::serve(*config)),
        #[cfg(target_os = "linux")]
        Command::Contain { arguments } => return runtime::mcp::contain(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say_error(&error);
            ExitCode::FAILURE
        }
    }
}

/// Runs a command to its end, even if that is a panic: a thread that still works for it must not
/// keep the process alive, and with it the data directory.
fn run(command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    struct Threads(Option<Runtime>);
    impl Drop for Threads {
        fn drop(&mut self) {
            if let Some(runtime) = self.0.take() {
                runtime.shutdown_background();
            }
        }
    }
    let runtime = Runtime::new().context("failed to start threads")?;
    let handle = runtime.handle().clone();
    let _threads = Threads(Some(runtime));
    handle.block_on(command)
}

#[expect(
    clippy::print_stderr,
    reason = "a command says why it failed where a person looks"
)]
fn say_error(error: &anyhow::Error) {
    eprintln!("kaos: {error:#}");
}
