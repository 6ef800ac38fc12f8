//! A call of an agent's model, to be made again with other words, another model or other results.

pub(crate) mod danger;
mod messages;
pub(crate) mod recording;
#[cfg(test)]
mod tests;

use api::{
    replay::RecordedCall,
    traces::{SpanId, Trace, TraceId},
};
use http::StatusCode;
use leptos::prelude::*;

use super::{
    detail::{self, namespace_of, short},
    url::TraceUrl,
};
use crate::{
    components::{
        button::{LinkButton, SubmitButton, Weight},
        field::{Control, Field, Need, Notes},
        form_guard::FormGuard,
        instead::{Instead, Why},
        page_head::{PageHead, Panel},
    },
    frame::{Crumb, CsrfField, Frame, Section, failed},
    pages::params::{namespace, ports, set_status, visitor},
    site::{Failure, Ports, Visitor, replay_form::ReplayForm},
    untrusted::{in_textarea, visible},
};
use danger::Dangers;
use recording::{Recording, Unusable};

/// Rows of the field of a message, at most; more scroll in it.
const MOST_ROWS: usize = 16;

/// `/traces/{id}/replay?span=`.
#[component]
pub(crate) fn ReplayPage(id: String) -> impl IntoView {
    let ports = ports();
    let url = TraceUrl::requested(&id);
    let refused = use_context::<ReplayForm>();
    Suspend::new(async move {
        let Some((trace_id, span)) = url.and_then(|url| Some((url.id, url.span?))) else {
            return detail::not_found(&id);
        };
        match load(&ports, trace_id, span).await {
            Ok(Some(loaded)) => draw(loaded, (trace_id, span), refused),
            Ok(None) => detail::not_found(&id),
            Err(failure) => framed(trace_id, failed("The trace", &failure)),
        }
    })
}

struct Loaded {
    trace: Trace,
    recording: Result<(Recording, Dangers), Unusable>,
}

async fn load(ports: &Ports, id: TraceId, span: SpanId) -> Result<Option<Loaded>, Failure> {
    let Some(trace) = ports.traces.trace(id).await? else {
        return Ok(None);
    };
    let recording = match Recording::of(&trace, span) {
        Ok(recording) => {
            let dangers = Dangers::of(ports, &recording.agent).await?;
            Ok((recording, dangers))
        }
        Err(unusable) => Err(unusable),
    };
    Ok(Some(Loaded { trace, recording }))
}

fn framed(id: TraceId, body: AnyView) -> AnyView {
    let crumbs = vec![
        Crumb::link("traces", Section::Traces.href(&namespace())),
        Crumb::link(short(id), TraceUrl::of(id).to_string()),
        Crumb::here("replay"),
    ];
    view! {
        <Frame section=Section::Traces title="Replay" crumbs=crumbs>
            {body}
        </Frame>
    }
    .into_any()
}

fn draw(loaded: Loaded, (id, span): (TraceId, SpanId), refused: Option<ReplayForm>) -> AnyView {
    // What stands around the page is that of the trace's namespace, wherever the reader comes from.
    if let Some(namespace) = namespace_of(&loaded.trace) {
        provide_context(Visitor {
            namespace: Some(namespace),
            ..visitor()
        });
    }
    let back = TraceUrl::of(id).with_span(span).to_string();
    let body = match loaded.recording {
        Ok((recording, dangers)) => {
            let form = refused.unwrap_or_else(|| ReplayForm::of(&recording));
            editor(&recording, &dangers, &form, back)
        }
        Err(unusable) => cannot(unusable, back),
    };
    let body = view! {
        <PageHead title="Replay" />
        {body}
    };
    framed(id, body.into_any())
}

/// Why there is nothing to edit, and what can be done about it.
fn cannot(unusable: Unusable, back: String) -> AnyView {
    set_status(StatusCode::CONFLICT);
    let (title, words) = match unusable {
        Unusable::OtherSpan => (
            "This is no call of an agent's model",
            "Choose a call of a model in the trace of an agent that KAOS runs.",
        ),
        Unusable::NotCaptured => (
            "The messages of this call were not recorded",
            "Capturing them is off. It is switched on for runs from then on with the environment variable \
             OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true of the program that runs the \
             agent; messages, arguments and results are then part of its traces.",
        ),
        Unusable::NotWhole => (
            "The messages of this call were not recorded whole",
            "They were cut, or another program wrote them in a way that KAOS cannot send again.",
        ),
        Unusable::ToolsInText => (
            "The tools of this call are part of its text",
            "Its model knows no function calls. Such a call cannot be replayed yet.",
        ),
    };
    view! {
        <Instead why=Why::Empty { title: title.to_owned() }>
            <p>{words}</p>
            <LinkButton href=back>"Back to the trace"</LinkButton>
        </Instead>
    }
    .into_any()
}

fn editor(recording: &Recording, dangers: &Dangers, form: &ReplayForm, back: String) -> AnyView {
    let agent = recording.agent.name.clone();
    let messages = messages::view(recording, form);
    let (parameters, calls) = (parameters(form), calls(recording, dangers, form));
    let refused = form.refused.clone().map(|message| {
        let what = "The replay".to_owned();
        view! { <Instead why=Why::Failed { what, message } /> }
    });
    view! {
        {refused}
        <form id="replay-form" class="replay" method="post">
            // The one that Enter in a field presses, before those that change the messages.
            <button type="submit" hidden></button>
            <CsrfField />
            <Panel title="Messages">{messages}</Panel>
            <div>
                <Panel title="This time">
                    <div class="panel-body tool-form">
                        <p>
                            {agent} " goes on from these messages, in a run and a session of its own. \
                            Everything before was recorded; what comes after happens now."
                        </p>
                        {parameters} {calls}
                        <div class="form-actions">
                            <SubmitButton weight=Weight::Primary>"Replay"</SubmitButton>
                            <LinkButton href=back>"Cancel"</LinkButton>
                        </div>
                    </div>
                    <FormGuard form="replay-form".to_owned() busy="Replaying".to_owned() />
                </Panel>
                <p class="panel-note">
                    "Not supported: changing the calls of the model, tools that a caller of the agent \
                    brought along, and what else the first caller asked of the model; none of that is \
                    recorded. Agents that are asked work as they do now. All messages of the system are \
                    sent as one, before the others."
                </p>
            </div>
        </form>
    }
    .into_any()
}

fn parameters(form: &ReplayForm) -> AnyView {
    let line = |id, label, need, value: &str, hint: &str| {
        let notes = Notes {
            hint: hint.to_owned(),
            error: form.problem(id).to_owned(),
        };
        let (control, value) = (Control::line(), value.to_owned());
        view! { <Field id label need control value notes /> }
    };
    let same = "Another model of the same model API may be asked.";
    let own = "From 0 to 2; empty for the model's own.";
    view! {
        {line("model", "Model", Need::Required, &form.model, same)}
        {line("temperature", "Temperature", Need::Optional, &form.temperature, own)}
    }
    .into_any()
}

/// Results of calls after these messages, to be changed for a dry replay.
fn results(recording: &Recording, form: &ReplayForm) -> Option<AnyView> {
    let later = recording.results.iter().zip(&form.results).enumerate();
    let later = later.skip(recording.n_earlier);
    let field = |(place, (call, result)): (usize, (&RecordedCall, &String))| {
        let id = ReplayForm::result(place);
        let call = format!("{}({})", call.name, call.arguments);
        view! {
            <li class="field">
                <label class="field-label" for=id.clone()>
                    {visible(&call).into_owned()}
                </label>
                {text_field(id, result, false, "")}
            </li>
        }
    };
    let fields: Vec<_> = later.map(field).collect();
    (!fields.is_empty()).then(|| {
        view! {
            <details class="form-inset">
                <summary>"Recorded results"</summary>
                <ol class="replay-messages">{fields}</ol>
            </details>
        }
        .into_any()
    })
}

fn text_field(id: String, text: &str, is_next: bool, error: &str) -> AnyView {
    let rows = text.lines().count().clamp(2, MOST_ROWS);
    let invalid = (!error.is_empty()).then_some("true");
    let described_by = format!("{id}-error");
    view! {
        <textarea
            class="field-text"
            id=id.clone()
            name=id
            rows=rows
            spellcheck="false"
            autofocus=is_next
            aria-invalid=invalid
            aria-describedby=described_by
        >
            {in_textarea(text)}
        </textarea>
    }
    .into_any()
}

/// What becomes of calls that the model makes from now on.
fn calls(recording: &Recording, dangers: &Dangers, form: &ReplayForm) -> AnyView {
    let n_results = crate::format::counted(recording.results.len() as u64, "result", "results");
    let choice = |value: &'static str, words: String| {
        let is_chosen = form.makes_calls == (value == "made");
        view! {
            <label class="replay-choice">
                <input type="radio" name="calls" value=value checked=is_chosen />
                <span>{words}</span>
            </label>
        }
    };
    let recorded = format!(
        "Dry: nothing is called. What was recorded ({n_results}) stands for the same calls; any other \
         call fails."
    );
    let made = "For real: tools and agents are called now.".to_owned();
    view! {
        <fieldset class="replay-calls">
            <legend>"Calls from here on"</legend>
            {choice("recorded", recorded)}
            {results(recording, form)}
            {choice("made", made)}
            {dangers.view(form)}
        </fieldset>
    }
    .into_any()
}
