//! How a number has gone, and parts of a whole, in the space of a word.

use leptos::prelude::*;

const WIDTH: f64 = 96.0;
const HEIGHT: f64 = 24.0;

/// A line over time. It says in words what it shows.
#[component]
pub fn Sparkline(
    /// What the line shows, such as "P95, last hour, from 3.1 s to 6.4 s".
    #[prop(into)]
    label: String,
    /// One value per step of time, oldest first; `None` where nothing was measured.
    values: Vec<Option<f64>>,
) -> impl IntoView {
    view! {
        <svg
            class="sparkline"
            role="img"
            aria-label=label
            viewBox=format!("0 0 {WIDTH} {HEIGHT}")
            preserveAspectRatio="none"
        >
            <path d=line(&values)></path>
        </svg>
    }
    .into_any()
}

/// The path through all values; it is interrupted where there is none.
fn line(values: &[Option<f64>]) -> String {
    let most = values.iter().flatten().copied().fold(0.0, f64::max);
    let steps = values.len().saturating_sub(1).max(1);
    let mut path = String::new();
    let mut pen = 'M';
    for (step, value) in values.iter().enumerate() {
        let Some(value) = value else {
            pen = 'M';
            continue;
        };
        let x = WIDTH * fraction(step, steps);
        let share = if most > 0.0 { value / most } else { 0.0 };
        // A pixel of room, so that the line is not cut at the edges.
        let y = HEIGHT - 1.0 - share * (HEIGHT - 2.0);
        path.push(pen);
        for part in [format!("{x:.1}"), " ".to_owned(), format!("{y:.1}")] {
            path.push_str(&part);
        }
        if pen == 'M' {
            // A value that stands alone is a dot: nothing would be drawn of it otherwise.
            path.push_str("h0");
        }
        pen = 'L';
    }
    path
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a line has fewer points than a float has digits"
)]
fn fraction(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// One bar of a [`BarStrip`].
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// What it shows, such as "6.3 s, failed".
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// Its height, from 0 to 1.
    pub share: f64,
    /// Whether it stands for something that failed.
    pub tone: Tone,
}

/// What a bar says by its colour and shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It went well.
    Plain,
    /// It did not.
    Failed,
}

/// A row of bars, each a link.
#[component]
pub fn BarStrip(
    /// What the bars are.
    #[prop(into)]
    label: String,
    /// The bars, oldest first.
    bars: Vec<Bar>,
) -> impl IntoView {
    let bar = |bar: Bar| {
        let class = match bar.tone {
            Tone::Plain => "bar-strip-bar",
            Tone::Failed => "bar-strip-bar bar-strip-bar--failed",
        };
        let height = (bar.share * 100.0).clamp(4.0, 100.0);
        view! {
            <li>
                <a href=bar.href aria-label=bar.label.clone() title=bar.label>
                    <span class=class style=format!("height:{height:.0}%")></span>
                </a>
            </li>
        }
    };
    view! {
        <ol class="bar-strip" aria-label=label>
            {bars.into_iter().map(bar).collect_view()}
        </ol>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_value_touches_the_top_and_a_gap_interrupts_the_line() {
        let path = line(&[Some(0.0), Some(2.0), None, Some(1.0)]);
        assert_eq!(path, "M0.0 23.0h0L32.0 1.0M96.0 12.0h0");
    }

    #[test]
    fn values_of_nothing_are_a_flat_line() {
        assert_eq!(line(&[Some(0.0), Some(0.0)]), "M0.0 23.0h0L96.0 23.0");
        assert_eq!(line(&[]), "");
    }
}
