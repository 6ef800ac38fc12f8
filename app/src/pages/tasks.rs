//! An agent as others may find it by the A2A protocol, and what was given to it to do.

use api::run::{RunState, RunSummary};
use axum::{Router, body::Body};
use futures::join;
use http::Request;
use leptos::prelude::*;
use serde_json::Value;
use tower::ServiceExt;

use super::{
    params::now,
    resource::{
        head::Page,
        page::partial,
        tab::{About, tab},
    },
};
use crate::{
    components::{
        button::{SubmitButton, Weight},
        code_block::CodeBlock,
        facts::{Fact, Facts},
        field::{Control, Field, Letters, Need, Notes},
        instead::{Instead, Why},
        page_head::Panel,
        status_mark::{Mark, StatusMark},
        table::{Heading, Table},
    },
    format,
    frame::CsrfField,
    kinds::Kind,
    rows::Id,
    untrusted::visible,
    url::Encoded,
};

/// More than a card or a list of runs ever has.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// `/ns/{ns}/agents/{name}/tasks`.
#[component]
pub(crate) fn TasksPage(name: String) -> impl IntoView {
    tab(
        (Kind::Agent, name, Page::Tasks),
        |ports, about| async move {
            let Id { namespace, name } = &about.id;
            let card = card(&ports.agents, namespace, name);
            let (namespace, name) = (Encoded(namespace), Encoded(name));
            let runs = format!("/api/runs?namespace={namespace}&agent={name}");
            Ok(join!(card, get(&ports.agents, runs)))
        },
        |about, (card, runs)| {
            let (card, send, tasks) = (card_view(card), send(about), tasks(about, runs));
            view! {
                <Panel title="Agent card">{card}</Panel>
                <Panel title="Give it a task">{send}</Panel>
                <Panel title="What it was given">{tasks}</Panel>
            }
        },
    )
}

/// An agent's card; else why it has none.
pub(super) async fn card(agents: &Router, namespace: &str, name: &str) -> Result<Value, String> {
    let (namespace, name) = (Encoded(namespace), Encoded(name));
    get(
        agents,
        format!("/agents/{namespace}/{name}/.well-known/agent-card.json"),
    )
    .await
}

/// What the agent answers; else why it does not.
async fn get(agents: &Router, uri: String) -> Result<Value, String> {
    let request = Request::get(uri)
        .body(Body::empty())
        .map_err(|error| error.to_string())?;
    // A router's error type has no values.
    let Ok(response) = agents.clone().oneshot(request).await;
    let status = response.status();
    if !status.is_success() {
        return Err(format!("the agent answered with HTTP {status}"));
    }
    let body = axum::body::to_bytes(response.into_body(), LONGEST_ANSWER)
        .await
        .map_err(|error| error.to_string())?;
    serde_json::from_slice(&body).map_err(|error| error.to_string())
}

fn card_view(card: Result<Value, String>) -> AnyView {
    let card = match card {
        Ok(card) => card,
        Err(message) => return partial("The agent card", &message).into_any(),
    };
    let text = |pointer: &str| {
        let value = card.pointer(pointer).and_then(Value::as_str);
        Fact::Set(visible(value.unwrap_or("–")).into_owned())
    };
    let able = |name: &str| {
        let is_able = card["capabilities"][name] == true;
        Fact::Set(if is_able { "yes" } else { "no" }.to_owned())
    };
    let facts = vec![
        ("Name", text("/name")),
        ("Version", text("/version")),
        ("Description", text("/description")),
        ("Address", text("/url")),
        ("Streams answers", able("streaming")),
        ("Pushes notifications", able("pushNotifications")),
    ];
    let skills = card["skills"].as_array().cloned().unwrap_or_default();
    let skill = |skill: &Value| {
        let of = |field: &str| visible(skill[field].as_str().unwrap_or_default()).into_owned();
        view! {
            <tr>
                <th scope="row">{of("name")}</th>
                <td class="table-prose">{of("description")}</td>
            </tr>
        }
    };
    let table = (!skills.is_empty()).then(|| {
        let headings = [Heading::Words("Skill"), Heading::Words("What it does")];
        let lines = skills.iter().map(skill).collect_view();
        view! {
            <Table label="Skills" headings>
                {lines}
            </Table>
        }
    });
    let text = serde_json::to_string_pretty(&card).unwrap_or_default();
    view! {
        <Facts facts />
        {table}
        {speaks(&card)}
        <details class="panel-body">
            <summary>"The card as it is served"</summary>
            <CodeBlock label="Agent card" text />
        </details>
    }
    .into_any()
}

/// Says which part of A2A the card promises, which is what the agent does.
fn speaks(card: &Value) -> Option<AnyView> {
    let interfaces = card["supportedInterfaces"].as_array().map_or(0, Vec::len);
    (interfaces == 0).then(|| {
        view! {
            <p class="panel-note">
                "The card is there to be found, and names no interface: this agent does not take A2A \
                 messages yet, has no tasks with ids of their own, no budgets per task, and tells no \
                 subscriber. It answers OpenAI's chat completions at the address above; what is sent \
                 from here goes that way, and runs until it has ended."
            </p>
        }
        .into_any()
    })
}

fn send(about: &About) -> AnyView {
    let action = about.href(Page::Chat);
    let message = Control::Text {
        rows: 3,
        letters: Letters::Plain,
    };
    let steps = Notes {
        hint: "At most as many as the agent allows.".to_owned(),
        error: String::new(),
    };
    view! {
        <form class="panel-body narrow-form" method="post" action=action>
            <CsrfField />
            <Field
                id="message"
                label="Message"
                need=Need::Required
                control=message
                value=String::new()
                notes=Notes::default()
            />
            <Field
                id="max_steps"
                label="Most steps"
                need=Need::Optional
                control=Control::Number(1, 20)
                value=String::new()
                notes=steps
            />
            <div class="form-actions">
                <SubmitButton weight=Weight::Primary>"Send"</SubmitButton>
            </div>
        </form>
    }
    .into_any()
}

fn tasks(about: &About, runs: Result<Value, String>) -> AnyView {
    let runs = runs.and_then(|mut runs| {
        serde_json::from_value::<Vec<RunSummary>>(runs["runs"].take())
            .map_err(|error| error.to_string())
    });
    let runs = match runs {
        Ok(runs) => runs,
        Err(message) => return partial("The list of runs", &message).into_any(),
    };
    if runs.is_empty() {
        let title = format!("Nothing was given to {} lately", about.id.name);
        let kept = about.href(Page::Runs);
        return view! {
            <Instead why=Why::Empty { title }>
                <p>
                    "Runs are listed here for some minutes after their end; their traces stay longer: "
                    <a href=kept>"Runs"</a>
                </p>
            </Instead>
        }
        .into_any();
    }
    let chat = about.href(Page::Chat);
    let headings = [
        Heading::Words("State"),
        Heading::Words("Run"),
        Heading::Words("Session"),
        Heading::Descending("Begun"),
        Heading::Number("Took"),
        Heading::Words("Trace"),
    ];
    let lines = runs.into_iter().map(|run| line(&chat, run)).collect_view();
    view! {
        <Table label="What it was given" headings>
            {lines}
        </Table>
    }
    .into_any()
}

fn line(chat: &str, run: RunSummary) -> AnyView {
    let mark = match run.state {
        RunState::Running => Mark::Working,
        RunState::Finished => Mark::Ready,
        RunState::Failed => Mark::Failed,
        RunState::Cancelled => Mark::Cancelled,
    };
    let now = now();
    let seconds = now.as_second() - run.started_at.as_second();
    let took = run.ended_at.unwrap_or(now).as_nanosecond() - run.started_at.as_nanosecond();
    let took = format::duration(u64::try_from(took).unwrap_or_default());
    let session = format!("{chat}/{}", Encoded(&run.session_id));
    let id = run.id.clone();
    view! {
        <tr data-run-id=run.id>
            <td>
                <StatusMark mark word=run.state.to_string() />
            </td>
            <td class="table-code">{id}</td>
            <td>
                <a href=session>{visible(&run.session_id).into_owned()}</a>
            </td>
            <td>
                <time datetime=run.started_at.to_string()>{format::ago(seconds)}</time>
            </td>
            <td class="table-number">{took}</td>
            <td>
                <a href=format!("/traces/{}", run.trace_id)>"Open trace"</a>
            </td>
        </tr>
    }
    .into_any()
}
