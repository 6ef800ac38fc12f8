//! What agents and tools said while they worked.

mod filter;
pub(crate) mod table;

use api::traces::LogRecord;
use leptos::prelude::*;

use super::params::{namespace, ports};
use crate::{
    components::{
        filter_form::{FilterForm, FilterSelect, FilterText, all_or},
        instead::{Instead, Why},
        page_head::PageHead,
    },
    frame::{Crumb, Frame, Section, loaded},
    pages::range::Range,
    site::{Failure, Ports},
};
use filter::{Filter, SEVERITIES};
use table::log_table;

/// Lines of one page.
const MOST: u32 = 200;

/// `/ns/{ns}/logs?q=&severity=&agent=&range=&trace=&span=&before=`.
#[component]
pub(crate) fn LogsPage() -> impl IntoView {
    let namespace = namespace();
    let filter = Filter::requested();
    let data = load(ports(), namespace.clone(), filter.clone());
    view! {
        <Frame section=Section::Logs title="Logs" crumbs=vec![Crumb::here("logs")]>
            <PageHead title="Logs" />
            {loaded("Logs", data, move |found| draw(found, &namespace, &filter))}
        </Frame>
    }
}

struct Found {
    logs: Vec<LogRecord>,
    services: Vec<String>,
}

async fn load(ports: Ports, namespace: String, filter: Filter) -> Result<Found, Failure> {
    Ok(Found {
        logs: ports.logs.logs(&filter.query(&namespace, MOST)).await?,
        services: ports.traces.services().await?,
    })
}

fn draw(found: Found, namespace: &str, filter: &Filter) -> impl IntoView + use<> {
    let Found { logs, services } = found;
    let severities = SEVERITIES
        .iter()
        .map(|(value, word, _)| ((*value).to_owned(), (*word).to_owned()));
    let Filter {
        text,
        severity,
        agent,
        range,
        ..
    } = filter.clone();
    let kept = filter.hidden_fields();
    let older = logs.last().filter(|_| logs.len() >= MOST as usize);
    let older = older.map(|last| filter.before_href(namespace, last.time_ns));
    let list = if logs.is_empty() {
        nothing(namespace, filter)
    } else {
        log_table("Logs", &logs)
    };
    view! {
        <FilterForm label="Logs">
            <FilterText name="q" label="Words of the message" value=text />
            <FilterSelect
                name="severity"
                label="At least"
                chosen=severity
                options=severities.collect()
            />
            <FilterSelect
                name="agent"
                label="Service"
                chosen=agent
                options=all_or(services)
            />
            <FilterSelect name="range" label="In" chosen=range.key options=Range::options() />
            {kept}
        </FilterForm>
        {filter.narrowed_to(namespace)}
        {list}
        {older
            .map(|href| {
                view! {
                    <p class="panel-note">
                        "The newest " {MOST} " are shown. " <a href=href>"Show older ones"</a>
                    </p>
                }
            })}
    }
}

fn nothing(namespace: &str, filter: &Filter) -> AnyView {
    let title = format!(
        "No logs of {namespace} in {} are like that",
        filter.range.words
    );
    let all = format!("{}?range=all", Section::Logs.href(namespace));
    view! {
        <Instead why=Why::Empty { title }>
            <p>
                "Agents log each request, tool and delegation; with "
                <code>"LOG_LEVEL=debug"</code> " also each step and model call. "
                <a href=all>"Show everything"</a>
            </p>
        </Instead>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use api::traces::{LogPosition, SpanId};
    use http::StatusCode;

    use crate::pages::fixture::{Fixture, TRACE};

    use super::*;

    fn log(severity: (&str, i32), body: &str) -> LogRecord {
        LogRecord {
            time_ns: 1_767_225_600_123_000_000,
            service: "researcher".to_owned(),
            severity: severity.0.to_owned(),
            severity_number: severity.1,
            body: body.to_owned(),
            trace_id: Some(TRACE),
            span_id: Some(SpanId([0, 0, 0, 0, 0, 0, 0, 1])),
            attributes: vec![("tool".to_owned(), "web_search".into())],
            position: LogPosition::default(),
        }
    }

    #[tokio::test]
    async fn a_line_shows_when_how_bad_who_and_leads_to_its_span() {
        let fixture = Fixture {
            logs: vec![log(("ERROR", 17), "Tool <script>x</script>\u{202E} failed")],
            ..Fixture::default()
        };
        let (status, html) = fixture.get("/ns/team/logs?range=all").await;
        assert_eq!(status, StatusCode::OK);
        let span = format!("/traces/{TRACE}?span=0000000000000001&amp;side=logs");
        for part in [
            "2026-01-01 00:00:00.123",
            "ERROR",
            "researcher",
            "Tool &lt;script&gt;x&lt;/script&gt;⟨U+202E⟩ failed",
            "web_search",
            &span,
        ] {
            assert!(html.contains(part), "no {part} in {html}");
        }
    }

    #[tokio::test]
    async fn without_logs_the_page_says_how_to_get_more() {
        let (_, html) = Fixture::default().get("/ns/team/logs?range=1h").await;
        assert!(
            html.contains("No logs of team in the last hour are like that"),
            "{html}"
        );
        assert!(html.contains("LOG_LEVEL=debug"), "{html}");
    }
}
