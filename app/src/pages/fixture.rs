//! A dashboard over traces, agents and memories that a test has written down.

use std::{collections::BTreeMap, sync::Arc};

use api::{
    clock::SystemClock,
    functions::NoLanguage,
    telemetry::{
        CallReader, Decision, DurationQuery, Durations, ExceptionGroup, ExceptionGroupId,
        ExceptionQuery, ExceptionReader, MetricQuery, MetricReader, MetricSeries, NotNoted,
        Notebook, NothingKept, Occurrence, SavedSearch, ServiceGraph, SessionQuery, SessionReader,
        SessionSummary, UsageQuery, UsageReader, UsageRow, Window,
    },
    traces::{
        LogQuery, LogReader, LogRecord, Operation, ReadError, Span, SpanId, SpanKind, SpanStatus,
        Trace, TraceId, TraceQuery, TraceReader, TraceSummary,
    },
};
use async_trait::async_trait;
use axum::{Router, body::Body};
use http::{Request, StatusCode};
use tower::ServiceExt;

use crate::site::{Assets, Ports, router};

/// The trace all spans of a test belong to.
pub(crate) const TRACE: TraceId = TraceId([0xab; 16]);

/// What a test has written down.
#[derive(Clone, Default)]
pub(crate) struct Fixture {
    pub(crate) spans: Vec<Span>,
    pub(crate) logs: Vec<LogRecord>,
    /// What telemetry adds up to; with none, nothing is kept.
    pub(crate) answers: Option<Answers>,
    /// Traces that a search gives at most.
    pub(crate) most: Option<u32>,
    /// Answers as the Kubernetes API.
    pub(crate) kubernetes: Router,
    /// Answers as the agents.
    pub(crate) agents: Router,
    /// What was decided about groups of exceptions.
    pub(crate) decisions: BTreeMap<ExceptionGroupId, Decision>,
    /// Searches that were given names.
    pub(crate) searches: Vec<SavedSearch>,
    /// Takes and gives traces as files.
    pub(crate) files: Option<Router>,
}

impl Fixture {
    /// The page at `path`.
    pub(crate) async fn get(self, path: &str) -> (StatusCode, String) {
        let ports = Ports {
            kube: kube::Client::new(self.kubernetes.clone(), "default"),
            agents: self.agents.clone(),
            files: self.files.clone(),
            functions: Arc::new(NoLanguage),
            clock: Arc::new(SystemClock),
            providers: Vec::new(),
            prices: Arc::default(),
            assets: Assets {
                css: "/pkg/kaos.css".to_owned(),
                js: "/pkg/kaos.js".to_owned(),
                wasm: "/pkg/kaos.wasm".to_owned(),
            },
            notice: None,
            telemetry: match self.answers.clone() {
                Some(answers) => Arc::new(answers),
                None => NothingKept::because("a test keeps nothing"),
            },
            alerts: NothingKept::alerts("a test keeps nothing"),
            notebook: Arc::new(Written(self.decisions.clone(), self.searches.clone())),
            logs: Arc::new(self.clone()),
            traces: Arc::new(self),
        };
        let request = Request::get(path).body(Body::empty()).unwrap();
        let Ok(response) = router(ports).oneshot(request).await;
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
        let html = String::from_utf8(body.unwrap().to_vec()).unwrap();
        (status, without_comments(&html))
    }
}

/// The page without the marks that a rendering in a debug build leaves in it.
fn without_comments(html: &str) -> String {
    let mut parts = html.replace("<!>", "");
    while let Some(start) = parts.find("<!--") {
        let end = parts[start..]
            .find("-->")
            .map_or(parts.len(), |end| start + end + 3);
        parts.replace_range(start..end, "");
    }
    parts
}

/// Fails unless every one of these is in the page.
#[track_caller]
pub(crate) fn has(html: &str, expected: &[&str]) {
    for part in expected {
        assert!(html.contains(part), "no {part:?} in {html}");
    }
}

/// A span of the agent `service`, from `start` to `end` milliseconds after the year 2026 began.
pub(crate) fn span(number: u8, parent: u8, name: &str, (start, end): (u64, u64)) -> Span {
    const NEW_YEAR_NS: u64 = 1_767_225_600_000_000_000;
    let id = |number: u8| SpanId([0, 0, 0, 0, 0, 0, 0, number]);
    Span {
        trace_id: TRACE,
        span_id: id(number),
        parent_id: (parent > 0).then(|| id(parent)),
        service: "coordinator".to_owned(),
        name: name.to_owned(),
        kind: SpanKind::Internal,
        start_ns: NEW_YEAR_NS + start * 1_000_000,
        end_ns: NEW_YEAR_NS + end * 1_000_000,
        status: SpanStatus::Ok,
        attributes: Vec::new(),
        events: Vec::new(),
        resource: Vec::new(),
    }
}

#[async_trait]
impl TraceReader for Fixture {
    async fn services(&self) -> Result<Vec<String>, ReadError> {
        Ok(self
            .spans
            .iter()
            .map(|span| span.service.clone())
            .take(1)
            .collect())
    }

    async fn operations(&self, _service: &str) -> Result<Vec<Operation>, ReadError> {
        Ok(Vec::new())
    }

    async fn trace(&self, id: TraceId) -> Result<Option<Trace>, ReadError> {
        let spans = self.spans.clone();
        Ok((id == TRACE && !spans.is_empty()).then_some(Trace { id, spans }))
    }

    async fn search(&self, query: &TraceQuery) -> Result<Vec<TraceSummary>, ReadError> {
        let is_here = query.namespace.as_deref().is_none_or(|ns| ns == "team");
        let trace = Trace {
            id: TRACE,
            spans: self.spans.clone(),
        };
        let is_early = |trace: &TraceSummary| {
            let (from, to) = (query.start_min_ns, query.start_max_ns);
            from.is_none_or(|from| trace.start_ns >= from)
                && to.is_none_or(|to| trace.start_ns < to)
        };
        let found = trace.summary().filter(|trace| is_here && is_early(trace));
        Ok(found.into_iter().collect())
    }

    fn most(&self) -> u32 {
        self.most.unwrap_or(10_000)
    }
}

#[async_trait]
impl LogReader for Fixture {
    async fn logs(&self, query: &LogQuery) -> Result<Vec<LogRecord>, ReadError> {
        let of_query = |log: &&LogRecord| {
            query.span_ids.is_empty() || log.span_id.is_some_and(|id| query.span_ids.contains(&id))
        };
        Ok(self.logs.iter().filter(of_query).cloned().collect())
    }
}

/// What telemetry adds up to, whatever is asked for.
#[derive(Clone, Default)]
pub(crate) struct Answers {
    pub(crate) groups: Vec<ExceptionGroup>,
    pub(crate) occurrences: Vec<Occurrence>,
    pub(crate) series: Vec<MetricSeries>,
    pub(crate) usage: Vec<UsageRow>,
    pub(crate) durations: Durations,
}

#[async_trait]
impl CallReader for Answers {
    async fn service_graph(&self, _: Window) -> Result<ServiceGraph, ReadError> {
        Ok(ServiceGraph::default())
    }

    async fn durations(&self, _: &DurationQuery) -> Result<Durations, ReadError> {
        Ok(self.durations)
    }
}

#[async_trait]
impl ExceptionReader for Answers {
    async fn exceptions(&self, _: &ExceptionQuery) -> Result<Vec<ExceptionGroup>, ReadError> {
        Ok(self.groups.clone())
    }

    async fn occurrences(
        &self,
        _: ExceptionGroupId,
        _: &ExceptionQuery,
    ) -> Result<Vec<Occurrence>, ReadError> {
        Ok(self.occurrences.clone())
    }
}

#[async_trait]
impl MetricReader for Answers {
    async fn metric(&self, _: &MetricQuery) -> Result<Vec<MetricSeries>, ReadError> {
        Ok(self.series.clone())
    }

    async fn metric_names(&self) -> Result<Vec<String>, ReadError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl SessionReader for Answers {
    async fn sessions(&self, _: &SessionQuery) -> Result<Vec<SessionSummary>, ReadError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl UsageReader for Answers {
    async fn usage(&self, _: &UsageQuery) -> Result<Vec<UsageRow>, ReadError> {
        Ok(self.usage.clone())
    }
}

/// A notebook that cannot be changed.
struct Written(BTreeMap<ExceptionGroupId, Decision>, Vec<SavedSearch>);

#[async_trait]
impl Notebook for Written {
    fn decisions(&self) -> BTreeMap<ExceptionGroupId, Decision> {
        self.0.clone()
    }

    async fn decide(&self, _: ExceptionGroupId, _: Option<Decision>) -> Result<(), NotNoted> {
        Err(NotNoted::Unsupported("a test keeps nothing".to_owned()))
    }

    fn searches(&self, _: &str) -> Vec<SavedSearch> {
        self.1.clone()
    }

    async fn save_search(&self, _: SavedSearch) -> Result<(), NotNoted> {
        Err(NotNoted::Unsupported("a test keeps nothing".to_owned()))
    }

    async fn delete_search(&self, _: &str, _: &str) -> Result<(), NotNoted> {
        Err(NotNoted::Unsupported("a test keeps nothing".to_owned()))
    }
}
