//! Who is told of alerts: each with a way to try it, and a field for one more.

use api::telemetry::Webhook;
use leptos::prelude::*;

use crate::{
    components::{
        field::{Control, Field, Need, Notes},
        page_head::Panel,
    },
    frame::CsrfField,
    site::WebhookForm,
    untrusted::visible,
};

pub(super) fn view(webhooks: Vec<Webhook>) -> AnyView {
    let form = use_context::<WebhookForm>();
    let none = webhooks
        .is_empty()
        .then_some("Nobody is told yet: alerts are seen here only. ");
    let lines = webhooks.into_iter().enumerate();
    let lines = lines
        .map(|(place, webhook)| line(place, webhook, form.as_ref()))
        .collect_view();
    view! {
        <Panel title="Who is told">
            <ul class="webhooks">{lines}</ul>
            {add(form.as_ref())}
            <p class="panel-note">
                {none} "An address is shown to nobody again. Those in "
                <code>"KAOS_ALERT_WEBHOOKS"</code> " are removed there."
            </p>
        </Panel>
    }
    .into_any()
}

fn line(place: usize, webhook: Webhook, form: Option<&WebhookForm>) -> AnyView {
    let Webhook { host, is_removable } = webhook;
    let said = match form {
        Some(WebhookForm::Tested(tested, outcome)) if *tested == place => Some(match outcome {
            Ok(said) => ("field-hint", format!("It was taken. {}", visible(said))),
            Err(said) => (
                "field-error",
                format!("It was not taken. {}", visible(said)),
            ),
        }),
        _ => None,
    };
    let button = |intent: &'static str, word: &'static str| {
        view! {
            <button class="button" type="submit" name="intent" value=intent>
                {word}
                <span class="visually-hidden">{format!(" {host}")}</span>
            </button>
        }
    };
    view! {
        <li class="webhook">
            <code>{visible(&host).into_owned()}</code>
            <form method="post">
                <CsrfField />
                <input type="hidden" name="webhook" value=place.to_string() />
                <input type="hidden" name="host" value=host.clone() />
                {button("test", "Test")}
                {is_removable.then(|| button("remove", "Remove"))}
            </form>
            {said.map(|(class, said)| view! { <p class=class role="status">{said}</p> })}
        </li>
    }
    .into_any()
}

/// What was typed stays when it was refused.
fn add(form: Option<&WebhookForm>) -> AnyView {
    let (address, error) = match form {
        Some(WebhookForm::Refused { address, why }) => {
            (address.clone(), format!("Not added: {why}."))
        }
        _ => (String::new(), String::new()),
    };
    let notes = Notes {
        hint: "An address that takes JSON as Slack's do.".to_owned(),
        error,
    };
    view! {
        <form method="post" class="webhook-add">
            <CsrfField />
            <Field
                id="address"
                label="New webhook"
                need=Need::Required
                control=Control::line()
                value=address
                notes
            />
            <button class="button" type="submit" name="intent" value="add">
                "Add"
            </button>
        </form>
    }
    .into_any()
}
