//! One rule: how it stands, what it would have told of the last day, and its form.

use api::telemetry::{Alert, AlertMeasure, AlertRule, Episode, Measured, Window};
use http::StatusCode;
use jiff::Timestamp;
use leptos::prelude::*;

use super::{
    form::{Rule, form},
    runs_href, table, words,
};
use crate::{
    components::{
        button::{SubmitButton, Weight},
        chart::{Chart, Line},
        instead::{Instead, Why},
        page_head::{PageHead, Panel},
        time::Ago,
    },
    frame::{Crumb, CsrfField, Frame, Section, loaded},
    pages::params::{DAY_NS, namespace, now, now_ns, ports, query_param, set_status},
    site::{AlertForm, Failure, MEASURES, Ports},
    untrusted::visible,
    url,
};

/// Times that are named of those at which it would have fired.
const MOST_TIMES: usize = 10;

/// What a rule measured in the last day, and when it would have fired.
struct Past {
    rule: AlertRule,
    window: Window,
    measured: Measured,
    episodes: Vec<Episode>,
}

impl Past {
    async fn of(ports: &Ports, rule: AlertRule, window: Window) -> Result<Self, Failure> {
        let measured = rule
            .measured(ports.telemetry.as_ref(), window, rule.step_ns())
            .await?;
        let episodes = rule.backtest(&measured, window);
        Ok(Self {
            rule,
            window,
            measured,
            episodes,
        })
    }
}

fn last_day() -> Window {
    let to_ns = now_ns();
    Window {
        from_ns: to_ns.saturating_sub(DAY_NS),
        to_ns,
    }
}

/// `/alerts/new?measure=&agent=`.
#[component]
pub(crate) fn NewAlertPage() -> impl IntoView {
    let filled = use_context::<AlertForm>().unwrap_or_else(suggested);
    let (ports, window, rule) = (ports(), last_day(), filled.rule());
    let past = async move {
        match rule {
            Ok(rule) => Past::of(&ports, rule, window).await.map(Some),
            Err(_) => Ok(None),
        }
    };
    let crumbs = crumbs("new");
    view! {
        <Frame section=Section::Alerts title="New rule" crumbs>
            <PageHead title="New rule" />
            {form(&filled, Rule::New)}
            {loaded("The last 24 hours", past, |past| past.map(|past| drawn(&past)))}
        </Frame>
    }
}

/// What the address asks for, with the numbers of the rule that is there from the beginning.
fn suggested() -> AlertForm {
    let measure = query_param("measure").unwrap_or_default();
    let known = MEASURES.iter().find(|(_, word)| *word == measure);
    let measure = known.map_or(AlertMeasure::RequestLatency, |(measure, _)| *measure);
    let mut defaults = AlertRule::defaults().into_iter();
    let rule = defaults.find(|rule| rule.measure == measure);
    let form = rule.as_ref().map(AlertForm::of).unwrap_or_default();
    AlertForm {
        name: "MyRule".to_owned(),
        agent: query_param("agent").unwrap_or_default(),
        ..form
    }
}

fn crumbs(here: &str) -> Vec<Crumb> {
    vec![
        Crumb::link("alerts", Section::Alerts.href(&namespace())),
        Crumb::here(here),
    ]
}

/// `/alerts/{name}`.
#[component]
pub(crate) fn AlertPage(name: String) -> impl IntoView {
    let (ports, window) = (ports(), last_day());
    let filled = use_context::<AlertForm>();
    let found = {
        let (name, filled) = (name.clone(), filled.clone());
        async move {
            let rules = ports.alerts.alert_rules().await?;
            let Some(rule) = rules.into_iter().find(|rule| rule.name == name) else {
                return Ok(None);
            };
            let mut alerts = ports.alerts.alerts().await?;
            alerts.retain(|alert| alert.rule == name);
            let tried = filled.and_then(|filled| filled.rule().ok());
            let past = Past::of(&ports, tried.unwrap_or_else(|| rule.clone()), window).await?;
            Ok(Some((rule, alerts, past)))
        }
    };
    let title = visible(&name).into_owned();
    let crumbs = crumbs(&title);
    view! {
        <Frame section=Section::Alerts title=title.clone() crumbs>
            <PageHead title />
            {loaded("The rule", found, move |found| match found {
                Some((rule, alerts, past)) => one(&rule, &alerts, &past, filled),
                None => missing(),
            })}
        </Frame>
    }
}

fn missing() -> AnyView {
    set_status(StatusCode::NOT_FOUND);
    let title = "There is no such rule".to_owned();
    view! {
        <Instead why=Why::Empty { title }>
            <a href=Section::Alerts.href(&namespace())>"All rules"</a>
        </Instead>
    }
    .into_any()
}

fn one(rule: &AlertRule, alerts: &[Alert], past: &Past, filled: Option<AlertForm>) -> AnyView {
    let filled = filled.unwrap_or_else(|| AlertForm::of(rule));
    let (now, silence) = (table(std::slice::from_ref(rule), alerts), silence(rule));
    let form = form(&filled, Rule::Known);
    let delete = format!("/alerts/{}/delete", rule.name);
    view! {
        <Panel title="Now">{now} {silence}</Panel>
        {drawn(past)}
        <Panel title="Rule">
            {form}
            <form class="alert-line" method="post" action=delete>
                <CsrfField />
                <input type="hidden" name="namespace" value=namespace() />
                <SubmitButton weight=Weight::Danger>"Delete rule"</SubmitButton>
            </form>
        </Panel>
    }
    .into_any()
}

fn silence(rule: &AlertRule) -> AnyView {
    let action = format!("/alerts/{}/silence", rule.name);
    let (now, now_ns) = (now(), now_ns());
    let until = rule.silenced_until_ns.filter(|until_ns| now_ns < *until_ns);
    let fields = match until {
        Some(until_ns) => view! {
            <span>"Nobody is told until " {clock(until_ns)} " UTC."</span>
            <input type="hidden" name="minutes" value="0" />
            <SubmitButton>"End the silence"</SubmitButton>
        }
        .into_any(),
        None => view! {
            <label for="minutes">"Tell nobody for"</label>
            <select id="minutes" name="minutes">
                <option value="15">"15 minutes"</option>
                <option value="60" selected=true>
                    "1 hour"
                </option>
                <option value="480">"8 hours"</option>
                <option value="1440">"a day"</option>
            </select>
            <SubmitButton>"Silence"</SubmitButton>
        }
        .into_any(),
    };
    let ended = rule
        .silenced_until_ns
        .filter(|until_ns| now_ns >= *until_ns);
    let ended = ended.map(|time_ns| {
        view! {
            <span class="panel-note">
                "The last silence ended " <Ago time_ns now />
            </span>
        }
    });
    view! {
        <form class="alert-line" method="post" action=action>
            <CsrfField />
            {fields}
            {ended}
        </form>
    }
    .into_any()
}

/// The chart with the threshold, and when it would have fired.
fn drawn(past: &Past) -> AnyView {
    let Past {
        rule,
        window,
        measured,
        episodes,
    } = past;
    let mut lines: Vec<Line> = measured
        .iter()
        .filter(|(_, points)| !points.is_empty())
        .map(|(agent, points)| Line {
            label: visible(agent).into_owned(),
            points: points
                .iter()
                .map(|point| (point.time_ns, point.value))
                .collect(),
        })
        .collect();
    let is_empty = lines.is_empty();
    let ends = [window.from_ns, window.to_ns];
    lines.insert(
        0,
        Line {
            label: "threshold".to_owned(),
            points: ends.map(|time_ns| (time_ns, rule.threshold)).to_vec(),
        },
    );
    let chart = if is_empty {
        view! { <p class="panel-note">"Nothing of this was measured in the last 24 hours."</p> }
            .into_any()
    } else {
        let (title, show) = (words::measure(rule.measure), words::show(rule.measure));
        let window = (window.from_ns, window.to_ns);
        view! { <Chart title window lines show /> }.into_any()
    };
    let (told, periods) = (told(episodes), periods(episodes));
    view! {
        <Panel title="The last 24 hours">
            {chart} <p class="backtest">{told}</p> {periods}
        </Panel>
    }
    .into_any()
}

/// How often it would have fired, and when.
fn told(episodes: &[Episode]) -> String {
    let times: Vec<_> = episodes
        .iter()
        .take(MOST_TIMES)
        .map(|episode| clock(episode.from_ns))
        .collect();
    let more = if episodes.len() > MOST_TIMES {
        ", …"
    } else {
        ""
    };
    match episodes.len() {
        0 => "It would not have fired.".to_owned(),
        1 => format!("It would have fired once: {}", times.join("")),
        n => format!("It would have fired {n} times: {}{more}", times.join(", ")),
    }
}

fn clock(ns: u64) -> String {
    let time = Timestamp::from_nanosecond(i128::from(ns)).unwrap_or_default();
    time.strftime("%m-%d %H:%M").to_string()
}

/// The times at which it fired, with what is behind each.
fn periods(episodes: &[Episode]) -> Option<AnyView> {
    let namespace = namespace();
    let line = |episode: &Episode| {
        let runs = runs_href(&namespace, &episode.agent, "24h");
        let about = [("agent", episode.agent.as_str()), ("range", "24h")];
        let exceptions = url::with_query(&Section::Exceptions.href(&namespace), &about);
        let end = match episode.to_ns {
            Some(to_ns) => format!("to {}", clock(to_ns)),
            None => "until now".to_owned(),
        };
        view! {
            <li>
                {clock(episode.from_ns)} " " {end} " of " <code>{visible(&episode.agent).into_owned()}</code>
                ": " <a href=runs>"runs"</a> ", "
                <a href=exceptions>"exceptions"</a>
            </li>
        }
    };
    let lines: Vec<_> = episodes.iter().take(MOST_TIMES).map(line).collect();
    (!lines.is_empty()).then(|| view! { <ul class="backtest-times">{lines}</ul> }.into_any())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_how_often_a_rule_would_have_fired() {
        let episode = |from_ns| Episode {
            agent: "a".to_owned(),
            from_ns,
            to_ns: None,
        };
        assert_eq!(told(&[]), "It would not have fired.");
        assert_eq!(told(&[episode(0)]), "It would have fired once: 01-01 00:00");
        let all: Vec<_> = (0..12)
            .map(|minute| episode(minute * 60_000_000_000))
            .collect();
        assert_eq!(
            told(&all[..2]),
            "It would have fired 2 times: 01-01 00:00, 01-01 00:01"
        );
        assert!(told(&all).starts_with("It would have fired 12 times: 01-01 00:00,"));
        assert!(told(&all).ends_with("00:09, …"));
    }
}
