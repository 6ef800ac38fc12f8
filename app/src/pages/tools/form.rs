//! The form of a tool, out of its JSON Schema.

use leptos::prelude::*;
use serde_json::Value;

use super::Found;
use crate::{
    components::{
        button::{SubmitButton, Weight},
        form_guard::FormGuard,
        page_head::Panel,
    },
    frame::CsrfField,
    schema::{self, SchemaField, Shape, shown},
    site::tool_form::{ARGUMENT, Mode, ToolForm},
    untrusted::{in_textarea, visible},
};

pub(super) fn view(found: &Found, tool: &str) -> AnyView {
    let known = found.tools.as_ref().ok();
    let known = known.and_then(|tools| tools.iter().find(|known| known.name == tool));
    let description = known
        .map(|tool| tool.description.clone())
        .unwrap_or_default();
    let is_destructive = known.is_some_and(crate::site::mcp::Tool::is_destructive);
    let fields = known
        .map(|tool| schema::fields(&tool.schema))
        .unwrap_or_default();
    let form = &found.form;
    let body = match form.mode {
        Mode::Fields if fields.is_empty() => {
            view! { <p class="field-hint">"It takes no arguments."</p> }.into_any()
        }
        Mode::Fields => drawn(&fields, form).into_any(),
        Mode::Json => json(form),
    };
    let other = other_mode(form.mode, known.is_some());
    let problem = whole_problem(form);
    let title = visible(tool).into_owned();
    let seconds = form.seconds;
    let mode = match form.mode {
        Mode::Fields => "fields",
        Mode::Json => "json",
    };
    view! {
        <Panel title>
            <form id="tool-form" class="panel-body tool-form" method="post">
                <CsrfField />
                <input type="hidden" name="mode" value=mode />
                <p class="reading-plain">{visible(&description).into_owned()}</p>
                {problem}
                {body}
                {is_destructive.then(confirm)}
                <details class="form-inset">
                    <summary>"Timeout"</summary>
                    <div class="field">
                        <label class="field-label" for="seconds">
                            "Seconds"
                        </label>
                        <input id="seconds" name="seconds" type="number" min="1" max="600" value=seconds />
                    </div>
                </details>
                <div class="form-actions">
                    <SubmitButton weight=Weight::Primary>"Call"</SubmitButton>
                    {other}
                </div>
            </form>
            <FormGuard form="tool-form".to_owned() busy="Calling".to_owned() />
        </Panel>
    }
    .into_any()
}

/// Shows the same arguments the other way. What is not filled in yet is no hindrance.
fn other_mode(mode: Mode, is_known: bool) -> Option<AnyView> {
    let (intent, words) = match mode {
        Mode::Fields => ("json", "As JSON"),
        Mode::Json if is_known => ("fields", "As fields"),
        Mode::Json => return None,
    };
    Some(
        view! {
            <button class="button" type="submit" name="intent" value=intent>
                {words}
            </button>
        }
        .into_any(),
    )
}

fn whole_problem(form: &ToolForm) -> Option<AnyView> {
    let message = problem(form, "");
    (!message.is_empty()).then(|| {
        view! {
            <p class="field-error" role="alert">
                {message}
            </p>
        }
        .into_any()
    })
}

fn confirm() -> AnyView {
    view! {
        <label class="check-box">
            <input type="checkbox" name="confirm" value="yes" required=true />
            <span>"This tool says that it changes or deletes things. Call it all the same."</span>
        </label>
    }
    .into_any()
}

fn json(form: &ToolForm) -> AnyView {
    view! {
        <div class="field">
            <label class="field-label" for="arguments">
                "Arguments, as JSON"
            </label>
            <textarea id="arguments" name="arguments" class="field-text field-text--code" rows="12" spellcheck="false">
                {in_textarea(&form.json)}
            </textarea>
        </div>
    }
    .into_any()
}

fn problem(form: &ToolForm, path: &str) -> String {
    let own = form.problems.iter().filter(|(field, _)| field == path);
    let messages: Vec<_> = own.map(|(_, message)| message.as_str()).collect();
    messages.join("; ")
}

fn drawn(fields: &[SchemaField], form: &ToolForm) -> Vec<AnyView> {
    fields.iter().map(|field| draw(field, form)).collect()
}

fn draw(field: &SchemaField, form: &ToolForm) -> AnyView {
    if let Shape::Group(inner) = &field.shape {
        return view! {
            <fieldset class="field tool-group">
                <legend class="field-label">{visible(&field.name).into_owned()}</legend>
                {hint(field, "")}
                {drawn(inner, form)}
            </fieldset>
        }
        .into_any();
    }
    let id = format!("{ARGUMENT}{}", field.path);
    let text = form.texts.iter().find(|(path, _)| *path == field.path);
    let text = text.map(|(_, text)| text.clone()).unwrap_or_default();
    let error = problem(form, &field.path);
    let has_error = !error.is_empty();
    let attributes = Attributes {
        id: id.clone(),
        text,
        required: field.required,
        invalid: has_error.then_some("true"),
        described_by: format!("{id}-error {id}-hint"),
    };
    let control = control(&field.shape, attributes);
    let optional =
        (!field.required).then(|| view! { <span class="field-optional">" optional"</span> });
    view! {
        <div class="field">
            <label class="field-label" for=id.clone()>
                {visible(&field.name).into_owned()}
                {optional}
            </label>
            {control}
            {hint(field, &id)}
            <p class="field-error" id=format!("{id}-error") hidden=!has_error>
                {error}
            </p>
        </div>
    }
    .into_any()
}

fn hint(field: &SchemaField, id: &str) -> AnyView {
    let how = match &field.shape {
        Shape::Lines(_) => "One per line.",
        Shape::Json => "As JSON.",
        _ => "",
    };
    let words = format!("{} {how}", visible(&field.description));
    let words = words.trim().to_owned();
    if words.is_empty() {
        return ().into_any();
    }
    view! {
        <p class="field-hint" id=format!("{id}-hint")>
            {words}
        </p>
    }
    .into_any()
}

struct Attributes {
    id: String,
    text: String,
    required: bool,
    invalid: Option<&'static str>,
    described_by: String,
}

fn control(shape: &Shape, attributes: Attributes) -> AnyView {
    match shape {
        Shape::Text {
            long: false,
            lengths,
            format,
        } => text(attributes, *lengths, format),
        Shape::Number { whole, range } => number(attributes, *whole, *range),
        Shape::Flag => {
            let choices = [Value::Bool(true), Value::Bool(false)];
            choice(attributes, &choices, |value| {
                if *value == true { "yes" } else { "no" }.to_owned()
            })
        }
        Shape::Choice(values) => choice(attributes, values, shown),
        Shape::Text { .. } => area(attributes, 5, ""),
        Shape::Lines(_) | Shape::Group(_) => area(attributes, 3, ""),
        Shape::Json => area(attributes, 4, "field-text--code"),
    }
}

fn text(
    attributes: Attributes,
    (least, most): (Option<u64>, Option<u64>),
    format: &str,
) -> AnyView {
    let kind = match format {
        "email" => "email",
        "uri" | "url" => "url",
        "date" => "date",
        _ => "text",
    };
    view! {
        <input
            id=attributes.id.clone()
            name=attributes.id
            type=kind
            value=attributes.text
            autocomplete="off"
            spellcheck="false"
            required=attributes.required
            minlength=least.map(|least| least.to_string())
            maxlength=most.map(|most| most.to_string())
            aria-invalid=attributes.invalid
            aria-describedby=attributes.described_by
        />
    }
    .into_any()
}

fn number(
    attributes: Attributes,
    whole: bool,
    (least, most): (Option<f64>, Option<f64>),
) -> AnyView {
    view! {
        <input
            id=attributes.id.clone()
            name=attributes.id
            class="field-number"
            type="number"
            step=if whole { "1" } else { "any" }
            value=attributes.text
            required=attributes.required
            min=least.map(|least| least.to_string())
            max=most.map(|most| most.to_string())
            aria-invalid=attributes.invalid
            aria-describedby=attributes.described_by
        />
    }
    .into_any()
}

/// A value that nobody chose is left out of the call.
fn choice(attributes: Attributes, values: &[Value], words: impl Fn(&Value) -> String) -> AnyView {
    let option = |value: &Value| {
        let text = shown(value);
        let is_chosen = text == attributes.text;
        view! {
            <option value=text selected=is_chosen>
                {words(value)}
            </option>
        }
    };
    view! {
        <select
            id=attributes.id.clone()
            name=attributes.id
            required=attributes.required
            aria-invalid=attributes.invalid
            aria-describedby=attributes.described_by
        >
            <option value="">"not set"</option>
            {values.iter().map(option).collect_view()}
        </select>
    }
    .into_any()
}

fn area(attributes: Attributes, rows: u32, class: &str) -> AnyView {
    view! {
        <textarea
            id=attributes.id.clone()
            name=attributes.id
            class=format!("field-text {class}")
            rows=rows
            spellcheck="false"
            required=attributes.required
            aria-invalid=attributes.invalid
            aria-describedby=attributes.described_by
        >
            {in_textarea(&attributes.text)}
        </textarea>
    }
    .into_any()
}
