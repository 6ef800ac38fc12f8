//! Measures KAOS against a scripted model on the same machine, and prints how it compares with what is
//! to be reached. `cargo xtask bench` builds the programs and starts this.

#![expect(clippy::print_stdout, reason = "the table is this program's result")]

mod house;
mod http;
mod load;
mod measure;
mod program;
mod scenario;
mod table;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, ValueEnum};

use crate::measure::{
    Programs, beside_jaeger, gateway, latency, many, many_spans, store, telemetry, throughput,
};

#[derive(Parser)]
#[command(about = "Measures KAOS against a scripted model")]
struct Args {
    /// The program `kaos`.
    #[arg(long)]
    kaos: PathBuf,
    /// The program `mock-model`.
    #[arg(long)]
    mock_model: PathBuf,
    /// Measure one part only.
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// Spans that the store is asked about, and that it and Jaeger are sent; ten million take a quarter
    /// of an hour.
    #[arg(long, default_value_t = 500_000)]
    spans: usize,
    /// End well where a target is missed, as a program under training misses them.
    #[arg(long)]
    may_miss: bool,
}

/// A part that can be measured alone.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// What one question costs.
    Latency,
    /// What the gateway to models costs.
    Gateway,
    /// Answers per second.
    Throughput,
    /// What telemetry costs.
    Telemetry,
    /// Memory with a thousand agents and streams.
    Many,
    /// What the telemetry store takes and costs.
    Store,
    /// The telemetry store beside the real Jaeger.
    Jaeger,
    /// Questions to a store of many spans.
    Spans,
}

/// One thread: the processors are for what is measured.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let Args {
        kaos,
        mock_model,
        only,
        spans,
        may_miss,
    } = Args::parse();
    let programs = Programs {
        kaos: &kaos,
        model: &mock_model,
    };
    let wanted = |part| only.is_none_or(|only| only == part);
    let mut rows = Vec::new();
    if wanted(Part::Latency) {
        say("measuring what one question costs");
        rows.extend(latency(programs).await?);
    }
    if wanted(Part::Gateway) {
        say("measuring what the gateway adds to a model");
        rows.extend(gateway(programs).await?);
    }
    if wanted(Part::Throughput) {
        say("measuring answers per second on 16 connections");
        rows.extend(throughput(programs).await?);
    }
    if wanted(Part::Telemetry) {
        say("measuring what telemetry costs, and what a Collector that dies does");
        rows.extend(telemetry(programs).await?);
    }
    if wanted(Part::Many) {
        say("measuring memory with 1,000 agents and 1,000 streams");
        rows.extend(many(programs).await?);
    }
    if wanted(Part::Store) {
        say("measuring the telemetry store");
        rows.extend(tokio::task::spawn_blocking(store).await??);
    }
    if wanted(Part::Jaeger) {
        say("measuring the telemetry store beside Jaeger");
        rows.extend(beside_jaeger(programs, spans).await?);
    }
    if wanted(Part::Spans) {
        say("asking a store of many spans");
        rows.extend(tokio::task::spawn_blocking(move || many_spans(spans)).await??);
    }
    for row in &rows {
        println!("{row}");
    }
    let missed = rows.iter().filter(|row| row.is_missed()).count();
    println!("{missed} missed");
    Ok(if missed == 0 || may_miss {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Prints what happens now.
fn say(what: &str) {
    println!("{what}");
}
