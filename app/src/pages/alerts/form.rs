//! The form of a rule.

use leptos::prelude::*;

use super::words;
use crate::{
    components::{
        button::{LinkButton, SubmitButton, Weight},
        field::{Control, Field, Need, Notes},
    },
    frame::{CsrfField, Section},
    pages::params::namespace,
    site::{AlertForm, MEASURES},
};

/// Whether the rule is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    New,
    Known,
}

/// The fields, what is wrong with them, and what can be done.
pub(super) fn form(form: &AlertForm, rule: Rule) -> AnyView {
    let field = |id: &'static str, label, need, control, (value, hint): (&str, &str)| {
        let notes = Notes {
            hint: hint.to_owned(),
            error: error(form, id),
        };
        let value = value.to_owned();
        view! { <Field id label need control value notes /> }
    };
    let name = (rule == Rule::New).then(|| {
        let hint = "Letters, digits and underscores; it stays.";
        field(
            "name",
            "Name",
            Need::Required,
            Control::line(),
            (&form.name, hint),
        )
    });
    let measures =
        MEASURES.map(|(measure, word)| (word.to_owned(), words::measure(measure).to_owned()));
    let measure = Control::Choice(measures.to_vec());
    let required =
        |id, label, value, hint| field(id, label, Need::Required, Control::line(), (value, hint));
    let every = "Every agent alone when empty.";
    let general = error(form, "");
    let general = (!general.is_empty()).then(|| {
        view! {
            <div class="instead instead--failed" role="alert">
                <p>{general}</p>
            </div>
        }
    });
    let save = match rule {
        Rule::New => "Create rule",
        Rule::Known => "Save",
    };
    view! {
        <form class="form alert-form" method="post" novalidate>
            <CsrfField />
            {general}
            <section class="form-section">
                {name}
                {field("measure", "Watch", Need::Required, measure, (&form.measure, ""))}
                {field("agent", "Agent", Need::Optional, Control::line(), (&form.agent, every))}
                {required("threshold", "Bad above", &form.threshold, "Seconds, or percent of runs or calls.")}
                {required("window", "Looks back", &form.window, "Seconds, from 10 to 86,400.")}
                {required("lasts", "For", &form.lasts, "Seconds it has to last, to tell and to be over.")}
            </section>
            <div class="form-actions">
                <SubmitButton weight=Weight::Primary>{save}</SubmitButton>
                <button class="button" type="submit" name="intent" value="test">
                    "Try on the last 24 hours"
                </button>
                <LinkButton href=Section::Alerts.href(&namespace())>"Cancel"</LinkButton>
            </div>
        </form>
    }
    .into_any()
}

fn error(form: &AlertForm, id: &str) -> String {
    let own = form.errors.iter().filter(|(field, _)| *field == id);
    let messages: Vec<_> = own.map(|(_, message)| message.as_str()).collect();
    messages.join("; ")
}
