//! What needs somebody, besides resources that are not ready: alerts, exceptions that are new, and runs
//! that failed.

use std::collections::BTreeMap;

use api::{
    telemetry::{
        Alert, AlertState, Decision, ExceptionGroup, ExceptionGroupId, ExceptionQuery, GroupStatus,
        Window,
    },
    traces::{ReadError, TraceSummary},
};
use jiff::Timestamp;
use leptos::prelude::*;

use crate::{
    components::{
        status_mark::{Mark, StatusMark},
        time::Ago,
    },
    format,
    pages::{params::namespace_filter, resource::page::partial},
    site::Ports,
    untrusted::visible,
    url::Encoded,
};

/// Lines of each kind.
const MOST: usize = 5;
/// Exceptions looked at to find new ones.
const LOOKED_AT: u32 = 200;

/// What was found; a source that failed says why and hides nothing else.
pub(super) struct Attention {
    alerts: Result<Vec<Alert>, String>,
    exceptions: Result<Vec<ExceptionGroup>, String>,
    /// What was decided about them.
    decisions: BTreeMap<ExceptionGroupId, Decision>,
    failed: Vec<TraceSummary>,
}

impl Attention {
    /// Looks at the window that ends now; `runs` are those of it, newest first.
    pub(super) async fn read(
        ports: &Ports,
        namespace: &str,
        window: Window,
        runs: &[TraceSummary],
    ) -> Self {
        let query = ExceptionQuery {
            window,
            namespace: namespace_filter(namespace),
            limit: LOOKED_AT,
            ..ExceptionQuery::default()
        };
        let (alerts, exceptions) =
            futures::join!(ports.alerts.alerts(), ports.telemetry.exceptions(&query));
        let is_told =
            |alert: &Alert| matches!(alert.state, AlertState::Firing | AlertState::Pending);
        let decisions = ports.notebook.decisions();
        let is_news = |group: &ExceptionGroup| match status(&decisions, group) {
            GroupStatus::Open => group.first_ever_ns >= window.from_ns,
            GroupStatus::Regressed => true,
            GroupStatus::Resolved | GroupStatus::Ignored => false,
        };
        let failed = runs.iter().filter(|run| run.n_errors > 0).take(MOST);
        Self {
            alerts: kept(alerts, is_told),
            exceptions: kept(exceptions, is_news),
            decisions,
            failed: failed.cloned().collect(),
        }
    }

    /// A line each, the worst first.
    pub(super) fn view(self, now: Timestamp) -> AnyView {
        let Self {
            alerts,
            exceptions,
            decisions,
            failed,
        } = self;
        let mut missing = Vec::new();
        let mut lines = Vec::new();
        match alerts {
            Ok(alerts) => lines.extend(alerts.iter().map(|alert| of_alert(alert, now))),
            Err(message) => missing.push(partial("Alerts", &message)),
        }
        match exceptions {
            Ok(groups) => lines.extend(groups.iter().map(|group| {
                let status = status(&decisions, group);
                of_exception(group, status, now)
            })),
            Err(message) => missing.push(partial("New exceptions", &message)),
        }
        lines.extend(failed.iter().map(|run| of_run(run, now)));
        let lines = (!lines.is_empty()).then(|| view! { <ul class="troubles">{lines}</ul> });
        view! {
            {lines}
            {missing}
        }
        .into_any()
    }
}

/// The first of what passes; nothing where nothing is kept at all, which its own page explains.
fn kept<T>(
    found: Result<Vec<T>, ReadError>,
    passes: impl Fn(&T) -> bool,
) -> Result<Vec<T>, String> {
    match found {
        Ok(found) => Ok(found.into_iter().filter(passes).take(MOST).collect()),
        Err(ReadError::Unsupported(_)) => Ok(Vec::new()),
        Err(error @ ReadError::Read { .. }) => Err(error.to_string()),
    }
}

fn of_alert(alert: &Alert, now: Timestamp) -> AnyView {
    let (mark, word) = match alert.state {
        AlertState::Firing => (Mark::Failed, "Firing"),
        AlertState::Pending | AlertState::Inactive | AlertState::Resolved => {
            (Mark::Degraded, "Pending")
        }
    };
    let href = format!("/alerts/{}", Encoded(&alert.rule));
    let words = format!("{} of {}", alert.rule, alert.agent);
    line("Alert", href, words, (mark, word), (alert.since_ns, now))
}

fn status(decisions: &BTreeMap<ExceptionGroupId, Decision>, group: &ExceptionGroup) -> GroupStatus {
    GroupStatus::of(decisions.get(&group.id).copied(), group.last_ns)
}

fn of_exception(group: &ExceptionGroup, status: GroupStatus, now: Timestamp) -> AnyView {
    let word = match status {
        GroupStatus::Regressed => "Came back",
        GroupStatus::Open | GroupStatus::Resolved | GroupStatus::Ignored => "New",
    };
    let href = format!("/exceptions/{}", group.id);
    let times = format::counted(group.n, "time", "times");
    let words = format!("{}: {}", group.exception_type, group.template);
    line(
        "Exception",
        href,
        words,
        (Mark::Degraded, &format!("{word}, {times}")),
        (group.first_ever_ns, now),
    )
}

fn of_run(run: &TraceSummary, now: Timestamp) -> AnyView {
    let href = format!("/traces/{}", run.id);
    let word = format::counted(run.n_errors, "error", "errors");
    let words = run.root_service.clone();
    line(
        "Run",
        href,
        words,
        (Mark::Failed, &word),
        (run.start_ns, now),
    )
}

fn line(
    kind: &'static str,
    href: String,
    words: String,
    (mark, word): (Mark, &str),
    (time_ns, now): (u64, Timestamp),
) -> AnyView {
    let (words, word) = (visible(&words).into_owned(), word.to_owned());
    view! {
        <li>
            <span class="troubles-kind">{kind}</span>
            <a class="troubles-words" href=href>
                {words}
            </a>
            <StatusMark mark word />
            <Ago time_ns now />
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use axum::{Json, Router, extract::Path, routing::get};
    use serde_json::json;

    use super::*;
    use crate::pages::fixture::{Answers, Fixture};

    fn group(template: &str, first_ever_ns: u64) -> ExceptionGroup {
        ExceptionGroup {
            id: ExceptionGroupId(7),
            exception_type: "ValueError".to_owned(),
            template: template.to_owned(),
            top_frame: String::new(),
            n: 3,
            n_traces: 3,
            first_ns: first_ever_ns,
            last_ns: first_ever_ns,
            first_ever_ns,
            services: Vec::new(),
            counts: Vec::new(),
        }
    }

    fn kubernetes() -> Router {
        let list = |Path(plural): Path<String>| async move {
            let agent = json!({"metadata": {"name": "analyst", "namespace": "team"},
                "spec": {}, "status": {"phase": "Ready", "ready": true}});
            let items = if plural == "agents" {
                vec![agent]
            } else {
                vec![]
            };
            Json(json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items}))
        };
        Router::new().route(
            "/apis/kaos.tools/v1alpha1/namespaces/team/{plural}",
            get(list),
        )
    }

    #[tokio::test]
    async fn an_exception_that_is_new_needs_attention_and_one_that_is_known_does_not() {
        let answers = Answers {
            groups: vec![
                group("<i>Tool</i> was not found", u64::MAX),
                group("Known for long", 1),
            ],
            ..Answers::default()
        };
        let fixture = Fixture {
            kubernetes: kubernetes(),
            answers: Some(answers),
            ..Fixture::default()
        };
        let (_, html) = fixture.get("/ns/team").await;
        for part in [
            "ValueError: &lt;i&gt;Tool&lt;/i&gt; was not found",
            "New, 3 times",
            "/exceptions/0000000000000007",
        ] {
            assert!(html.contains(part), "no {part} in {html}");
        }
        assert!(!html.contains("Known for long"), "{html}");
        // The runs of a test's agents cannot be asked for: said, and nothing else is hidden by it.
        assert!(html.contains("What runs now is missing here"), "{html}");
    }

    #[tokio::test]
    async fn what_was_resolved_needs_attention_once_it_comes_back() {
        let page = async |decision| {
            let answers = Answers {
                groups: vec![group("It broke", 1_000)],
                ..Answers::default()
            };
            let fixture = Fixture {
                kubernetes: kubernetes(),
                answers: Some(answers),
                decisions: BTreeMap::from([(ExceptionGroupId(7), decision)]),
                ..Fixture::default()
            };
            fixture.get("/ns/team").await.1
        };
        let html = page(Decision::Resolved { at_ns: 999 }).await;
        assert!(html.contains("Came back, 3 times"), "{html}");
        let html = page(Decision::Resolved { at_ns: 1_000 }).await;
        assert!(!html.contains("It broke"), "{html}");
    }
}
