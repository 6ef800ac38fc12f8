//! One trace: why it was slow, what failed, and every span of it.

use api::{
    attributes::key,
    telemetry::Durations,
    traces::{LogQuery, LogReader, LogRecord, Span, SpanId, Trace, TraceId},
};
use http::StatusCode;
use leptos::prelude::*;

use super::{
    around::around,
    flame, header,
    layout::{self, Cause, Layout, lay_out},
    live::{Known, known},
    panel::{self, Chosen},
    session::{self, Session},
    steps, table, tree,
    url::{Extent, TraceUrl, TraceView},
    usual::usual,
};
use crate::{
    components::waterfall::TraceWaterfall,
    frame::{Crumb, Frame, Section, failed},
    pages::params::{namespace, ports, set_status, visitor},
    site::{Failure, Ports, Visitor},
    untrusted,
};

/// `/traces/{id}`.
#[component]
pub(crate) fn TracePage(id: String) -> impl IntoView {
    let ports = ports();
    let url = TraceUrl::requested(&id);
    Suspend::new(async move {
        let Some(url) = url else {
            return not_found(&id);
        };
        match load(&ports, url).await {
            Ok(Some(loaded)) => draw(&loaded, url),
            Ok(None) => not_found(&url.id.to_string()),
            Err(failure) => cannot_be_shown(url.id, &failure),
        }
    })
}

/// A trace with everything its page shows.
pub(super) struct Loaded {
    pub(super) trace: Trace,
    /// The run it is about, while it goes on.
    run_id: Option<String>,
    pub(super) layout: Layout,
    chosen: Option<Chosen>,
    pub(super) session: Option<Session>,
    /// How long the step usually takes that the run waited for most.
    pub(super) usual: Option<Durations>,
    /// Everything that was logged, when that is asked for.
    pub(super) logs: Result<Vec<LogRecord>, String>,
}

/// Reads what the page at `url` shows; none when there is no such trace.
pub(super) async fn load(ports: &Ports, url: TraceUrl) -> Result<Option<Loaded>, Failure> {
    let Some(Known { trace, run_id, .. }) = known(ports, url.id).await? else {
        return Ok(None);
    };
    if trace.spans.is_empty() {
        return Ok(None);
    }
    let layout = lay_out(&trace, url.transport);
    let index_of = |id: SpanId| trace.spans.iter().position(|span| span.span_id == id);
    let index = url
        .span
        .and_then(index_of)
        .or_else(|| layout.default_span.and_then(index_of));
    let chosen = match index {
        Some(index) => Some(choose(ports, &trace, &layout, index).await),
        None => None,
    };
    let usual = match layout
        .cause
        .as_ref()
        .and_then(|cause| culprit(&trace, cause))
    {
        Some(span) => usual(ports, span, layout.start_ns).await,
        None => None,
    };
    let session = session::of(ports, &trace, &layout.facts).await;
    let logs = match url.view {
        TraceView::Logs => logs(&*ports.logs, trace.id, Vec::new()).await,
        TraceView::Waterfall | TraceView::Steps | TraceView::Table => Ok(Vec::new()),
    };
    Ok(Some(Loaded {
        trace,
        run_id,
        layout,
        chosen,
        session,
        usual,
        logs,
    }))
}

/// The span that a run took long because of. One that did something else meanwhile is not compared with
/// others: that took long, too.
fn culprit<'t>(trace: &'t Trace, cause: &Cause) -> Option<&'t Span> {
    let Cause::Slowest {
        span, length_ns, ..
    } = cause
    else {
        return None;
    };
    let span = trace.spans.iter().find(|known| known.span_id == *span)?;
    let is_it_alone = span.duration_ns().saturating_mul(9) <= length_ns.saturating_mul(10);
    is_it_alone.then_some(span)
}

async fn choose(ports: &Ports, trace: &Trace, layout: &Layout, index: usize) -> Chosen {
    let place = layout::place(&trace.spans, index);
    Chosen {
        span: trace.spans[index].clone(),
        trace_start_ns: layout.start_ns,
        trace_length_ns: layout.length_ns,
        self_ns: place.self_ns,
        logs: logs(&*ports.logs, trace.id, place.subtree).await,
        around: around(ports, trace, index, namespace_of(trace)).await,
    }
}

/// Logs of the spans. That they cannot be read is said in their place and does not take the page.
async fn logs(
    reader: &dyn LogReader,
    trace_id: TraceId,
    mut span_ids: Vec<SpanId>,
) -> Result<Vec<LogRecord>, String> {
    /// As far as one question can name them.
    const MOST_SPANS: usize = 500;
    span_ids.truncate(MOST_SPANS);
    let query = LogQuery {
        trace_id: Some(trace_id),
        span_ids,
        ..LogQuery::default()
    };
    let logs = reader.logs(&query).await;
    logs.map_err(|error| error.to_string())
}

fn draw(loaded: &Loaded, url: TraceUrl) -> AnyView {
    let Loaded {
        trace,
        chosen,
        session,
        ..
    } = loaded;
    // What stands around the page is that of the trace's namespace, wherever the reader comes from.
    if let Some(namespace) = namespace_of(trace) {
        provide_context(Visitor {
            namespace: Some(namespace),
            ..visitor()
        });
    }
    let selected = chosen.as_ref().map(|chosen| chosen.span.span_id);
    let title = header::title(trace);
    let spans = spans(loaded, url, selected);
    let body = view! {
        <article class="trace">
            {header::view(loaded, url)}
            <div class="trace-panes">
                {session.as_ref().map(session::view)}
                {spans}
                {chosen.as_ref().map(|chosen| panel::view(chosen, url))}
            </div>
        </article>
    };
    view! {
        <Frame section=Section::Traces title crumbs=crumbs(url.id)>
            {body}
        </Frame>
    }
    .into_any()
}

/// The spans, as the address asks for them; nothing when the browser has them already.
fn spans(loaded: &Loaded, url: TraceUrl, selected: Option<SpanId>) -> Option<AnyView> {
    let Loaded { trace, layout, .. } = loaded;
    if url.extent == Extent::WithoutRows {
        return None;
    }
    let shown = match url.view {
        TraceView::Waterfall => {
            let rows = view! {
                {flame::view(&layout.rows, url, selected)}
                {tree::view(trace, layout, url, selected)}
            };
            let (id, run) = (url.id.to_string(), loaded.run_id.clone());
            let span = selected.map(|span| span.to_string());
            view! {
                <TraceWaterfall trace=id span run>
                    {rows}
                </TraceWaterfall>
            }
            .into_any()
        }
        TraceView::Steps => steps::view(trace, layout, url),
        TraceView::Table => table::view(trace, layout),
        TraceView::Logs => panel::all_logs(&loaded.logs, layout.start_ns, url),
    };
    let views = TraceView::ALL.map(|view| {
        let current = (view == url.view).then_some("page");
        view! {
            <a href=url.with_view(view).to_string() aria-current=current>
                {view.word()}
            </a>
        }
    });
    let spans = view! {
        <section class="trace-tree" aria-label="Spans">
            <nav class="trace-tabs trace-views" aria-label="Views of the trace">
                {views}
            </nav>
            {shown}
        </section>
    };
    Some(spans.into_any())
}

/// Namespace of the service that sent the first span.
pub(super) fn namespace_of(trace: &Trace) -> Option<String> {
    let resource = &trace.spans.first()?.resource;
    let (_, namespace) = resource
        .iter()
        .find(|(key, _)| key == key::SERVICE_NAMESPACE)?;
    let namespace = namespace.as_str()?;
    api::validation::name_problem(namespace, 63)
        .is_none()
        .then(|| namespace.to_owned())
}

fn crumbs(id: TraceId) -> Vec<Crumb> {
    vec![
        Crumb::link("traces", Section::Traces.href(&namespace())),
        Crumb::here(short(id)),
    ]
}

/// `fd68d84d…305b`.
pub(super) fn short(id: TraceId) -> String {
    let id = id.to_string();
    format!("{}…{}", &id[..8], &id[28..])
}

pub(super) fn not_found(id: &str) -> AnyView {
    set_status(StatusCode::NOT_FOUND);
    let traces = Section::Traces.href(&namespace());
    let id = untrusted::visible(id).into_owned();
    view! {
        <Frame section=Section::Traces title="No such trace">
            <section class="trace-missing">
                <h1>"No such trace"</h1>
                <p>"There is no trace " <code>{id}</code> "."</p>
                <ul>
                    <li>"It may be older than what is kept, and removed."</li>
                    <li>"It may not have been exported yet: reload in a few seconds."</li>
                    <li>"A part of the id may be missing: it has 32 letters and digits."</li>
                </ul>
                <p>
                    <a href=traces>"All traces"</a>
                </p>
            </section>
        </Frame>
    }
    .into_any()
}

fn cannot_be_shown(id: TraceId, failure: &Failure) -> AnyView {
    let failed = failed("The trace", failure);
    view! {
        <Frame section=Section::Traces title="Trace" crumbs=crumbs(id)>
            <h1>"Trace"</h1>
            {failed}
        </Frame>
    }
    .into_any()
}
