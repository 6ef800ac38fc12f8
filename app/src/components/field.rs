//! One field of a form: label, control, hint, and what is wrong.

use leptos::prelude::*;

use crate::untrusted::in_textarea;

/// What a field says about its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// How to fill it in.
    pub hint: String,
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
    /// One line that nobody looking on may read.
    Password,
    /// Many lines of text.
    Text {
        /// How many are seen at once.
        rows: u32,
        /// In which letters.
        letters: Letters,
    },
    /// A whole number between two others.
    Number(u32, u32),
    /// One of a list of values, each with its words.
    Choice(Vec<(String, String)>),
    /// Yes or no.
    Switch,
}

/// The letters of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letters {
    /// Those of all text.
    Plain,
    /// Of one width.
    Code,
}

impl Control {
    /// One line, without suggestions.
    pub fn line() -> Self {
        Self::Line {
            suggestions: Vec::new(),
        }
    }
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
    described_by: String,
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
        described_by: format!("{id}-error {id}-hint"),
    };
    if control == Control::Switch {
        return switch(attributes, label, hint, error);
    }
    let input = match control {
        Control::Line { suggestions } => line(attributes, suggestions),
        Control::Password => password(attributes),
        Control::Text { rows, letters } => text(attributes, rows, letters),
        Control::Number(min, max) => number(attributes, min, max),
        Control::Choice(choices) => choice(attributes, choices),
        Control::Switch => ().into_any(),
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
    .into_any()
}

fn line(attributes: Attributes, suggestions: Vec<String>) -> AnyView {
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
    .into_any()
}

fn password(attributes: Attributes) -> AnyView {
    view! {
        <input
            id=attributes.id
            name=attributes.id
            type="password"
            autocomplete="new-password"
            spellcheck="false"
            aria-required=attributes.required
            aria-invalid=attributes.invalid
            aria-describedby=attributes.described_by
        />
    }
    .into_any()
}

fn text(attributes: Attributes, rows: u32, letters: Letters) -> AnyView {
    let class = match letters {
        Letters::Plain => "field-text",
        Letters::Code => "field-text field-text--code",
    };
    view! {
        <textarea
            id=attributes.id
            name=attributes.id
            class=class
            rows=rows
            spellcheck=(letters == Letters::Plain).to_string()
            aria-required=attributes.required
            aria-invalid=attributes.invalid
            aria-describedby=attributes.described_by
        >
            {in_textarea(&attributes.value)}
        </textarea>
    }
    .into_any()
}

fn number(attributes: Attributes, min: u32, max: u32) -> AnyView {
    let range = match max {
        u32::MAX => format!("{min} or more"),
        max => format!("{min} to {max}"),
    };
    view! {
        <input
            id=attributes.id
            name=attributes.id
            class="field-number"
            type="text"
            inputmode="numeric"
            autocomplete="off"
            value=attributes.value
            placeholder=range
            aria-required=attributes.required
            aria-invalid=attributes.invalid
            aria-describedby=attributes.described_by
        />
    }
    .into_any()
}

fn choice(attributes: Attributes, choices: Vec<(String, String)>) -> AnyView {
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
    .into_any()
}

/// A box that is ticked or not. The hidden value before it says that the form has it.
fn switch(attributes: Attributes, label: &'static str, hint: String, error: String) -> AnyView {
    let id = attributes.id;
    let is_on = attributes.value == "true";
    view! {
        <div class="field">
            <label class="check-box">
                <input type="hidden" name=id value="false" />
                <input
                    id=id
                    name=id
                    type="checkbox"
                    value="true"
                    checked=is_on
                    aria-invalid=attributes.invalid
                    aria-describedby=attributes.described_by
                />
                <span>{label}</span>
            </label>
            <FieldNotes id hint error />
        </div>
    }
    .into_any()
}

/// One box of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// What is posted when it is ticked.
    pub value: String,
    /// What it is called.
    pub words: String,
    /// What more there is to say.
    pub aside: String,
}

/// A group of boxes to tick, all of one name.
#[component]
pub fn CheckBoxes(
    /// Name of the values in the form, and id of the group.
    id: &'static str,
    /// What the group is called.
    legend: &'static str,
    /// The boxes.
    boxes: Vec<Tick>,
    /// The values that are ticked.
    ticked: Vec<String>,
    /// Hint and error.
    notes: Notes,
) -> impl IntoView {
    let Notes { hint, error } = notes;
    let invalid = !error.is_empty();
    let check_box = |one: Tick| {
        let Tick {
            value,
            words,
            aside,
        } = one;
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
            aria-describedby=format!("{id}-error {id}-hint")
        >
            <legend class="field-label">{legend}</legend>
            {boxes.into_iter().map(check_box).collect_view()}
            <FieldNotes id hint error />
        </fieldset>
    }
    .into_any()
}

/// Hint and error; the error is there when it is empty too, so that it can be filled in.
#[component]
fn FieldNotes(id: &'static str, hint: String, error: String) -> impl IntoView {
    let has_error = !error.is_empty();
    view! {
        {(!hint.is_empty())
            .then(|| {
                view! {
                    <p class="field-hint" id=format!("{id}-hint")>
                        {hint}
                    </p>
                }
            })}
        <p class="field-error" id=format!("{id}-error") hidden=!has_error>
            {error}
        </p>
    }
    .into_any()
}
