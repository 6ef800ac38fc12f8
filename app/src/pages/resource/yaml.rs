//! The object behind a resource, as YAML, to read and to change.

use http::StatusCode;
use leptos::prelude::*;
use serde_json::Value;

use super::head::{Page, ResourceHead, crumbs, missing};
use crate::{
    components::{
        button::{LinkButton, Weight},
        code_block::CodeBlock,
        diff_view::diff_view,
        icon::{Icon, Symbol},
        instead::{Instead, Why},
        page_head::Panel,
        status_mark::{Mark, StatusMark},
    },
    frame::{CsrfField, Frame, Section, loaded},
    kinds::Kind,
    pages::params::{namespace, ports, query_param, set_status},
    rows::State,
    site::{YamlForm, kubernetes, manifest},
    untrusted::in_textarea,
};

/// `/ns/{ns}/{plural}/{name}/yaml?show=status&edit=1`.
#[component]
pub(crate) fn YamlPage(kind: Kind, name: String) -> impl IntoView {
    let (client, namespace) = (ports().kube, namespace());
    let crumbs = crumbs(kind, &namespace, &name, Some("YAML"));
    let title = name.clone();
    let form = use_context::<YamlForm>();
    let is_edited = form.is_some() || query_param("edit").is_some();
    let shows_status = query_param("show").as_deref() == Some("status");
    let object = {
        let (namespace, name) = (namespace.clone(), name.clone());
        async move { kubernetes::object(&client, kind, &namespace, &name).await }
    };
    view! {
        <Frame section=Section::Resources(kind) title crumbs>
            {loaded("The object", object, move |object| {
                let Some(object) = object else {
                    set_status(StatusCode::NOT_FOUND);
                    return missing(kind, &namespace, &name).into_any();
                };
                let state = State::of(&object);
                let path = format!("{}/yaml", kind.href(&namespace, &name));
                let command = format!("kubectl get {} {name} -n {namespace} -o yaml", kind.plural());
                let body = if is_edited && kind != Kind::Secret {
                    editor(path, object, form)
                } else {
                    reader(kind, path, object, command, shows_status)
                };
                view! {
                    <ResourceHead kind namespace name state page=Page::Yaml />
                    {body}
                }
                    .into_any()
            })}
        </Frame>
    }
}

fn reader(
    kind: Kind,
    path: String,
    mut object: Value,
    command: String,
    shows_status: bool,
) -> AnyView {
    let (word, other) = if shows_status {
        ("Hide the status", path.clone())
    } else {
        ("Show the status", format!("{path}?show=status"))
    };
    if !shows_status && let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    let edit = (kind != Kind::Secret).then(|| {
        view! {
            <LinkButton href=format!("{path}?edit=1") weight=Weight::Primary>
                "Edit YAML"
            </LinkButton>
        }
    });
    view! {
        <div class="toolbar">
            {edit} <LinkButton href=other>{word}</LinkButton>
            <LinkButton href=format!("{path}/download")>"Download"</LinkButton>
        </div>
        <div class="panel-body">{yaml(manifest::shown(object))}</div>
        <p class="panel-note">
            "Managed fields and secret values are hidden. The whole in a terminal: " <code>{command}</code>
        </p>
    }
    .into_any()
}

fn yaml(yaml: Result<String, manifest::Error>) -> AnyView {
    match yaml {
        Ok(text) => view! { <CodeBlock label="YAML" text /> }.into_any(),
        Err(error) => {
            let why = Why::Failed {
                what: "The YAML".to_owned(),
                message: error.to_string(),
            };
            view! { <Instead why /> }.into_any()
        }
    }
}

fn editor(path: String, mut object: Value, form: Option<YamlForm>) -> AnyView {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    let form = form.unwrap_or_else(|| YamlForm {
        text: manifest::shown(object).unwrap_or_default(),
        ..YamlForm::default()
    });
    let rows = form.text.lines().count().clamp(16, 60).to_string();
    let (outcome, action) = (outcome(&form), path.clone());
    view! {
        <form class="yaml-form" method="post" action=action>
            <CsrfField />
            {outcome}
            <label class="visually-hidden" for="yaml">
                "YAML"
            </label>
            <textarea
                id="yaml"
                name="yaml"
                class="field-text field-text--code"
                rows=rows
                spellcheck="false"
                aria-describedby="yaml-hint"
            >
                {in_textarea(&form.text)}
            </textarea>
            <p id="yaml-hint" class="field-hint">
                "Hidden values (••••) stay as they are. The object's kind, name and namespace cannot change."
            </p>
            <div class="form-actions">
                <button class="button button--primary" type="submit" name="intent" value="write">
                    "Save"
                </button>
                <button class="button" type="submit" name="intent" value="check">
                    "Check and compare"
                </button>
                <LinkButton href=path>"Cancel"</LinkButton>
            </div>
        </form>
    }
    .into_any()
}

fn outcome(form: &YamlForm) -> AnyView {
    if !form.errors.is_empty() {
        let line = |error: &String| view! { <li>{error.clone()}</li> };
        return view! {
            <div class="instead instead--failed" role="alert">
                <Icon symbol=Symbol::StateFailed />
                <div class="instead-words">
                    <strong>"Nothing was saved"</strong>
                    <ul>{form.errors.iter().map(line).collect_view()}</ul>
                </div>
            </div>
        }
        .into_any();
    }
    if !form.is_checked {
        return ().into_any();
    }
    let diff = if form.diff.is_empty() {
        view! { <p class="panel-note">"Nothing would change."</p> }.into_any()
    } else {
        view! { <div class="panel-body">{diff_view(&form.diff)}</div> }.into_any()
    };
    view! {
        <div class="panel-note" role="status">
            <StatusMark mark=Mark::Ready word="The API accepts it" />
        </div>
        <Panel title="What changes">{diff}</Panel>
    }
    .into_any()
}
