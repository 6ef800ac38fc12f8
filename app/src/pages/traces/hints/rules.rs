//! The rules, each about one way to fail.

use std::collections::BTreeMap;

use api::{
    attributes::{event, key, span as name},
    traces::{Span, StepKind, kind},
};

use super::{Failure, Hint, Next, closest::closest};

/// A rule gives a hint, or nothing where it does not apply.
type Rule = fn(&Failure<'_>) -> Option<Hint>;

/// All of them; what is surest comes first.
pub(super) const ALL: [Rule; 17] = [
    unknown_agent,
    unknown_tool,
    bad_arguments,
    malformed_calls,
    step_limit,
    refused_key,
    rate_limit,
    context_length,
    unknown_model,
    unreachable_model,
    circuit_open,
    unknown_server,
    unreachable_server,
    delegation_cycle,
    unavailable_agent,
    timeout,
    tool_error,
];

fn hint(what: impl Into<String>, evidence: impl Into<String>) -> Hint {
    Hint {
        what: what.into(),
        evidence: evidence.into(),
        next: None,
    }
}

impl Hint {
    fn next(self, words: impl Into<String>, href: String) -> Self {
        let next = Next {
            words: words.into(),
            href,
        };
        Self {
            next: Some(next),
            ..self
        }
    }
}

/// What stands between two marks in a text.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

/// The form of the agent that sent the span, at one of its fields.
fn edit(failure: &Failure<'_>, field: &str) -> String {
    failure.href(&format!("agents/{}/edit#{field}", failure.span.service))
}

/// `Sub-agent 'analyst-2' not found. Available: analyst, researcher`.
fn unknown_agent(failure: &Failure<'_>) -> Option<Hint> {
    let words = failure.saying("sub-agent '")?;
    let wanted = between(words, "Sub-agent '", "' not found")?;
    let caller = &failure.span.service;
    let own = failure.agents.iter().find(|agent| agent.name == *caller);
    let access = own.map(|own| own.access.join(", ")).unwrap_or_default();
    let evidence = if access.is_empty() {
        format!("{caller} may not delegate to anybody.")
    } else {
        format!("{caller} may delegate to: {access}.")
    };
    let names = || failure.agents.iter().map(|agent| agent.name.as_str());
    if names().any(|name| name == wanted) {
        let what = format!("{wanted} exists, but is not in the access list of {caller}.");
        let words = format!("Add {wanted} to the access of {caller}");
        return Some(hint(what, evidence).next(words, edit(failure, "access")));
    }
    let others = names().filter(|name| name != caller);
    let what = match closest(wanted, others) {
        Some(near) => format!(
            "There is no agent {wanted} in the access list of {caller}. The closest name is {near}."
        ),
        None => format!("There is no agent {wanted}, and none with a name like it."),
    };
    let words = format!("Edit the access of {caller}");
    Some(hint(what, evidence).next(words, edit(failure, "access")))
}

/// `Tool 'serch' not found. Available: search, add`, or the same from an MCP server.
fn unknown_tool(failure: &Failure<'_>) -> Option<Hint> {
    let own = failure.saying("tool '").and_then(|words| {
        let wanted = between(words, "Tool '", "' not found")?;
        Some((wanted, words.split_once("Available: ")?.1))
    });
    let of_server = || {
        let words = failure.saying("has no tool \"")?;
        let wanted = between(words, "has no tool \"", "\"")?;
        Some((wanted, words.split_once("it has: ")?.1))
    };
    let (wanted, available) = own.or_else(of_server)?;
    let known = available.split(", ");
    let what = match closest(wanted, known) {
        Some(near) => {
            format!("The model called a tool that does not exist. {near} is the closest.")
        }
        None => format!("The model called {wanted}, and no tool is called like that."),
    };
    let words = "Edit the agent's MCP servers";
    Some(hint(what, format!("Its tools are: {available}")).next(words, edit(failure, "mcpServers")))
}

fn bad_arguments(failure: &Failure<'_>) -> Option<Hint> {
    let is_it = failure.sort() == Some("InvalidArguments")
        || failure.saying("invalid arguments").is_some()
        || failure.saying("validation error").is_some()
        || failure.saying("-32602").is_some();
    let words = failure.words().first().copied().filter(|_| is_it)?;
    let what = "The model's arguments do not fit what the tool takes.";
    Some(with_tool(failure, hint(what, words)))
}

/// The tool's own page, with the same arguments.
fn with_tool(failure: &Failure<'_>, hint: Hint) -> Hint {
    let server = failure.span.text(key::MCP_SERVER);
    let tool = failure.span.text(key::TOOL_NAME);
    let (Some(server), Some(tool)) = (server, tool) else {
        return hint;
    };
    let arguments = failure.span.text(key::TOOL_ARGUMENTS);
    let arguments = arguments.map(|arguments| format!("?args={}", crate::url::Encoded(arguments)));
    let href = failure.href(&format!(
        "mcpservers/{server}/tools/{tool}{}",
        arguments.unwrap_or_default()
    ));
    hint.next(format!("Try {tool} with the same arguments"), href)
}

fn malformed_calls(failure: &Failure<'_>) -> Option<Hint> {
    let words = failure.saying("arguments that are no json")?;
    let what = "The model does not write tool calls well enough. Another model, or tool calls as text, \
                may help.";
    Some(hint(what, words).next("Edit how tools are called", edit(failure, "toolCallMode")))
}

/// The run used up its steps; the call that came again and again shows why.
fn step_limit(failure: &Failure<'_>) -> Option<Hint> {
    let is_limit = |span: &Span| span.events.iter().any(|own| own.name == event::LIMIT);
    let said = failure.saying("maximum reasoning steps");
    let limited = failure.spans.iter().find(|span| {
        span.service == failure.span.service && span.name == name::LOOP && is_limit(span)
    });
    if said.is_none() && (limited.is_none() || failure.span.name != name::LOOP) {
        return None;
    }
    let mut calls: BTreeMap<(String, String), usize> = BTreeMap::new();
    let own = failure
        .spans
        .iter()
        .filter(|span| span.service == failure.span.service);
    for span in own.filter(|span| span.step_kind() == StepKind::Tool) {
        let arguments = span.attribute(key::TOOL_ARGUMENTS).map(ToString::to_string);
        let call = (kind::title(span), arguments.unwrap_or_default());
        *calls.entry(call).or_default() += 1;
    }
    let repeated = calls.into_iter().max_by_key(|(_, times)| *times);
    let evidence = match repeated.filter(|(_, times)| *times > 1) {
        Some(((tool, _), times)) => {
            format!("{tool} was called {times} times with the same arguments.")
        }
        None => "No call was repeated; the task may need more steps.".to_owned(),
    };
    let what = "The run reached its largest number of steps.";
    Some(hint(what, evidence).next("Edit the limit", edit(failure, "maxSteps")))
}

fn model_api(failure: &Failure<'_>) -> String {
    let api = failure.span.text(key::MODEL_API);
    failure.href(&api.map_or_else(|| "modelapis".to_owned(), |api| format!("modelapis/{api}")))
}

fn is_model(failure: &Failure<'_>) -> bool {
    failure.span.step_kind() == StepKind::Model
        || failure.saying("model").is_some()
        || failure.saying("provider").is_some()
}

fn refused_key(failure: &Failure<'_>) -> Option<Hint> {
    let said = [
        "unauthorized",
        "invalid api key",
        "incorrect api key",
        "api key",
    ]
    .into_iter()
    .find_map(|part| failure.saying(part));
    let is_it = failure.has_status(401) || failure.has_status(403) || said.is_some();
    let words = said.or(failure.words().first().copied())?;
    let what = "The provider does not accept the API key.";
    (is_it && is_model(failure))
        .then(|| hint(what, words).next("Open the model API and its secret", model_api(failure)))
}

fn rate_limit(failure: &Failure<'_>) -> Option<Hint> {
    let said = failure
        .saying("rate limit")
        .or(failure.saying("too many requests"));
    let is_it = failure.has_status(429) || said.is_some();
    let words = said.or(failure.words().first().copied())?;
    let what = "The provider takes no more requests for now. A fallback model, or fewer runs at once, \
                helps.";
    (is_it && is_model(failure))
        .then(|| hint(what, words).next("Add a fallback model", edit(failure, "fallbackModels")))
}

fn context_length(failure: &Failure<'_>) -> Option<Hint> {
    let said = [
        "context length",
        "context_length",
        "maximum context",
        "context window",
        "prompt is too long",
        "too many tokens",
    ];
    let words = said.into_iter().find_map(|part| failure.saying(part))?;
    let tokens = failure.span.attribute(key::INPUT_TOKENS);
    let evidence = tokens.map_or_else(
        || words.to_owned(),
        |tokens| format!("{words} ({tokens} tokens were sent)"),
    );
    let what = "The conversation is longer than the model can read.";
    Some(hint(what, evidence).next("Edit what is remembered", edit(failure, "contextTokens")))
}

fn unknown_model(failure: &Failure<'_>) -> Option<Hint> {
    let words = failure.saying("model").filter(|words| {
        let words = words.to_lowercase();
        words.contains("does not exist") || words.contains("model_not_found")
    })?;
    let model = failure
        .span
        .text(key::REQUEST_MODEL)
        .unwrap_or("this model");
    let what = format!("The provider does not have {model}.");
    Some(hint(what, words).next("Choose another model", edit(failure, "model")))
}

fn unreachable_model(failure: &Failure<'_>) -> Option<Hint> {
    let words = failure
        .saying("model api at")
        .filter(|words| words.contains("cannot be reached"))
        .or_else(|| failure.saying("cannot reach its model"))?;
    let what = "The model API cannot be reached: it is not there, or its address is wrong.";
    Some(hint(what, words).next("Open the model API", model_api(failure)))
}

fn circuit_open(failure: &Failure<'_>) -> Option<Hint> {
    let words = failure.saying("failed too often")?;
    let what = "The model failed several times in a row, so it is left alone for some seconds. The \
                failures before this one say why.";
    Some(hint(what, words).next("Open the model API", model_api(failure)))
}

fn unknown_server(failure: &Failure<'_>) -> Option<Hint> {
    let words = failure.saying("there is no mcp server \"")?;
    let server = between(words, "MCP server \"", "\"")?;
    let what = format!("The agent refers to {server}, which does not exist.");
    Some(hint(what, words).next("Edit the agent's MCP servers", edit(failure, "mcpServers")))
}

fn unreachable_server(failure: &Failure<'_>) -> Option<Hint> {
    let words = failure.saying("mcp server \"").filter(|words| {
        let reasons = [
            "failed to connect",
            "does not run",
            "connection is closed",
            "credentials",
        ];
        reasons.into_iter().any(|reason| words.contains(reason))
    })?;
    let server = between(words, "MCP server \"", "\"")?;
    let what = format!("The MCP server {server} did not answer.");
    let href = failure.href(&format!("mcpservers/{server}"));
    Some(hint(what, words).next(format!("Open {server} and its state"), href))
}

fn delegation_cycle(failure: &Failure<'_>) -> Option<Hint> {
    let sorts = ["DelegationCycle", "DelegationTooDeep"];
    let is_it = failure.sort().is_some_and(|sort| sorts.contains(&sort));
    let words = failure.words().first().copied().filter(|_| is_it)?;
    let what = "Agents hand the task to each other in a circle or too deep.";
    Some(hint(what, words).next("Edit the access of the agent", edit(failure, "access")))
}

fn unavailable_agent(failure: &Failure<'_>) -> Option<Hint> {
    let words = failure.saying("is unavailable")?;
    let target = between(words, "Sub-agent '", "'")?;
    let what = format!("{target} could not be asked.");
    let href = failure.href(&format!("agents/{target}"));
    Some(hint(what, words).next(format!("Open {target} and its state"), href))
}

fn timeout(failure: &Failure<'_>) -> Option<Hint> {
    let said = [
        "did not answer within",
        "timed out",
        "took too long",
        "reached its limit of",
    ]
    .into_iter()
    .find_map(|part| failure.saying(part));
    let words = match failure.sort() {
        Some("Timeout" | "OutOfTime") => said.or(failure.words().first().copied()),
        Some(_) | None => said,
    }?;
    let what = "It took longer than it may.";
    let hint = hint(what, words);
    Some(match failure.span.step_kind() {
        StepKind::Tool => with_tool(failure, hint),
        StepKind::Agent | StepKind::Model | StepKind::Delegate | StepKind::Http => hint.next(
            "Edit how long a run may take",
            edit(failure, "maxRuntimeSeconds"),
        ),
    })
}

fn tool_error(failure: &Failure<'_>) -> Option<Hint> {
    let is_it = failure.sort() == Some("ToolError");
    let words = failure.words().first().copied().filter(|_| is_it)?;
    let what = "The tool itself says that it failed; the model was told.";
    Some(with_tool(failure, hint(what, words)))
}
