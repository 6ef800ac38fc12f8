//! What a call came to: its state, its parts by their types, and what was on the wire.

use leptos::prelude::*;
use serde_json::Value;

use super::{Found, call_href};
use crate::{
    components::{
        code_block::CodeBlock,
        status_mark::{Mark, StatusMark},
    },
    format,
    rows::Id,
    site::{
        calls::{Call, Outcome},
        tool_form::pretty,
    },
    untrusted::visible,
};

/// The result of the call that the address names; nothing without one.
pub(super) fn view(found: &Found) -> Option<AnyView> {
    let call = found.call.as_ref()?;
    let size = format::bytes(call.response.to_string().len() as u64);
    let parts = parts(&call.response);
    let curl = curl(&found.id, call);
    Some(
        view! {
            <section class="panel" aria-label="Result" role="region">
                <h2>"Result"</h2>
                <p class="panel-note call-state" role="status">
                    {mark(call.outcome)} <span>{format!("{} ms", call.took_ms)}</span>
                    <span>{size}</span>
                </p>
                <div class="panel-body call-parts">{parts}</div>
                <details class="panel-body">
                    <summary>"On the wire"</summary>
                    <h3>"Request"</h3>
                    <CodeBlock label="Request" text=pretty(&call.request) />
                    <h3>"Response"</h3>
                    <CodeBlock label="Response" text=pretty(&call.response) />
                    <h3>"As a command"</h3>
                    <CodeBlock label="Command" text=curl />
                </details>
            </section>
        }
        .into_any(),
    )
}

fn mark(outcome: Outcome) -> AnyView {
    let mark = match outcome {
        Outcome::Success => Mark::Ready,
        Outcome::ToolError => Mark::Degraded,
        Outcome::Refused | Outcome::ProtocolError | Outcome::Timeout => Mark::Failed,
    };
    view! { <StatusMark mark word=outcome.words() /> }.into_any()
}

fn parts(response: &Value) -> Vec<AnyView> {
    if let Some(message) = response["error"].as_str() {
        return vec![view! { <CodeBlock label="Error" text=message.to_owned() /> }.into_any()];
    }
    let content = response["content"].as_array().into_iter().flatten();
    let mut parts: Vec<_> = content.map(part).collect();
    if let Some(structured) = response.get("structuredContent") {
        let text = pretty(structured);
        parts.push(
            view! {
                <h3>"Structured content"</h3>
                <CodeBlock label="Structured content" text />
            }
            .into_any(),
        );
    }
    if parts.is_empty() {
        parts.push(view! { <p>"The tool returned nothing."</p> }.into_any());
    }
    parts
}

/// One part of the content. Nothing is ever loaded from elsewhere.
fn part(part: &Value) -> AnyView {
    let text = |field: &str| part[field].as_str().unwrap_or_default().to_owned();
    match part["type"].as_str().unwrap_or_default() {
        "text" => {
            let text = text("text");
            // Many tools answer with JSON in a text.
            let json = serde_json::from_str::<Value>(&text).ok();
            let json = json.filter(|json| json.is_object() || json.is_array());
            let text = json.as_ref().map_or(text, pretty);
            view! { <CodeBlock label="Text" text /> }.into_any()
        }
        "image" => image(&text("mimeType"), &text("data")),
        "resource_link" => view! {
            <p>
                "Resource " <code>{visible(&text("uri")).into_owned()}</code> " "
                {visible(&text("name")).into_owned()}
            </p>
        }
        .into_any(),
        _ => view! { <CodeBlock label="Content" text=pretty(part) /> }.into_any(),
    }
}

fn image(kind: &str, data: &str) -> AnyView {
    const KINDS: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    if !KINDS.contains(&kind) || !data.chars().all(is_base64) {
        let words = format!("An image of type \"{kind}\", which is not shown.");
        return view! { <p>{visible(&words).into_owned()}</p> }.into_any();
    }
    let source = format!("data:{kind};base64,{data}");
    view! { <img class="call-image" src=source alt="Image that the tool returned" /> }.into_any()
}

/// The same call in a terminal, without a session.
fn curl(id: &Id, call: &Call) -> String {
    let request = call.request.to_string().replace('\'', "'\\''");
    format!(
        "curl http://HOST/mcpservers/{}/{}/mcp \\\n  -H 'content-type: application/json' \\\n  -H \
         'accept: application/json, text/event-stream' \\\n  -d '{request}'",
        id.namespace, id.name
    )
}

/// A line of the history: how it went, when, with what; it leads to the result and to a new call.
pub(super) fn line(id: &Id, call: &Call) -> AnyView {
    let tool = super::href(&id.namespace, &id.name, Some(&call.what));
    let result = format!("{tool}?call={}", call.number);
    let input = call.input.to_string();
    let short: String = input.chars().take(80).collect();
    let at = call.at.strftime("%H:%M:%S").to_string();
    view! {
        <li>
            {mark(call.outcome)}
            <a href=result>
                <code>{visible(&call.what).into_owned()}</code>
            </a>
            <code class="call-input">{visible(&short).into_owned()}</code>
            <span class="call-time">{format!("{} ms", call.took_ms)}</span>
            <time datetime=call.at.to_string() title=call.at.to_string()>
                {at}
            </time>
            <a href=call_href(id, call)>"Again"</a>
        </li>
    }
    .into_any()
}
