//! What the page of an MCP server shows of its own.

use leptos::prelude::*;
use serde_json::Value;

use crate::{
    components::{
        code_block::CodeBlock,
        facts::Fact,
        instead::{Instead, Why},
        page_head::Panel,
    },
    kinds::Kind,
    rows::{Id, text, texts},
};

/// Its tools, as its status names them.
pub(super) fn tools(id: &Id, server: &Value) -> AnyView {
    let tools = texts(server, "/status/availableTools");
    let body = if tools.is_empty() {
        view! {
            <Instead why=Why::Empty { title: "No tools are known".to_owned() }>
                <p>"They are listed here as soon as the server has started and named them."</p>
            </Instead>
        }
        .into_any()
    } else {
        let tool = |tool: String| {
            let href = format!(
                "{}/tools/{tool}",
                Kind::McpServer.href(&id.namespace, &id.name)
            );
            view! {
                <li>
                    <a href=href>{tool.clone()}</a>
                </li>
            }
        };
        view! { <ul class="name-list">{tools.into_iter().map(tool).collect_view()}</ul> }.into_any()
    };
    view! { <Panel title="Tools">{body}</Panel> }.into_any()
}

/// The functions it is made of, when it is made of functions.
pub(super) fn code(server: &Value) -> AnyView {
    let params = text(server, "/spec/params");
    if params.is_empty() {
        return ().into_any();
    }
    view! {
        <Panel title="Parameters">
            <div class="panel-body">
                <CodeBlock label="Parameters" text=params />
            </div>
        </Panel>
    }
    .into_any()
}

/// The settings that hold, written or not.
pub(super) fn facts(server: &Value) -> Vec<(&'static str, Fact)> {
    let set = |pointer: &str| Some(text(server, pointer)).filter(|text| !text.is_empty());
    let command = texts(server, "/spec/container/command").join(" ");
    vec![
        (
            "Endpoint",
            Fact::Set(set("/status/endpoint").map_or_else(
                || "none yet".to_owned(),
                |endpoint| format!("{endpoint}/mcp"),
            )),
        ),
        ("Runtime", Fact::Set(text(server, "/spec/runtime"))),
        ("Image", Fact::of(set("/spec/container/image"), "none")),
        (
            "Command",
            Fact::of(Some(command).filter(|command| !command.is_empty()), "none"),
        ),
        (
            "Service account",
            Fact::of(set("/spec/serviceAccountName"), "default"),
        ),
    ]
}
