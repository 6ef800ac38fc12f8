//! A trace as one file of HTML, which opens anywhere, without KAOS and without a network.
//!
//! The parts of the page draw it. It is written row by row, so that no more than one row of it is ever
//! in memory.

mod details;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use api::traces::{LogRecord, Trace};
use jiff::Timestamp;
use leptos::prelude::*;

use self::details::with_details;
use super::{
    actions::holds_messages,
    around::{Around, Neighbours},
    detail::{Loaded, load, namespace_of},
    flame, header,
    layout::{self, Layout},
    medium::Medium,
    panel::{self, Chosen},
    tree,
    url::{TraceUrl, TraceView},
};
use crate::{
    format,
    pages::period::written,
    site::{Failure, Ports},
};

/// Rows of a file.
const MOST_ROWS: usize = 5_000;
/// Log records that are read without asking for more.
const MOST_LOGS: usize = 1_000;

/// What a browser that opens it may load: nothing.
pub(crate) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// All that a file has of the dashboard's style. Fonts are those of the reader.
const SHEETS: [&str; 6] = [
    include_str!("../../../../style/tokens.css"),
    include_str!("../../../../style/base.css"),
    include_str!("../../../../style/kind_tile.css"),
    include_str!("../../../../style/trace.css"),
    include_str!("../../../../style/waterfall.css"),
    include_str!("../../../../style/trace_file.css"),
];

/// A trace on its way into a file.
pub(crate) struct TraceFile {
    loaded: Loaded,
    url: TraceUrl,
    neighbours: Neighbours,
    self_times: Vec<u64>,
    /// What was logged in the spans that each row stands for.
    logs: HashMap<usize, Vec<LogRecord>>,
    /// For each row whether all about its span is in the file.
    has_details: Vec<bool>,
    written_at: Timestamp,
}

impl TraceFile {
    /// Reads what the page at `url` shows of the trace, and all of its logs; none when it is not there.
    pub(crate) async fn read(ports: &Ports, url: TraceUrl) -> Result<Option<Self>, Failure> {
        let Some(loaded) = load(ports, url.with_view(TraceView::Logs)).await? else {
            return Ok(None);
        };
        let Loaded { trace, layout, .. } = &loaded;
        let has_failed = trace.spans.iter().any(|span| span.status.is_error());
        let namespace = namespace_of(trace);
        Ok(Some(Self {
            url,
            neighbours: Neighbours::of(ports, trace, namespace, has_failed).await,
            self_times: layout::self_times(&trace.spans),
            logs: logs_of_rows(&loaded),
            has_details: with_details(trace, layout, MOST_ROWS),
            written_at: ports.clock.now(),
            loaded,
        }))
    }

    /// The file from its beginning to its end.
    pub(crate) fn into_pieces(self) -> impl Iterator<Item = String> + Send {
        let end = self.n_rows() + 1;
        (0..=end).map(move |piece| match piece {
            0 => self.begin(),
            piece if piece == end => self.end(),
            piece => self.row(piece - 1),
        })
    }

    fn n_rows(&self) -> usize {
        self.loaded.layout.rows.len().min(MOST_ROWS)
    }

    fn begin(&self) -> String {
        let title = header::title(&self.loaded.trace);
        let head = drawn(|| {
            view! {
                <meta charset="utf-8" />
                <meta http-equiv="Content-Security-Policy" content=POLICY />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <title>{title}</title>
                <style>{SHEETS.concat()}</style>
            }
            .into_any()
        });
        let top = drawn(|| {
            let layout = &self.loaded.layout;
            view! {
                {header::view(&self.loaded, self.url)}
                {self.about()}
                {flame::view(&layout.rows, self.url, layout.default_span)}
            }
            .into_any()
        });
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head>{head}</head><body class=\"trace-file\">\
             <main class=\"trace\">{top}<h2 class=\"visually-hidden\">Spans</h2>\
             <ol class=\"span-rows\">\n"
        )
    }

    /// What the file is, and what is not in it.
    fn about(&self) -> AnyView {
        let Loaded { trace, layout, .. } = &self.loaded;
        let (begun, version) = (written(layout.start_ns), env!("CARGO_PKG_VERSION"));
        let written_at = self.written_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let whole = format!(
            "Trace {}, begun at {begun}. Written by KAOS {version} at {written_at}.",
            trace.id
        );
        let words = holds_messages(trace).then_some(
            "It holds what models and tools were told and what they answered: mind who may read it.",
        );
        let left_out = self.left_out().into_iter();
        let lines = left_out.map(|line| view! { <p class="trace-file-cut">{line}</p> });
        view! {
            <div class="trace-file-about">
                <p>{whole}</p>
                {words.map(|words| view! { <p>{words}</p> })}
                {lines.collect_view()}
            </div>
        }
        .into_any()
    }

    fn left_out(&self) -> Vec<String> {
        let count = |number: usize| format::count(number as u64);
        let layout = &self.loaded.layout;
        let (n_rows, all_rows) = (self.n_rows(), layout.rows.len());
        let rows = (n_rows < all_rows).then(|| {
            let (first, all) = (count(n_rows), count(all_rows));
            format!("The first {first} of {all} rows are here.")
        });
        let n_spans = layout.rows.iter().filter(|row| row.span.is_some()).count();
        let n_details = self.has_details.iter().filter(|has| **has).count();
        let details = (n_details < n_spans).then(|| {
            let (some, all) = (count(n_details), count(n_spans));
            format!("{some} of {all} rows can be opened: with more the file would be too large.")
        });
        let n_logs = self.loaded.logs.as_ref().map_or(0, Vec::len);
        let logs = (n_logs >= MOST_LOGS)
            .then(|| format!("The first {} log records are here.", count(n_logs)));
        [rows, details, logs].into_iter().flatten().collect()
    }

    fn row(&self, place: usize) -> String {
        let layout = &self.loaded.layout;
        let row = &layout.rows[place];
        let inside = row.span.filter(|_| self.has_details[place]);
        let is_open = row.span_id.is_some() && row.span_id == layout.default_span;
        let mut row = drawn(|| {
            let inside = inside.map(|index| panel::whole(&self.chosen(place, index)));
            tree::opening(row, inside, is_open)
        });
        row.push('\n');
        row
    }

    fn chosen(&self, place: usize, index: usize) -> Chosen {
        let Loaded { trace, layout, .. } = &self.loaded;
        let logs = match &self.loaded.logs {
            Ok(_) => Ok(self.logs.get(&place).cloned().unwrap_or_default()),
            Err(reason) => Err(reason.clone()),
        };
        Chosen {
            span: trace.spans[index].clone(),
            trace_start_ns: layout.start_ns,
            trace_length_ns: layout.length_ns,
            self_ns: self.self_times[index],
            logs,
            // The pages of its namespace are not in the file.
            around: Around {
                namespace: None,
                ..self.neighbours.around(trace, index)
            },
        }
    }

    fn end(&self) -> String {
        let Loaded { layout, logs, .. } = &self.loaded;
        let n_logs = logs.as_ref().map_or(0, Vec::len);
        let logs = drawn(|| {
            let count = format::count(n_logs as u64);
            view! {
                <details class="trace-file-logs">
                    <summary>
                        <h2>"All logs " <span class="trace-tab-count">{count}</span></h2>
                    </summary>
                    {panel::all_logs(logs, layout.start_ns, self.url)}
                </details>
            }
            .into_any()
        });
        format!("</ol>{logs}</main></body></html>\n")
    }
}

/// Draws a part as it stands in a file.
fn drawn(part: impl FnOnce() -> AnyView) -> String {
    Owner::new().with(|| {
        provide_context(Medium::File);
        part().to_html()
    })
}

/// A span without a row is told of in the row that stands for it, and so are its logs.
fn logs_of_rows(loaded: &Loaded) -> HashMap<usize, Vec<LogRecord>> {
    let Loaded {
        trace: Trace { spans, .. },
        layout,
        ..
    } = loaded;
    let rows: HashMap<_, _> = spans
        .iter()
        .enumerate()
        .filter_map(|(index, span)| Some((span.span_id, Layout::row_of(layout, index)?)))
        .collect();
    let mut logs: HashMap<usize, Vec<LogRecord>> = HashMap::new();
    for log in loaded.logs.iter().flatten() {
        if let Some(row) = log.span_id.and_then(|id| rows.get(&id)) {
            logs.entry(*row).or_default().push(log.clone());
        }
    }
    logs
}
