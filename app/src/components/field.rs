//! One field of a form: label, control, hint, and what is wrong.

use leptos::prelude::*;

/// What a field says about its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// How to fill it in.
    pub hint: &'static str,
    /// What is wrong with it; empty when nothing is.
    pub error: String,
}

/// The control a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// One line of text, with suggestions.
    Line {
        /// What the browser offers to complete.
        suggestions: Vec<String>,
    },
    /// Many lines of text.
    Text,
    /// A whole number between two others.
    Number(u32, u32),
    /// One of a list of values, each with its words.
    Choice(Vec<(String, String)>),
}

/// Whether a field may stay empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It may not.
    Required,
    /// It may.
    Optional,
}

/// What every control carries: its name, its value, and what describes it.
#[derive(Clone)]
struct Attributes {
    id: &'static str,
    value: String,
    required: Option<&'static str>,
    invalid: Option<&'static str>,
    described_by: Option<String>,
}

/// A labelled control. Hint and error are its description, so that both are read out.
#[component]
pub fn Field(
    /// Name of the value in the form, and id of the control.
    id: &'static str,
    /// What the field is called.
    label: &'static str,
    /// Whether it may stay empty.
    need: Need,
    /// What it is filled in with.
    control: Control,
    /// What is in it.
    value: String,
    /// Hint and error.
    notes: Notes,
) -> impl IntoView {
    let Notes { hint, error } = notes;
    let attributes = Attributes {
        id,
        value,
        required: (need == Need::Required).then_some("true"),
        invalid: (!error.is_empty()).then_some("true"),
        described_by: described_by(id, hint, &error),
    };
    let input = match control {
        Control::Line { suggestions } => line(attributes, suggestions).into_any(),
        Control::Text => text(attributes).into_any(),
        Control::Number(min, max) => number(attributes, min, max).into_any(),
        Control::Choice(choices) => choice(attributes, choices).into_any(),
    };
    view! {
        <div class="field">
            <label class="field-label" for=id>
                {label}
                {(need == Need::Optional)
                    .then(|| view! { <span class="field-optional">" optional"</span> })}
            </label>
            {input}
            <FieldNotes id hint error />
        </div>
    }
}

fn line(attributes: Attributes, suggestions: Vec<String>) -> impl IntoView {
    let list = (!suggestions.is_empty()).then(|| format!("{}-suggestions", attributes.id));
    let option = |value: String| view! { <option value=value></option> };
    let options = list.clone().map(|list| {
        view! { <datalist id=list>{suggestions.into_iter().map(option).collect_view()}</datalist> }
    });
    view! {
        <input
            id=attributes.id
            name=attributes.id
            type="text"
            value=attributes.value
            autocomplete="off"
            spellcheck="false"
            list=list
            aria-required=attributes.required
            aria-invalid=attributes.invalid
            aria-describedby=attributes.described_by
        />
        {options}
    }
}

fn text(attributes: Attributes) -> impl IntoView {
    view! {
        <textarea
            id=attributes.id
            name=attributes.id
            rows="8"
            aria-required=attributes.required
            aria-invalid=attributes.invalid
            aria-describedby=attributes.described_by
        >
            {attributes.value}
        </textarea>
    }
}

fn number(attributes: Attributes, min: u32, max: u32) -> impl IntoView {
    view! {
        <input
            id=attributes.id
            name=attributes.id
            class="field-number"
            type="text"
            inputmode="numeric"
            value=attributes.value
            placeholder=format!("{min} to {max}")
            aria-required=attributes.required
            aria-invalid=attributes.invalid
            aria-describedby=attributes.described_by
        />
    }
}

fn choice(attributes: Attributes, choices: Vec<(String, String)>) -> impl IntoView {
    let option = |(choice, words): (String, String)| {
        let is_chosen = choice == attributes.value;
        view! {
            <option value=choice selected=is_chosen>
                {words}
            </option>
        }
    };
    view! {
        <select
            id=attributes.id
            name=attributes.id
            aria-required=attributes.required
            aria-invalid=attributes.invalid
            aria-describedby=attributes.described_by
        >
            {choices.into_iter().map(option).collect_view()}
        </select>
    }
}

/// A group of boxes to tick, all of one name.
#[component]
pub fn CheckBoxes(
    /// Name of the values in the form, and id of the group.
    id: &'static str,
    /// What the group is called.
    legend: &'static str,
    /// Value, words and explanation of each box.
    choices: Vec<(String, String, String)>,
    /// The values that are ticked.
    ticked: Vec<String>,
    /// Hint and error.
    notes: Notes,
) -> impl IntoView {
    let Notes { hint, error } = notes;
    let described = described_by(id, hint, &error);
    let invalid = !error.is_empty();
    let check_box = |(value, words, aside): (String, String, String)| {
        let is_ticked = ticked.contains(&value);
        view! {
            <label class="check-box">
                <input type="checkbox" name=id value=value checked=is_ticked />
                <span>{words}</span>
                <span class="check-box-aside">{aside}</span>
            </label>
        }
    };
    view! {
        <fieldset
            id=id
            class="field"
            class=("field--invalid", invalid)
            tabindex="-1"
            aria-describedby=described
        >
            <legend class="field-label">{legend}</legend>
            {choices.into_iter().map(check_box).collect_view()}
            <FieldNotes id hint error />
        </fieldset>
    }
}

#[component]
fn FieldNotes(id: &'static str, hint: &'static str, error: String) -> impl IntoView {
    view! {
        {(!hint.is_empty())
            .then(|| {
                view! {
                    <p class="field-hint" id=format!("{id}-hint")>
                        {hint}
                    </p>
                }
            })}
        {(!error.is_empty())
            .then(|| {
                view! {
                    <p class="field-error" id=format!("{id}-error")>
                        {error}
                    </p>
                }
            })}
    }
}

fn described_by(id: &str, hint: &str, error: &str) -> Option<String> {
    let parts = [("error", error), ("hint", hint)];
    let ids: Vec<_> = parts
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(part, _)| format!("{id}-{part}"))
        .collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}
