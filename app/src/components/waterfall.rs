//! The tree of a trace in the browser: all spans, only the visible ones of them in the page.
//!
//! The server draws the first rows, every one a link; they stand until the skeleton of the trace has
//! come, and stay where no scripts run.

#![expect(
    missing_docs,
    reason = "the island macro writes types without documentation"
)]

#[cfg(feature = "hydrate")]
mod browser;
mod flame;
mod grid;
mod ruler;
mod toolbar;

use std::sync::Arc;

use leptos::{html, prelude::*};

use crate::waterfall::{Filter, Fold, Rows, Skeleton, SpanKey, Zoom};

/// Height of a row, in pixels.
const ROW: f64 = 24.0;

/// What the parts of the tree share.
#[derive(Clone, Copy)]
struct Waterfall {
    page: StoredValue<Page>,
    /// All its spans; none until they have come.
    skeleton: RwSignal<Option<Arc<Skeleton>>>,
    fold: RwSignal<Fold>,
    /// What somebody searches for.
    words: RwSignal<String>,
    options: RwSignal<Options>,
    zoom: RwSignal<Zoom>,
    selected: RwSignal<Option<SpanKey>>,
    /// For each span whether it matches the words.
    matches: Memo<Arc<Vec<bool>>>,
    rows: Memo<Arc<Rows>>,
    window: RwSignal<Window>,
    /// Nanoseconds since the skeleton came, while its run goes on.
    since_ns: RwSignal<u64>,
    /// Why the spans cannot be shown.
    failure: RwSignal<Option<String>>,
    scroller: NodeRef<html::Div>,
    search: NodeRef<html::Input>,
    canvas: NodeRef<html::Canvas>,
    drawn: NodeRef<html::Div>,
}

/// Where the tree stands.
#[cfg_attr(
    not(feature = "hydrate"),
    expect(dead_code, reason = "only a browser asks for spans")
)]
struct Page {
    /// The trace's id.
    trace: String,
    /// Which side of the panel is shown, as in the address.
    side: Option<String>,
    /// Whether it stands beside a conversation, without a panel and an address of its own.
    is_compact: bool,
    /// Whether the lane is about to be drawn.
    will_draw: bool,
}

/// What somebody has switched on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Options {
    /// Whether only what matches is shown.
    is_filtered: bool,
    /// Whether the newest step is kept in view.
    follows: bool,
    color: Color,
}

/// What the colour of a bar stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Color {
    #[default]
    Kind,
    Service,
}

/// The window on the rows, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Window {
    /// How far they are scrolled.
    top: f64,
    height: f64,
}

impl Waterfall {
    fn new(trace: String, is_compact: bool) -> Self {
        let skeleton: RwSignal<Option<Arc<Skeleton>>> = RwSignal::new(None);
        let fold = RwSignal::new(Fold::default());
        let words = RwSignal::new(String::new());
        let options = RwSignal::new(Options::default());
        // What is computed for thousands of spans is never compared, only replaced.
        let matches = Memo::new_with_compare(
            move |_| {
                Arc::new(
                    skeleton.with(|skeleton| words.with(|words| found(skeleton.as_ref(), words))),
                )
            },
            |_, _| true,
        );
        let rows = Memo::new_with_compare(
            move |_| {
                let matches = matches.get();
                let mut fold = fold.get();
                let is_filtered = options.with(|options| options.is_filtered);
                let rows = skeleton.with(|skeleton| {
                    let skeleton = skeleton.as_ref()?;
                    if is_filtered && !matches.is_empty() {
                        fold.leave_out(skeleton, &matches);
                    }
                    Some(Rows::of(skeleton, &fold))
                });
                Arc::new(rows.unwrap_or_default())
            },
            |_, _| true,
        );
        Self {
            page: StoredValue::new(Page {
                trace,
                side: None,
                is_compact,
                will_draw: false,
            }),
            skeleton,
            fold,
            words,
            options,
            zoom: RwSignal::new(Zoom::default()),
            selected: RwSignal::new(None),
            matches,
            rows,
            window: RwSignal::new(Window {
                top: 0.0,
                height: 600.0,
            }),
            since_ns: RwSignal::new(0),
            failure: RwSignal::new(None),
            scroller: NodeRef::new(),
            search: NodeRef::new(),
            canvas: NodeRef::new(),
            drawn: NodeRef::new(),
        }
    }

    /// Length of the trace in nanoseconds; it grows while its run goes on.
    fn length_ns(self) -> u64 {
        let length = self.skeleton.with(|skeleton| {
            let head = skeleton.as_ref().map(|skeleton| &skeleton.head);
            head.map_or(0, |head| head.length_ns)
        });
        length + self.since_ns.get()
    }

    fn is_loaded(self) -> bool {
        self.skeleton.with(Option::is_some)
    }
}

/// For each span whether it matches the words; nothing when none are searched for.
fn found(skeleton: Option<&Arc<Skeleton>>, words: &str) -> Vec<bool> {
    let filter = Filter::parse(words);
    match skeleton {
        Some(skeleton) if !filter.is_empty() => filter.matches(skeleton),
        Some(_) | None => Vec::new(),
    }
}

/// The spans of one trace.
#[island(lazy)]
pub fn TraceWaterfall(
    /// The trace's id.
    trace: String,
    /// The span that is chosen, by the address or by the server.
    span: Option<String>,
    /// The run that the trace is about, while it goes on.
    run: Option<String>,
    /// The first rows, as the server draws them.
    children: Children,
) -> impl IntoView {
    let waterfall = Waterfall::new(trace, false);
    Effect::new(move || start(waterfall, span.clone(), run.clone()));
    view! {
        <div class="waterfall">
            {toolbar::view(waterfall)}
            <div class="waterfall-drawn" node_ref=waterfall.drawn>
                {children()}
            </div>
            {move || waterfall.is_loaded().then(|| grid::view(waterfall))}
            {move || waterfall.failure.get().map(|why| view! { <p class="trace-failed" role="alert">{why}</p> })}
        </div>
    }
    .into_any()
}

/// The spans of a run beside its conversation, from the moment its trace is known.
#[cfg(feature = "hydrate")]
pub(crate) fn beside(trace: String, run: Option<String>) -> AnyView {
    let waterfall = Waterfall::new(trace, true);
    Effect::new(move || start(waterfall, None, run.clone()));
    view! {
        <div class="waterfall waterfall--compact">
            {move || waterfall.is_loaded().then(|| grid::view(waterfall))}
            {move || waterfall.failure.get().map(|why| view! { <p class="trace-failed">{why}</p> })}
        </div>
    }
    .into_any()
}

fn start(waterfall: Waterfall, span: Option<String>, run: Option<String>) {
    #[cfg(feature = "hydrate")]
    browser::start(waterfall, span.as_deref(), run);
    #[cfg(not(feature = "hydrate"))]
    let _ = (waterfall.page, span, run);
}

/// Does what only a browser can do; on the server there is nobody to do it for.
macro_rules! in_browser {
    ($function:ident($($argument:expr),+)) => {{
        #[cfg(feature = "hydrate")]
        crate::components::waterfall::browser::$function($($argument),+);
        #[cfg(not(feature = "hydrate"))]
        let _ = ($($argument,)+);
    }};
}
use in_browser;
