//! Two runs side by side: which steps they share, and what differs in time, tokens, cost and words.

mod align;
mod run;
mod summary;
mod table;
#[cfg(test)]
mod tests;

use api::traces::{Trace, TraceFilter, TraceId, TraceQuery, TraceSummary};
use http::StatusCode;
use leptos::prelude::*;

use super::{detail::short, url::TraceUrl};
use crate::{
    components::{
        button::SubmitButton,
        instead::{Instead, Why},
        page_head::{Actions, PageHead},
    },
    frame::{Crumb, Frame, Section, loaded},
    pages::params::{namespace, ports, query, set_status},
    site::{Failure, Ports},
    untrusted::visible,
    url,
};
use run::Run;

/// Runs of an agent among which the median is looked for.
const RUNS: u32 = 50;

/// `/traces/compare?a=&b=`, where one may be `previous` or `median`; or two times `run=`, as the list sends
/// them.
#[component]
pub(crate) fn ComparePage() -> impl IntoView {
    let asked = Asked::requested();
    let crumbs = vec![
        Crumb::link("traces", Section::Traces.href(&namespace())),
        Crumb::here("compare"),
    ];
    let data = load(ports(), asked.clone());
    view! {
        <Frame section=Section::Traces title="Compare two runs" crumbs=crumbs>
            {loaded("The comparison", data, move |found| draw(found, &asked))}
        </Frame>
    }
}

/// One side, as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Run(TraceId),
    /// The run before the other one: of the same session, else of the same agent.
    Previous,
    /// Of the agent's last runs the one of median duration.
    Median,
    /// What was written instead.
    Unknown(String),
}

impl Wanted {
    fn parse(text: &str) -> Self {
        match text {
            "previous" => Self::Previous,
            "median" => Self::Median,
            text => match TraceId::parse(text.trim()) {
                Some(id) => Self::Run(id),
                None => Self::Unknown(text.to_owned()),
            },
        }
    }

    fn written(&self) -> String {
        match self {
            Self::Run(id) => id.to_string(),
            Self::Previous => "previous".to_owned(),
            Self::Median => "median".to_owned(),
            Self::Unknown(text) => text.clone(),
        }
    }
}

#[derive(Clone, Debug)]
struct Asked {
    a: Wanted,
    b: Wanted,
    /// As the list sends them: the older one is A.
    chosen: Vec<Wanted>,
}

impl Asked {
    fn requested() -> Self {
        let pairs = query();
        let of = |name: &str| {
            let value = pairs.iter().find(|(key, _)| key == name);
            Wanted::parse(value.map_or("", |(_, value)| value))
        };
        let chosen = pairs.iter().filter(|(name, _)| name == "run");
        Self {
            a: of("a"),
            b: of("b"),
            chosen: chosen.map(|(_, id)| Wanted::parse(id)).collect(),
        }
    }
}

enum Found {
    Both(Box<[Run; 2]>),
    /// Which run is missing, or how many were chosen.
    Missing(String),
}

async fn load(ports: Ports, asked: Asked) -> Result<Found, Failure> {
    let Asked { a, b, chosen } = asked;
    let is_list = !chosen.is_empty();
    let (a, b) = match <[Wanted; 2]>::try_from(chosen) {
        Ok([a, b]) => (a, b),
        Err(chosen) if is_list => {
            let n = chosen.len();
            return Ok(Found::Missing(format!("{n} of two runs were chosen")));
        }
        Err(_) => (a, b),
    };
    let (one, other) = match (&a, &b) {
        (Wanted::Run(one), Wanted::Run(other)) => (
            ports.traces.trace(*one).await?,
            ports.traces.trace(*other).await?,
        ),
        (Wanted::Run(id), word) => {
            let one = ports.traces.trace(*id).await?;
            let other = related(&ports, one.as_ref(), word).await?;
            (one, other)
        }
        (word, Wanted::Run(id)) => {
            let other = ports.traces.trace(*id).await?;
            (related(&ports, other.as_ref(), word).await?, other)
        }
        (_, _) => (None, None),
    };
    let missing = |wanted: &Wanted, side: &str| match wanted {
        Wanted::Run(id) => format!("There is no run {id}"),
        Wanted::Previous => "There is no earlier run of the agent".to_owned(),
        Wanted::Median => "There is no other run of the agent".to_owned(),
        Wanted::Unknown(text) if text.is_empty() => format!("Run {side} is not chosen"),
        Wanted::Unknown(text) => format!("\"{}\" is no id of a run", visible(text)),
    };
    Ok(match (one, other) {
        (Some(one), Some(other)) => {
            let mut runs = [one, other];
            if is_list {
                runs.sort_by_key(|trace| trace.spans.first().map(|span| span.start_ns));
            }
            Found::Both(Box::new(runs.map(Run::of)))
        }
        (None, _) => Found::Missing(missing(&a, "A")),
        (_, None) => Found::Missing(missing(&b, "B")),
    })
}

/// The run that a word means, given the other one.
async fn related(
    ports: &Ports,
    to: Option<&Trace>,
    word: &Wanted,
) -> Result<Option<Trace>, Failure> {
    let Some(to) = to else { return Ok(None) };
    let Some(summary) = to.summary() else {
        return Ok(None);
    };
    let of_agent = TraceQuery {
        service: Some(summary.root_service.clone()),
        operation: Some(summary.root_name.clone()),
        limit: RUNS,
        ..TraceQuery::default()
    };
    let found = match word {
        Wanted::Previous => {
            let mut found = None;
            if let Some(session) = to.work().sessions.first() {
                let whole = TraceFilter {
                    session: Some(session.clone()),
                    ..TraceFilter::default()
                };
                let of_session = TraceQuery {
                    whole,
                    limit: RUNS,
                    ..TraceQuery::default()
                };
                found = before(ports, &summary, of_session).await?;
            }
            match found {
                Some(found) => Some(found),
                None => before(ports, &summary, of_agent).await?,
            }
        }
        Wanted::Median => {
            let mut found = others(ports, &summary, &of_agent).await?;
            found.sort_by_key(|other| (other.duration_ns(), other.id));
            found.get(found.len() / 2).map(|middle| middle.id)
        }
        Wanted::Run(_) | Wanted::Unknown(_) => None,
    };
    match found {
        Some(id) => Ok(ports.traces.trace(id).await?),
        None => Ok(None),
    }
}

/// The last one of those asked for that began before a run.
async fn before(
    ports: &Ports,
    run: &TraceSummary,
    query: TraceQuery,
) -> Result<Option<TraceId>, Failure> {
    let query = TraceQuery {
        start_max_ns: Some(run.start_ns),
        ..query
    };
    let found = others(ports, run, &query).await?;
    let earlier = found.iter().filter(|other| other.start_ns < run.start_ns);
    let last = earlier.max_by_key(|other| (other.start_ns, other.id));
    Ok(last.map(|last| last.id))
}

/// Other runs that the same agent was asked for.
async fn others(
    ports: &Ports,
    run: &TraceSummary,
    query: &TraceQuery,
) -> Result<Vec<TraceSummary>, Failure> {
    let mut found = ports.traces.search(query).await?;
    found.retain(|other| other.id != run.id && other.root_service == run.root_service);
    Ok(found)
}

/// The address that compares a run with another one.
pub(super) fn compare_href(a: &str, b: &str) -> String {
    url::with_query("/traces/compare", &[("a", a), ("b", b)])
}

fn draw(found: Found, asked: &Asked) -> AnyView {
    match found {
        Found::Both(runs) => {
            let [a, b] = *runs;
            both(&a, &b)
        }
        Found::Missing(what) => missing(what, asked),
    }
}

fn both(a: &Run, b: &Run) -> AnyView {
    let pairs = align::align(&a.steps, &b.steps);
    let total = (a.layout.facts.total_ns, b.layout.facts.total_ns);
    let sentence = summary::sentence(total, &pairs);
    let [id_a, id_b] = [a, b].map(|run| run.trace.id.to_string());
    let to = |href: String, word: &'static str| {
        view! {
            <a class="button" href=href>
                {word}
            </a>
        }
    };
    view! {
        <PageHead title="Compare two runs">
            <Actions>
                {to(compare_href(&id_b, &id_a), "Swap A and B")}
                {to(compare_href("previous", &id_b), "B and its previous run")}
                {to(compare_href("median", &id_b), "B and the median of 50")}
            </Actions>
        </PageHead>
        <p class="compare-sentence" data-testid="compare-sentence">
            {sentence}
        </p>
        {table::numbers(a, b)}
        {table::words("Question", a.question.as_deref(), b.question.as_deref())}
        {table::words("Answer", a.answer.as_deref(), b.answer.as_deref())}
        {table::steps(a, b, &pairs)}
    }
    .into_any()
}

fn missing(what: String, asked: &Asked) -> AnyView {
    set_status(StatusCode::NOT_FOUND);
    let field = |name: &'static str, label: &'static str, value: String| {
        view! {
            <label>
                <span>{label}</span>
                <input type="text" name=name value=value autocomplete="off" spellcheck="false" />
            </label>
        }
    };
    let list = Section::Traces.href(&namespace());
    view! {
        <PageHead title="Compare two runs" />
        <Instead why=Why::Empty { title: what }>
            <p>
                "Choose two runs " <a href=list>"in the list of traces"</a>
                ", or write their ids here; one of them may be "
                <code>"previous"</code>
                ", the earlier run of the session or agent, or "
                <code>"median"</code>
                ", the middle one of the agent's last 50."
            </p>
        </Instead>
        <form class="filter-form" method="get" aria-label="Two runs">
            {field("a", "Run A", asked.a.written())}
            {field("b", "Run B", asked.b.written())}
            <SubmitButton>"Compare"</SubmitButton>
        </form>
    }
    .into_any()
}

/// The words and the address of one side.
fn name_of(run: &Run) -> (String, String) {
    (short(run.trace.id), TraceUrl::of(run.trace.id).to_string())
}
