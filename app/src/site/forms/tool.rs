//! Calls a tool of an MCP server with what somebody filled in.

use std::time::Duration;

use axum::{
    Extension,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use serde_json::Value;

use super::{Fields, Sent};
use crate::{
    kinds::Kind,
    rows::Id,
    schema::{self, SchemaField},
    site::{
        Ports,
        calls::{Call, Calls, Outcome},
        mcp::{Exchange, McpServer, Tool},
        render_again,
    },
    url::Encoded,
};

/// How long the list of tools may take, which is read before the call.
pub(crate) const LIST_WITHIN: Duration = Duration::from_secs(10);
/// Seconds a call may take when nobody says.
pub(crate) const USUAL_SECONDS: u64 = 60;
const MOST_SECONDS: u64 = 600;

/// How the arguments are filled in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A field for each.
    #[default]
    Fields,
    /// All of them as JSON.
    Json,
}

/// What the form of a tool held, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ToolForm {
    pub(crate) mode: Mode,
    /// Path and text of each field.
    pub(crate) texts: Vec<(String, String)>,
    /// The arguments as JSON, in that mode.
    pub(crate) json: String,
    pub(crate) seconds: u64,
    /// Path of a field, and what is wrong with it; empty for the whole.
    pub(crate) problems: Vec<(String, String)>,
}

/// Names of fields that are arguments begin with it, so that none is taken for one of the form's.
pub(crate) const ARGUMENT: &str = "arg.";

/// `POST /ns/{ns}/mcpservers/{name}/tools/{tool}`.
pub(in crate::site) async fn post(
    State(ports): State<Ports>,
    Extension(calls): Extension<Calls>,
    Path((namespace, name, tool)): Path<(String, String, String)>,
    Sent { head, fields }: Sent,
) -> Response {
    let id = Id { namespace, name };
    let server = McpServer {
        router: &ports.agents,
        id: &id,
    };
    let known = server.tools(LIST_WITHIN).await.unwrap_or_default();
    let known = known.into_iter().find(|known| known.name == tool);
    let mut form = read(&fields, known.as_ref());
    let arguments = match arguments(&form, known.as_ref(), &fields) {
        Ok(arguments) => arguments,
        Err(problems) => {
            form.problems = problems;
            return again(ports, head, StatusCode::UNPROCESSABLE_ENTITY, form).await;
        }
    };
    // Only another way to fill in the same was asked for.
    match fields.get("intent") {
        Some("json") => {
            form.mode = Mode::Json;
            form.json = pretty(&arguments);
            return again(ports, head, StatusCode::OK, form).await;
        }
        Some("fields") => {
            form.mode = Mode::Fields;
            form.texts = known
                .map(|tool| schema::texts(&schema::fields(&tool.schema), &arguments))
                .unwrap_or_default();
            return again(ports, head, StatusCode::OK, form).await;
        }
        _ => {}
    }
    let within = Duration::from_secs(form.seconds);
    let exchange = server.call(&tool, &arguments, within).await;
    let call = call(&ports, &tool, arguments, exchange);
    let number = calls.add(Kind::McpServer, &id, call);
    let page = Kind::McpServer.href(&id.namespace, &id.name);
    let page = format!("{page}/tools/{}?call={number}", Encoded(&tool));
    Redirect::to(&page).into_response()
}

async fn again(
    ports: Ports,
    head: http::request::Parts,
    status: StatusCode,
    form: ToolForm,
) -> Response {
    render_again(ports, head, status, form).await
}

fn read(fields: &Fields, tool: Option<&Tool>) -> ToolForm {
    let mode = match (fields.get("mode"), tool) {
        (Some("json"), _) | (_, None) => Mode::Json,
        _ => Mode::Fields,
    };
    let texts = fields.0.iter().filter_map(|(name, text)| {
        let path = name.strip_prefix(ARGUMENT)?;
        Some((path.to_owned(), text.replace("\r\n", "\n")))
    });
    let seconds = fields.text("seconds").parse().unwrap_or(USUAL_SECONDS);
    ToolForm {
        mode,
        texts: texts.collect(),
        json: fields.get("arguments").unwrap_or_default().to_owned(),
        seconds: seconds.clamp(1, MOST_SECONDS),
        problems: Vec::new(),
    }
}

/// The arguments of the call, or everything that is wrong with them.
fn arguments(
    form: &ToolForm,
    tool: Option<&Tool>,
    fields: &Fields,
) -> Result<Value, Vec<(String, String)>> {
    let whole = |message: &str| vec![(String::new(), message.to_owned())];
    let sends = !matches!(fields.get("intent"), Some("json" | "fields"));
    if sends && tool.is_some_and(Tool::is_destructive) && fields.get("confirm").is_none() {
        return Err(whole(
            "This tool says that it changes or deletes things: tick the box to call it",
        ));
    }
    let known: Vec<SchemaField> = tool
        .map(|tool| schema::fields(&tool.schema))
        .unwrap_or_default();
    match form.mode {
        Mode::Fields => {
            let text = |path: &str| {
                let found = form.texts.iter().rfind(|(name, _)| name == path);
                found.map(|(_, text)| text.clone())
            };
            schema::read(&known, &text)
        }
        Mode::Json if form.json.trim().is_empty() => Ok(Value::Object(serde_json::Map::new())),
        Mode::Json => {
            let value: Value = serde_json::from_str(&form.json)
                .map_err(|error| whole(&format!("The arguments are no JSON: {error}")))?;
            if value.is_object() {
                Ok(value)
            } else {
                Err(whole("The arguments must be a JSON object"))
            }
        }
    }
}

fn call(ports: &Ports, tool: &str, input: Value, exchange: Exchange) -> Call {
    let Exchange {
        request,
        result,
        is_timeout,
        took,
    } = exchange;
    let outcome = match &result {
        Ok(result) if result["isError"] == true => Outcome::ToolError,
        Ok(_) => Outcome::Success,
        Err(_) if is_timeout => Outcome::Timeout,
        Err(_) => Outcome::ProtocolError,
    };
    Call {
        number: 0,
        what: tool.to_owned(),
        at: ports.clock.now(),
        input,
        outcome,
        request,
        response: result.unwrap_or_else(|message| serde_json::json!({"error": message})),
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    }
}

/// JSON for people.
pub(crate) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
