//! Writes the keys of a Secret. What is there already is named, never shown.

use http::StatusCode;
use leptos::prelude::*;
use serde_json::Value;

use super::{
    params::{namespace, ports, set_status},
    resource::head::{crumbs, missing},
};
use crate::{
    components::{
        button::{LinkButton, SubmitButton, Weight},
        field::{Control, Field, Need, Notes},
        page_head::PageHead,
    },
    frame::{Crumb, CsrfField, Frame, Section, loaded},
    kinds::Kind,
    site::{SecretForm, kubernetes},
};

/// Rows for new keys.
const N_ROWS: usize = 3;

/// `/ns/{ns}/secrets/new`.
#[component]
pub(crate) fn NewSecretPage() -> impl IntoView {
    let namespace = namespace();
    let crumbs = vec![
        Crumb::link("secrets", Kind::Secret.list_href(&namespace)),
        Crumb::here("new"),
    ];
    let form = use_context::<SecretForm>().unwrap_or_default();
    let field = |id, label, need, hint: &str, value: &str| {
        let notes = Notes {
            hint: hint.to_owned(),
            error: error(&form, id),
        };
        let (control, value) = (Control::line(), value.to_owned());
        view! { <Field id label need control value notes /> }
    };
    let name_hint = "Lower-case letters, digits, hyphens and dots.";
    let name = field("name", "Name", Need::Required, name_hint, &form.name);
    let kind = field(
        "type",
        "Type",
        Need::Optional,
        "Opaque when empty.",
        &form.kind,
    );
    let rows = rows(&form);
    let general = general(&form);
    view! {
        <Frame section=Section::Resources(Kind::Secret) title="New secret" crumbs>
            <PageHead title="New secret" />
            <form class="form secret-form" method="post" novalidate>
                <CsrfField />
                {general}
                <section class="form-section">{name} {kind} {rows}</section>
                <div class="form-actions">
                    <SubmitButton weight=Weight::Primary>"Create secret"</SubmitButton>
                    <LinkButton href=Kind::Secret.list_href(&namespace)>"Cancel"</LinkButton>
                </div>
            </form>
        </Frame>
    }
}

/// `/ns/{ns}/secrets/{name}/edit`.
#[component]
pub(crate) fn EditSecretPage(name: String) -> impl IntoView {
    let (client, namespace) = (ports().kube, namespace());
    let crumbs = crumbs(Kind::Secret, &namespace, &name, Some("edit"));
    let title = format!("Edit secret {name}");
    let form = use_context::<SecretForm>().unwrap_or_default();
    let secret = {
        let (namespace, name) = (namespace.clone(), name.clone());
        async move { kubernetes::object(&client, Kind::Secret, &namespace, &name).await }
    };
    view! {
        <Frame section=Section::Resources(Kind::Secret) title=title.clone() crumbs>
            {loaded("The secret", secret, move |secret| {
                if let Some(secret) = secret {
                    let cancel = Kind::Secret.href(&namespace, &name);
                    view! {
                        <PageHead title />
                        {edit(&form, &secret, cancel)}
                    }
                        .into_any()
                } else {
                    set_status(StatusCode::NOT_FOUND);
                    missing(Kind::Secret, &namespace, &name).into_any()
                }
            })}
        </Frame>
    }
}

fn edit(form: &SecretForm, secret: &Value, cancel: String) -> AnyView {
    let data = secret["data"].as_object().into_iter().flatten();
    let lines = data.map(|(key, _)| known_key(key)).collect_view();
    view! {
        <form class="form secret-form" method="post" novalidate>
            <CsrfField />
            {general(form)}
            <section class="form-section">
                <h2>"Keys there are"</h2>
                {lines}
            </section>
            <section class="form-section">
                <h2>"New keys"</h2>
                {rows(form)}
            </section>
            <div class="form-actions">
                <SubmitButton weight=Weight::Primary>"Save"</SubmitButton>
                <LinkButton href=cancel>"Cancel"</LinkButton>
            </div>
        </form>
    }
    .into_any()
}

/// A key that is there: its value can be replaced, or it can go.
fn known_key(key: &str) -> impl IntoView + use<> {
    let (id, key) = (format!("set.{key}"), key.to_owned());
    view! {
        <div class="field secret-key">
            <label class="field-label" for=id.clone()>
                <code>{key.clone()}</code>
                <span class="field-optional">" empty keeps its value"</span>
            </label>
            <textarea id=id.clone() name=id.clone() class="field-secret" rows="1" autocomplete="off" spellcheck="false"></textarea>
            <label class="check-box">
                <input type="checkbox" name="remove" value=key.clone() />
                <span>{format!("Remove {key}")}</span>
            </label>
        </div>
    }
}

/// Empty rows, and those whose keys were filled in before.
fn rows(form: &SecretForm) -> AnyView {
    let error = error(form, "keys");
    let row = |index: usize| {
        let key = form.keys.get(index).cloned().unwrap_or_default();
        let (key_id, value_id) = (format!("key-{index}"), format!("value-{index}"));
        view! {
            <div class="secret-row">
                <div class="field">
                    <label class="field-label" for=key_id.clone()>
                        {format!("Key {}", index + 1)}
                    </label>
                    <input id=key_id.clone() name="key" type="text" value=key autocomplete="off" spellcheck="false" />
                </div>
                <div class="field">
                    <label class="field-label" for=value_id.clone()>
                        {format!("Value {}", index + 1)}
                    </label>
                    <textarea id=value_id.clone() name="value" class="field-secret" rows="1" autocomplete="off" spellcheck="false"></textarea>
                </div>
            </div>
        }
    };
    let rows = (0..N_ROWS.max(form.keys.len())).map(row).collect_view();
    view! {
        <div class="secret-rows">{rows}</div>
        <p class="field-hint">"A value may have several lines. It is never shown again."</p>
        {(!error.is_empty()).then(|| view! { <p class="field-error" role="alert">{error}</p> })}
    }
    .into_any()
}

fn error(form: &SecretForm, id: &str) -> String {
    let own = form.errors.iter().filter(|(field, _)| *field == id);
    let messages: Vec<_> = own.map(|(_, message)| message.as_str()).collect();
    messages.join("; ")
}

fn general(form: &SecretForm) -> Option<AnyView> {
    let message = error(form, "");
    (!message.is_empty()).then(|| {
        view! {
            <div class="instead instead--failed" role="alert">
                <p>{message}</p>
            </div>
        }
        .into_any()
    })
}
