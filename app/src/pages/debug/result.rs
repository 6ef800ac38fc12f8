//! What a model answered, and how it did.

use leptos::prelude::*;
use serde_json::Value;

use crate::{
    components::{
        code_block::CodeBlock,
        facts::{Fact, Facts},
        page_head::Panel,
        status_mark::{Mark, StatusMark},
    },
    format,
    markdown::Markdown,
    pages::resource::{head::Page, tab::About},
    rows::text,
    site::{
        calls::{Call, Outcome},
        tool_form::pretty,
    },
    untrusted::visible,
};

/// The answer of one model.
pub(super) fn view(about: &About, call: &Call) -> AnyView {
    let answer = match call.outcome {
        Outcome::Success => {
            let text = call.response["text"].as_str().unwrap_or_default();
            let calls = call.response.get("tool_calls").map(|calls| {
                view! { <CodeBlock label="Tool calls" text=pretty(calls) /> }
            });
            view! {
                {Markdown::of(text).view()}
                {calls}
            }
            .into_any()
        }
        Outcome::Refused | Outcome::ToolError | Outcome::ProtocolError | Outcome::Timeout => {
            refusal(about, &call.response)
        }
    };
    let title = visible(&call.what).into_owned();
    let label = format!("Answer of {title}");
    view! {
        <section class="panel" role="region" aria-label=label>
            <h2>{title}</h2>
            <p class="panel-note call-state" role="status">
                {mark(call.outcome)} <span>{format::duration(call.took_ms * 1_000_000)}</span>
            </p>
            <div class="panel-body call-parts">{answer}</div>
            <Facts facts=facts(call) />
            <details class="panel-body">
                <summary>"On the wire"</summary>
                <h3>"Request"</h3>
                <CodeBlock label="Request" text=pretty(&call.request) />
                <h3>"Response, put together"</h3>
                <CodeBlock label="Response" text=pretty(&call.response) />
                <h3>"As a command"</h3>
                <CodeBlock label="Command" text=curl(about, call) />
            </details>
        </section>
    }
    .into_any()
}

fn mark(outcome: Outcome) -> AnyView {
    let mark = match outcome {
        Outcome::Success => Mark::Ready,
        Outcome::ToolError => Mark::Degraded,
        Outcome::Refused | Outcome::ProtocolError | Outcome::Timeout => Mark::Failed,
    };
    view! { <StatusMark mark word=outcome.words() /> }.into_any()
}

/// What the provider said, and which secret it was asked with.
fn refusal(about: &About, response: &Value) -> AnyView {
    let message = response["error"].as_str().unwrap_or("It did not answer.");
    let status = response["status"].as_u64();
    let places = [
        "/spec/proxyConfig/apiKey/valueFrom/secretKeyRef/name",
        "/spec/proxyConfig/apiKeySecretRef/name",
    ];
    let mut names = places.iter().map(|place| text(&about.object, place));
    let secret = names.find(|name| !name.is_empty()).unwrap_or_default();
    let secret = (status == Some(401) && !secret.is_empty()).then(|| {
        let href = crate::kinds::Kind::Secret.href(&about.id.namespace, &secret);
        view! {
            <p>
                "The key is in secret " <a href=href>{secret}</a> "."
            </p>
        }
    });
    let status = status.map(|status| format!("HTTP {status}: "));
    let body = response.get("body").map(|body| {
        view! { <CodeBlock label="Body of the answer" text=pretty(body) /> }
    });
    view! {
        <p>{status} {visible(message).into_owned()}</p>
        {secret}
        {body}
    }
    .into_any()
}

fn facts(call: &Call) -> Vec<(&'static str, Fact)> {
    let response = &call.response;
    let number = |pointer: &str| response.pointer(pointer).and_then(Value::as_u64);
    let first = number("/first_token_ms");
    let output = number("/usage/completion_tokens");
    let per_second = first.zip(output).and_then(|(first, output)| {
        let writing = call.took_ms.checked_sub(first).filter(|ms| *ms > 0)?;
        Some(format!("{} tokens/s", output * 1000 / writing))
    });
    let or_unknown =
        |value: Option<String>| Fact::Set(value.unwrap_or_else(|| "not reported".to_owned()));
    let reason = response["finish_reason"].as_str();
    let mut facts = vec![
        (
            "Time to first token",
            or_unknown(first.map(|ms| format::duration(ms * 1_000_000))),
        ),
        ("Speed", or_unknown(per_second)),
        (
            "Tokens in",
            or_unknown(number("/usage/prompt_tokens").map(format::count)),
        ),
        ("Tokens out", or_unknown(output.map(format::count))),
        (
            "Ended because of",
            or_unknown(reason.map(|reason| visible(reason).into_owned())),
        ),
    ];
    if let Some(cost) = response["usage"]["cost"].as_f64() {
        facts.push(("Cost", Fact::Set(format!("${cost:.4}"))));
    }
    facts
}

fn curl(about: &About, call: &Call) -> String {
    let request = call.request.to_string().replace('\'', "'\\''");
    format!(
        "curl -N http://HOST/modelapis/{}/{}/v1/chat/completions \\\n  -H 'content-type: \
         application/json' \\\n  -d '{request}'",
        about.id.namespace, about.id.name
    )
}

/// The questions that were asked from this page, newest first.
pub(super) fn history(about: &About, calls: &[Call]) -> AnyView {
    let page = about.href(Page::Debug);
    let line = |call: &Call| {
        let prompt = call.input["messages"]
            .as_array()
            .and_then(|said| said.last());
        let prompt = prompt.and_then(|message| message["content"].as_str());
        let short: String = prompt.unwrap_or_default().chars().take(80).collect();
        let at = call.at.strftime("%H:%M:%S").to_string();
        view! {
            <li>
                {mark(call.outcome)} <a href=format!("{page}?call={}", call.number)>
                    <code>{visible(&call.what).into_owned()}</code>
                </a> <span class="call-input">{visible(&short).into_owned()}</span>
                <span class="call-time">{format::duration(call.took_ms * 1_000_000)}</span>
                <time datetime=call.at.to_string() title=call.at.to_string()>
                    {at}
                </time>
            </li>
        }
    };
    let body = if calls.is_empty() {
        view! {
            <p class="panel-note">
                "No questions yet. The last 100 are kept until KAOS is started again."
            </p>
        }
        .into_any()
    } else {
        view! { <ol class="call-list">{calls.iter().map(line).collect_view()}</ol> }.into_any()
    };
    view! { <Panel title="History">{body}</Panel> }.into_any()
}
