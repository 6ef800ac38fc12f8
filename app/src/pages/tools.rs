//! The tools of an MCP server: what they are, and calling them.

mod form;
mod result;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::StatusCode;
use leptos::prelude::*;
use serde_json::Value;

use super::{
    params::{namespace, ports, query_param, set_status},
    resource::head::{Page, ResourceHead, crumbs, missing},
};
use crate::{
    components::{
        instead::{Instead, Why},
        page_head::Panel,
    },
    frame::{Crumb, Frame, Section, loaded},
    kinds::Kind,
    rows::{Id, State, texts},
    schema,
    site::{
        Failure, Ports,
        calls::{Call, Calls},
        kubernetes,
        mcp::{McpServer, Tool},
        tool_form::{LIST_WITHIN, Mode, ToolForm, USUAL_SECONDS, pretty},
    },
    untrusted::visible,
    url::Encoded,
};

/// `/ns/{ns}/mcpservers/{name}/tools` and, with one chosen, `/tools/{tool}?args=&call=`.
#[component]
pub(crate) fn ToolsPage(name: String, tool: Option<String>) -> impl IntoView {
    let (ports, namespace) = (ports(), namespace());
    let mut crumbs = crumbs(Kind::McpServer, &namespace, &name, Some("tools"));
    if let Some(tool) = &tool {
        crumbs.pop();
        crumbs.push(Crumb::link("tools", href(&namespace, &name, None)));
        crumbs.push(Crumb::here(tool));
    }
    let title = match &tool {
        Some(tool) => format!("{tool} · {name}"),
        None => name.clone(),
    };
    let id = Id { namespace, name };
    let asked = Asked {
        id: id.clone(),
        tool,
        form: use_context::<ToolForm>(),
        arguments: query_param("args").and_then(|text| arguments(&text)),
        call: query_param("call").and_then(|number| number.parse().ok()),
        calls: expect_context(),
    };
    let found = async move { load(&ports, asked).await };
    view! {
        <Frame section=Section::Resources(Kind::McpServer) title crumbs>
            {loaded("The tools", found, move |found| {
                if let Some(found) = found {
                    view(found)
                } else {
                    set_status(StatusCode::NOT_FOUND);
                    missing(Kind::McpServer, &id.namespace, &id.name).into_any()
                }
            })}
        </Frame>
    }
}

/// The address of a tool's page.
fn href(namespace: &str, name: &str, tool: Option<&str>) -> String {
    let tools = format!("{}/tools", Kind::McpServer.href(namespace, name));
    match tool {
        Some(tool) => format!("{tools}/{}", Encoded(tool)),
        None => tools,
    }
}

/// The arguments in an address: JSON, as it is or in base64.
fn arguments(text: &str) -> Option<Value> {
    let decoded = BASE64_URL_SAFE_NO_PAD
        .decode(text.trim_end_matches('='))
        .ok();
    let decoded = decoded.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    decoded.or_else(|| serde_json::from_str(text).ok())
}

/// A call as a link.
fn call_href(id: &Id, call: &Call) -> String {
    let arguments = BASE64_URL_SAFE_NO_PAD.encode(call.input.to_string());
    let tool = href(&id.namespace, &id.name, Some(&call.what));
    format!("{tool}?args={arguments}")
}

struct Asked {
    id: Id,
    tool: Option<String>,
    form: Option<ToolForm>,
    arguments: Option<Value>,
    call: Option<u64>,
    calls: Calls,
}

/// Everything the page draws.
struct Found {
    id: Id,
    state: State,
    /// As the server describes them, or why it did not.
    tools: Result<Vec<Tool>, String>,
    /// Names known from the server's status.
    last_known: Vec<String>,
    tool: Option<String>,
    form: ToolForm,
    /// The call whose result is shown.
    call: Option<Call>,
    calls: Vec<Call>,
}

async fn load(ports: &Ports, asked: Asked) -> Result<Option<Found>, Failure> {
    let Asked {
        id,
        tool,
        form,
        arguments,
        call,
        calls,
    } = asked;
    let kube = &ports.kube;
    let server = kubernetes::object(kube, Kind::McpServer, &id.namespace, &id.name).await?;
    let Some(server) = server else {
        return Ok(None);
    };
    let client = McpServer {
        router: &ports.agents,
        id: &id,
    };
    let tools = client.tools(LIST_WITHIN).await;
    let calls = calls.of(Kind::McpServer, &id);
    let call = calls.iter().find(|one| Some(one.number) == call).cloned();
    let input = arguments.or_else(|| call.as_ref().map(|call| call.input.clone()));
    let chosen = tools.as_ref().ok().and_then(|tools| {
        tools
            .iter()
            .find(|known| Some(&known.name) == tool.as_ref())
    });
    let form = form.unwrap_or_else(|| filled(chosen, input));
    Ok(Some(Found {
        state: State::of(&server),
        last_known: texts(&server, "/status/availableTools"),
        tools: tools.map_err(|error| error.to_string()),
        id,
        tool,
        form,
        call,
        calls,
    }))
}

/// The form before anybody filled it in: with the arguments of the address, or with what the tool
/// presets.
fn filled(tool: Option<&Tool>, input: Option<Value>) -> ToolForm {
    let fields = tool
        .map(|tool| schema::fields(&tool.schema))
        .unwrap_or_default();
    let json = input.as_ref().map(pretty).unwrap_or_default();
    let texts = match input {
        Some(input) => schema::texts(&fields, &input),
        None => presets(&fields),
    };
    ToolForm {
        mode: if tool.is_some() {
            Mode::Fields
        } else {
            Mode::Json
        },
        texts,
        json,
        seconds: USUAL_SECONDS,
        problems: Vec::new(),
    }
}

fn presets(fields: &[schema::SchemaField]) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for field in fields {
        if let schema::Shape::Group(inner) = &field.shape {
            texts.extend(presets(inner));
        }
        if let Some(preset) = &field.preset {
            texts.push((field.path.clone(), schema::shown(preset)));
        }
    }
    texts
}

fn view(found: Found) -> AnyView {
    let Id { namespace, name } = found.id.clone();
    let state = found.state.clone();
    let failed = found.tools.as_ref().err().map(|message| {
        let why = Why::Partial {
            what: "The list of tools as the server has it now".to_owned(),
            message: message.clone(),
        };
        view! { <Instead why /> }
    });
    let list = list(&found);
    let body = match &found.tool {
        Some(tool) => view! {
            <div class="tool-call">{form::view(&found, tool)}</div>
            <div class="tool-outcome">{result::view(&found)} {history(&found)}</div>
        }
        .into_any(),
        None => view! { <div class="tool-outcome">{history(&found)}</div> }.into_any(),
    };
    view! {
        <ResourceHead kind=Kind::McpServer namespace name state page=Page::Tools />
        {failed}
        <div class="tools">{list} {body}</div>
    }
    .into_any()
}

/// All tools, each a link to its form.
fn list(found: &Found) -> AnyView {
    let tools: Vec<(String, String)> = match &found.tools {
        Ok(tools) => tools
            .iter()
            .map(|tool| (tool.name.clone(), tool.description.clone()))
            .collect(),
        Err(_) => found
            .last_known
            .iter()
            .map(|name| (name.clone(), "as known before".to_owned()))
            .collect(),
    };
    if tools.is_empty() {
        return view! {
            <Instead why=Why::Empty { title: "This server offers no tools".to_owned() }>
                <p>"They are listed here as soon as the server has started and named them."</p>
            </Instead>
        }
        .into_any();
    }
    let Id { namespace, name } = &found.id;
    let tool = |(tool, description): (String, String)| {
        let is_current = (Some(&tool) == found.tool.as_ref()).then_some("page");
        let words = visible(description.lines().next().unwrap_or_default()).into_owned();
        view! {
            <li>
                <a href=href(namespace, name, Some(&tool)) aria-current=is_current>
                    <code>{visible(&tool).into_owned()}</code>
                    <span>{words}</span>
                </a>
            </li>
        }
    };
    view! {
        <nav class="tool-list" aria-label="Tools">
            <ul>{tools.into_iter().map(tool).collect_view()}</ul>
        </nav>
    }
    .into_any()
}

/// The calls that were made from these pages, newest first.
fn history(found: &Found) -> AnyView {
    let calls = found
        .calls
        .iter()
        .filter(|call| found.tool.as_ref().is_none_or(|tool| *tool == call.what));
    let lines: Vec<_> = calls.map(|call| result::line(&found.id, call)).collect();
    let body = if lines.is_empty() {
        view! {
            <p class="panel-note">
                "No calls yet. The last 100 of this server are kept until KAOS is started again."
            </p>
        }
        .into_any()
    } else {
        view! { <ol class="call-list">{lines}</ol> }.into_any()
    };
    view! { <Panel title="History">{body}</Panel> }.into_any()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_in_an_address_are_read_in_both_forms() {
        let expected = Some(json!({"a": 2}));
        assert_eq!(arguments("eyJhIjoyfQ"), expected);
        assert_eq!(arguments("eyJhIjoyfQ=="), expected);
        assert_eq!(arguments(r#"{"a": 2}"#), expected);
        assert_eq!(arguments("nonsense"), None);
    }
}
