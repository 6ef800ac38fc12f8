//! Traces out of a file: the form that sends it, and what came of it.

use api::traces::{Trace, TraceId, TraceReader, TraceSummary};
use futures::{StreamExt, stream};
use leptos::prelude::*;

use crate::{
    components::{
        button::{SubmitButton, Weight},
        drop_file::DropFile,
        instead::{Instead, Why},
        page_head::{PageHead, Panel},
        trace_list::TraceList,
    },
    format,
    frame::{Crumb, CsrfField, Frame, Section},
    kinds::ALL_NAMESPACES,
    pages::params::{namespace, now, ports},
    site::{FILE, Imported, Taken},
    untrusted::visible,
};

/// Traces that the result lists.
const MOST: usize = 20;

/// The form. A file that is dropped on its page is sent with it, too.
pub(super) fn form(namespace: &str) -> AnyView {
    const ID: &str = "import-form";
    let action = format!("{}/import", Section::Traces.href(namespace));
    view! {
        <form id=ID class="import" method="post" action=action enctype="multipart/form-data">
            <CsrfField />
            <label>
                <span>"File with traces"</span>
                <input type="file" name=FILE accept=".json,.jsonl,application/json" required />
            </label>
            <p class="field-hint">"OTLP in JSON, as “Export” writes it: at most 64 MB."</p>
            <SubmitButton weight=Weight::Primary>"Import file"</SubmitButton>
            <DropFile form=ID.to_owned() />
        </form>
    }
    .into_any()
}

/// `/ns/{ns}/traces/import`: the form, and what became of the file it sent.
#[component]
pub(crate) fn ImportPage() -> impl IntoView {
    let (ports, namespace) = (ports(), namespace());
    let crumbs = vec![
        Crumb::link("traces", Section::Traces.href(&namespace)),
        Crumb::here("import"),
    ];
    let form = ports.files.is_some().then(|| form(&namespace));
    let elsewhere = form.is_none().then(|| {
        view! {
            <Instead why=Why::Empty { title: "Traces are kept elsewhere".to_owned() }>
                <p>"The dashboard reads them from a Jaeger: send the file there."</p>
            </Instead>
        }
    });
    let result = use_context::<Imported>().map(|imported| match imported {
        Imported::Refused(reason) => refused(&reason),
        Imported::Taken(taken) => Suspend::new(async move {
            let traces = summaries(ports.traces.as_ref(), &taken.traces).await;
            came_in(&taken, traces)
        })
        .into_any(),
    });
    view! {
        <Frame section=Section::Traces title="Import traces" crumbs>
            <PageHead title="Import traces" />
            {result}
            {elsewhere}
            <div class="panel-body">{form}</div>
        </Frame>
    }
}

fn refused(reason: &str) -> AnyView {
    view! {
        <div class="instead instead--failed" role="alert">
            <div class="instead-words">
                <strong>"The file was not imported"</strong>
                <p>{visible(reason).into_owned()}</p>
            </div>
        </div>
    }
    .into_any()
}

/// What is listed of them. One that cannot be read is told by its id alone.
async fn summaries(
    reader: &dyn TraceReader,
    ids: &[String],
) -> Vec<(String, Option<TraceSummary>)> {
    const AT_A_TIME: usize = 4;
    let ids: Vec<String> = ids.iter().take(MOST).cloned().collect();
    let read = ids.into_iter().map(async |id| {
        let trace = match TraceId::parse(&id) {
            Some(id) => reader.trace(id).await.ok().flatten(),
            None => None,
        };
        let summary = trace.as_ref().and_then(Trace::summary);
        (id, summary)
    });
    stream::iter(read).buffered(AT_A_TIME).collect().await
}

fn came_in(taken: &Taken, traces: Vec<(String, Option<TraceSummary>)>) -> AnyView {
    if taken.n_traces == 0 {
        return refused(
            "There are no spans and no log records of traces in it. It has to be OTLP in JSON, a document \
             on each line.",
        );
    }
    let words = format!(
        "{} and {} of {} came in.",
        format::counted(taken.spans, "span", "spans"),
        format::counted(taken.logs, "new log record", "new log records"),
        format::counted(taken.n_traces, "trace", "traces"),
    );
    let left_out = (taken.rejected_spans > 0).then(|| {
        let spans = format::counted(taken.rejected_spans, "span", "spans");
        format!(" {spans} without ids left out.")
    });
    let listed = traces.len() as u64;
    let more = (taken.n_traces > listed).then(|| {
        let all = format!("{}?range=all", Section::Traces.href(ALL_NAMESPACES));
        let others = format::count(taken.n_traces - listed);
        view! {
            <p class="panel-note">
                {others} " more are among " <a href=all>"all traces"</a> "."
            </p>
        }
    });
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for (id, summary) in traces {
        match summary {
            Some(summary) => known.push(summary),
            None => unknown.push(id),
        }
    }
    let unknown = unknown.into_iter().map(|id| {
        view! {
            <li>
                <a href=format!("/traces/{id}")>
                    <code>{id.clone()}</code>
                </a>
            </li>
        }
    });
    view! {
        <p class="panel-note" role="status">
            {words} {left_out}
        </p>
        <Panel title="Traces of the file">
            <TraceList label="Traces of the file" traces=known now=now() />
            <ul class="panel-body">{unknown.collect_view()}</ul>
            {more}
        </Panel>
    }
    .into_any()
}
