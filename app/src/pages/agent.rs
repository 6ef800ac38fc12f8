//! What the page of an agent shows of its own.

use api::{
    resources::{AgentSpec, agent::MemoryConfig},
    telemetry::UsageRow,
    traces::TraceSummary,
};
use leptos::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    components::{
        facts::{Fact, Facts},
        instead::{Instead, Why},
        page_head::Panel,
        sparkline::{Bar, BarStrip, Tone},
        trace_list::TraceList,
    },
    format,
    pages::{params::now, resource::page::partial},
    rows::text,
    untrusted::visible,
};

/// One sentence on what it does.
pub(super) fn description(agent: &Value) -> Option<AnyView> {
    let description = text(agent, "/spec/config/description");
    let description = visible(&description).into_owned();
    (!description.is_empty()).then(|| view! { <p class="lead">{description}</p> }.into_any())
}

/// Its system prompt.
pub(super) fn instructions(agent: &Value) -> AnyView {
    let instructions = text(agent, "/spec/config/instructions");
    let body = if instructions.is_empty() {
        view! { <p class="panel-note">"None: the model gets only the conversation and its tools."</p> }
            .into_any()
    } else {
        view! { <p class="reading">{visible(&instructions).into_owned()}</p> }.into_any()
    };
    view! { <Panel title="Instructions">{body}</Panel> }.into_any()
}

/// Its newest runs, as bars and as lines.
pub(super) fn runs(name: &str, runs: &Result<Vec<TraceSummary>, String>) -> AnyView {
    let body = match runs {
        Err(message) => partial("The list of runs", message),
        Ok(runs) if runs.is_empty() => view! {
            <Instead why=Why::Empty { title: "No runs yet".to_owned() }>
                <p>"Every answer leaves a trace here. Ask it something in its chat."</p>
            </Instead>
        }
        .into_any(),
        Ok(runs) => view! {
            <div class="panel-body">
                <BarStrip label=format!("Durations of the last runs of {name}") bars=bars(runs) />
            </div>
            <TraceList label=format!("Recent runs of {name}") traces=runs.clone() now=now() />
        }
        .into_any(),
    };
    view! { <Panel title="Recent runs">{body}</Panel> }.into_any()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a bar is not drawn to the nanosecond"
)]
fn bars(runs: &[TraceSummary]) -> Vec<Bar> {
    let longest = runs
        .iter()
        .map(TraceSummary::duration_ns)
        .max()
        .unwrap_or(1);
    let bar = |run: &TraceSummary| {
        let (tone, how) = match run.n_errors {
            0 => (Tone::Plain, ""),
            _ => (Tone::Failed, ", with errors"),
        };
        Bar {
            label: format!("{}{how}", format::duration(run.duration_ns())),
            href: format!("/traces/{}", run.id),
            share: run.duration_ns() as f64 / longest.max(1) as f64,
            tone,
        }
    };
    runs.iter().rev().map(bar).collect()
}

/// What models did for it in a day.
pub(super) fn used(used: &Result<UsageRow, String>) -> AnyView {
    let body = match used {
        Err(message) => partial("What its models did", message),
        Ok(UsageRow { n_calls: 0, .. }) => {
            view! { <p class="panel-note">"It asked no model in the last 24 hours."</p> }.into_any()
        }
        Ok(row) => {
            let mut read = format::count(row.input_tokens);
            if row.cached_tokens > 0 {
                read = format!(
                    "{read}, {} of them cached",
                    format::count(row.cached_tokens)
                );
            }
            let facts = [
                ("Calls", format::count(row.n_calls)),
                ("Failed", format::count(row.n_errors)),
                ("Tokens in", read),
                ("Tokens out", format::count(row.output_tokens)),
                ("Cost", format::cost(row.cost, row.n_without_price)),
            ];
            let facts: Vec<_> = facts
                .into_iter()
                .map(|(label, value)| (label, Fact::Set(value)))
                .collect();
            view! { <Facts facts /> }.into_any()
        }
    };
    view! { <Panel title="Models, last 24 hours">{body}</Panel> }.into_any()
}

/// The settings that hold, written or not.
pub(super) fn facts(agent: &Value) -> Vec<(&'static str, Fact)> {
    let spec = AgentSpec::deserialize(&agent["spec"]).unwrap_or_default();
    let endpoint = text(agent, "/status/endpoint");
    let endpoint = Some(endpoint).filter(|endpoint| !endpoint.is_empty());
    let config = spec.config.as_ref();
    let network = spec.agent_network.as_ref();
    let telemetry = config.and_then(|config| config.telemetry.as_ref());
    let fallbacks = spec.fallback_models().join(", ");
    let task = spec.task_config();
    let limits = api::plan::Limits::default();
    let mut facts = vec![
        (
            "Endpoint",
            Fact::Set(endpoint.unwrap_or_else(|| "none yet".to_owned())),
        ),
        ("Model", Fact::Set(spec.model.clone())),
        (
            "Fallback models",
            Fact::of(Some(fallbacks).filter(|models| !models.is_empty()), "none"),
        ),
        (
            "Max steps",
            Fact::of(config.and_then(|config| config.reasoning_loop_max_steps), 5),
        ),
        (
            "Longest run",
            Fact::of(
                task.max_runtime_seconds
                    .map(|seconds| format!("{seconds} s")),
                format!("{} s", limits.runtime.as_secs()),
            ),
        ),
        (
            "Calls in a run",
            Fact::of(task.max_tool_calls, limits.tool_calls),
        ),
        (
            "Tokens in a run",
            Fact::of(
                task.max_tokens.map(u64::from).map(format::count),
                "unbounded",
            ),
        ),
        (
            "Exposed",
            Fact::of(
                network.and_then(|network| network.expose).map(yes_no),
                "yes",
            ),
        ),
        (
            "Waits for dependencies",
            Fact::of(spec.wait_for_dependencies.map(yes_no), "yes"),
        ),
        (
            "Telemetry",
            Fact::of(
                telemetry.map(|telemetry| yes_no(telemetry.enabled)),
                "as KAOS",
            ),
        ),
    ];
    facts.extend(memory_facts(
        config.and_then(|config| config.memory.as_ref()),
    ));
    facts
}

fn memory_facts(memory: Option<&MemoryConfig>) -> [(&'static str, Fact); 4] {
    let usual = MemoryConfig::default();
    [
        (
            "Memory",
            Fact::of(
                memory.map(|memory| yes_no(memory.enabled)),
                yes_no(usual.enabled),
            ),
        ),
        (
            "Messages given to the model",
            Fact::of(
                memory.map(|memory| memory.context_limit),
                usual.context_limit,
            ),
        ),
        (
            "Sessions kept",
            Fact::of(memory.map(|memory| memory.max_sessions), usual.max_sessions),
        ),
        (
            "Events kept per session",
            Fact::of(
                memory.map(|memory| memory.max_session_events),
                usual.max_session_events,
            ),
        ),
    ]
}

fn yes_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

#[cfg(test)]
mod tests {
    use api::money::Usd;

    use super::*;

    #[test]
    fn what_models_did_has_the_cost_and_says_when_there_is_none_to_tell() {
        let row = UsageRow {
            n_calls: 1_234,
            input_tokens: 5_000,
            cached_tokens: 1_000,
            cost: Usd::from_dollars(0.25),
            ..UsageRow::default()
        };
        let check = |row: Result<UsageRow, String>, parts: &[&str]| {
            let html = Owner::new().with(|| used(&row).to_html());
            for part in parts {
                assert!(html.contains(part), "no {part} in {html}");
            }
        };
        check(Ok(row), &["1,234", "5,000, 1,000 of them cached", "$0.250"]);
        check(Ok(UsageRow::default()), &["asked no model"]);
        check(
            Err("it is off".to_owned()),
            &["is missing here", "it is off"],
        );
    }
}
