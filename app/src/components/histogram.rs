//! How many there were over time, as bars of stacked parts. Each bar is a link to what it counts.

use leptos::prelude::*;

/// A part of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It went well, or is of no matter.
    Plain,
    /// Somebody should look at it.
    Warning,
    /// It failed.
    Failed,
}

impl Part {
    fn class(self) -> &'static str {
        match self {
            Self::Plain => "histogram-part",
            Self::Warning => "histogram-part histogram-part--warning",
            Self::Failed => "histogram-part histogram-part--failed",
        }
    }
}

/// One bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// What it counts, such as "10:42 to 10:44: 3 runs, 1 with errors".
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// Its parts from below, with how many there are of each.
    pub parts: Vec<(Part, u64)>,
}

impl Column {
    fn n(&self) -> u64 {
        self.parts.iter().map(|(_, n)| n).sum()
    }
}

/// The bars, oldest first; one that counts nothing takes its place and leads nowhere.
#[component]
pub fn Histogram(
    /// What is counted, and when.
    #[prop(into)]
    label: String,
    /// The bars.
    columns: Vec<Column>,
    /// The words below the first and the last bar.
    ends: (String, String),
) -> impl IntoView {
    let most = columns.iter().map(Column::n).max().unwrap_or(0);
    let column = |column: Column| {
        if column.n() == 0 {
            return view! { <li></li> }.into_any();
        }
        let parts = column
            .parts
            .iter()
            .filter(|(_, n)| *n > 0)
            .map(|(part, n)| {
                let style = format!("height:{:.2}%", percent(*n, most));
                view! { <span class=part.class() style=style></span> }
            });
        let parts = parts.rev().collect_view();
        view! {
            <li>
                <a href=column.href aria-label=column.label.clone() title=column.label>
                    {parts}
                </a>
            </li>
        }
        .into_any()
    };
    view! {
        <figure class="histogram" aria-label=label>
            <span class="histogram-most">{most}</span>
            <ol>{columns.into_iter().map(column).collect_view()}</ol>
            <figcaption>
                <span>{ends.0}</span>
                <span>{ends.1}</span>
            </figcaption>
        </figure>
    }
    .into_any()
}

/// What is there is seen, however little of the whole it is.
#[expect(
    clippy::cast_precision_loss,
    reason = "a bar's height needs no more than 52 bits"
)]
fn percent(n: u64, most: u64) -> f64 {
    (n as f64 / most.max(1) as f64 * 100.0).max(3.0)
}
