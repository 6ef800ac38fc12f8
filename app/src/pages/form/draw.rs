//! The fields, as they are filled in.

use leptos::prelude::*;

use super::Form;
use crate::{
    components::field::{CheckBoxes, Control, Field, Letters, Need, Notes},
    forms::{FieldSpec, Holds, Section, Standing, sections as sections_of},
    kinds::Kind,
    site::resource_forms::KEEP_CODE,
};

/// All sections; those that few need are folded unless something in them is set or wrong.
pub(super) fn sections(form: &Form) -> Vec<AnyView> {
    let section = |section: &Section| {
        let fields = section.fields.iter().map(|spec| field(form, spec));
        let fields = fields.collect_view();
        let extra = extra(form, section);
        if section.standing == Standing::Open {
            return view! {
                <section class="form-section">
                    <h2>{section.heading}</h2>
                    {fields}
                    {extra}
                </section>
            }
            .into_any();
        }
        view! {
            <details class="form-section" open=is_used(form, section)>
                <summary>
                    <h2>{section.heading}</h2>
                </summary>
                <div class="form-section-fields">{fields}</div>
            </details>
        }
        .into_any()
    };
    sections_of(form.kind).iter().map(section).collect()
}

fn is_used(form: &Form, section: &Section) -> bool {
    section.fields.iter().any(|spec| {
        let is_default = match spec.holds {
            Holds::Switch(default) => form.posted.values.get(spec.id) == default.to_string(),
            _ => form.posted.values.get(spec.id).is_empty(),
        };
        !is_default || !error(form, spec).is_empty()
    })
}

fn error(form: &Form, spec: &FieldSpec) -> String {
    let problems = form.posted.problems.iter();
    let own = problems.filter(|problem| problem.field.as_deref() == Some(spec.id));
    let messages: Vec<_> = own.map(|problem| problem.message.as_str()).collect();
    messages.join("; ")
}

fn field(form: &Form, spec: &FieldSpec) -> AnyView {
    let values = &form.posted.values;
    let value = values.get(spec.id).to_owned();
    // The name of an object is for ever.
    if spec.id == "name" && form.name.is_some() {
        return ().into_any();
    }
    let drawn = match spec.holds {
        Holds::PickMany(kind) => many(form, spec, kind, &value),
        _ => single(form, spec, value),
    };
    match spec.when {
        Some((field, value)) => {
            view! { <div data-when=format!("{field}={value}")>{drawn}</div> }.into_any()
        }
        None => drawn,
    }
}

fn single(form: &Form, spec: &FieldSpec, value: String) -> AnyView {
    let need = if spec.required {
        Need::Required
    } else {
        Need::Optional
    };
    let (id, label) = (spec.id, spec.label);
    let (control, notes) = (control(form, spec, &value), notes(form, spec));
    let is_refused = id == "params" && notes.error.starts_with("line ");
    view! {
        <Field id label need control value notes />
        {is_refused.then(keep)}
    }
    .into_any()
}

/// Lets code be written that its language refuses.
fn keep() -> AnyView {
    view! {
        <label class="check-box">
            <input type="checkbox" name=KEEP_CODE value="yes" />
            <span>"Python refuses these functions. Write them all the same."</span>
        </label>
    }
    .into_any()
}

fn many(form: &Form, spec: &FieldSpec, kind: Kind, value: &str) -> AnyView {
    let ticked: Vec<_> = value.lines().map(str::to_owned).collect();
    let boxes = form.choices.ticks(kind, &ticked);
    if boxes.is_empty() {
        let words = format!(
            "{}: there are no {} to choose from.",
            spec.label,
            kind.nouns()
        );
        return view! { <p class="field-hint">{words}</p> }.into_any();
    }
    let (id, legend, notes) = (spec.id, spec.label, notes(form, spec));
    view! { <CheckBoxes id legend boxes ticked notes /> }.into_any()
}

fn control(form: &Form, spec: &FieldSpec, value: &str) -> Control {
    let owned = |choices: &[(&str, &str)]| {
        let choice = |(value, words): &(&str, &str)| ((*value).to_owned(), (*words).to_owned());
        choices.iter().map(choice).collect()
    };
    let text = |rows, letters| Control::Text { rows, letters };
    match spec.holds {
        Holds::Line | Holds::Dollars | Holds::SecretKey => Control::Line {
            suggestions: form.choices.suggestions(spec.id),
        },
        Holds::Hidden => Control::Password,
        Holds::Text => text(8, Letters::Plain),
        Holds::Code => text(12, Letters::Code),
        Holds::Number(min, max) => Control::Number(min, max),
        Holds::Switch(_) => Control::Switch,
        Holds::Inherited => Control::Choice(owned(&[
            ("", "As KAOS has it"),
            ("true", "On"),
            ("false", "Off"),
        ])),
        Holds::Choice(choices) => Control::Choice(owned(choices)),
        Holds::Pick(kind) => Control::Choice(form.choices.picks(kind, value)),
        Holds::PickMany(_) | Holds::Lines | Holds::Pairs => text(3, Letters::Code),
        Holds::Variables => text(4, Letters::Code),
        Holds::Yaml => text(5, Letters::Code),
        Holds::Rest => text(6, Letters::Code),
    }
}

/// The field's hint, and all that is wrong with it.
fn notes(form: &Form, spec: &FieldSpec) -> Notes {
    let hint = match spec.id {
        "model" => {
            let allowed = form.choices.allowed_models();
            format!("{} {allowed}", spec.hint).trim().to_owned()
        }
        _ => spec.hint.to_owned(),
    };
    Notes {
        hint,
        error: error(form, spec),
    }
}

/// What a section has besides its fields.
fn extra(form: &Form, section: &Section) -> Option<AnyView> {
    match (form.kind, section.heading) {
        (Kind::ModelApi, "Models") if form.name.is_none() => Some(new_secret(form)),
        (Kind::Agent, "Model") => {
            let href = Kind::ModelApi.new_href(&form.namespace);
            Some(
                view! {
                    <p class="field-hint">
                        "The model API you need is not there? " <a href=href>"New model API"</a>
                    </p>
                }
                .into_any(),
            )
        }
        _ => None,
    }
}

/// A Secret that is made along with the model API; its value goes one way only.
fn new_secret(form: &Form) -> AnyView {
    let secret = &form.posted.new_secret;
    let is_open = !secret.name.is_empty();
    let field = |id, label, control, value: &str| {
        let notes = Notes::default();
        let need = Need::Optional;
        let value = value.to_owned();
        view! { <Field id label need control value notes /> }
    };
    view! {
        <details class="form-inset" data-when="mode=Proxy" open=is_open>
            <summary>"New secret for the key"</summary>
            <div class="form-section-fields">
                {field("newSecret.name", "Secret's name", Control::line(), &secret.name)}
                {field("newSecret.key", "Secret's key", Control::line(), &secret.key)}
                {field("newSecret.value", "Value", Control::Password, "")}
                <p class="field-hint">
                    "It is created along with the model API. Its value is never shown again."
                </p>
            </div>
        </details>
    }
    .into_any()
}
