//! What the page of a model API shows of its own.

use api::resources::{ModelApiSpec, ValueSource, model_api::Mode};
use leptos::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    components::{facts::Fact, page_head::Panel},
    rows::{Id, text, texts},
};

/// The models it may be asked for.
pub(super) fn models(_id: &Id, api: &Value) -> AnyView {
    let mut models = texts(api, "/spec/proxyConfig/models");
    let hosted = text(api, "/spec/hostedConfig/model");
    if !hosted.is_empty() {
        models.push(hosted);
    }
    let model = |model: String| {
        let meaning = match model.as_str() {
            "*" => " every model of the provider",
            model if model.ends_with("/*") => " every model with this beginning",
            _ => "",
        };
        view! {
            <li>
                <code>{model}</code>
                {meaning}
            </li>
        }
    };
    view! {
        <Panel title="Models">
            <ul class="name-list">{models.into_iter().map(model).collect_view()}</ul>
        </Panel>
    }
    .into_any()
}

/// The settings that hold, written or not. A key is never among them, only where it comes from.
pub(super) fn facts(api: &Value) -> Vec<(&'static str, Fact)> {
    let endpoint = text(api, "/status/endpoint");
    let endpoint = match endpoint.as_str() {
        "" => "none yet".to_owned(),
        endpoint => format!("{endpoint}/v1"),
    };
    let mut facts = vec![("Endpoint", Fact::Set(endpoint))];
    let Ok(spec) = ModelApiSpec::deserialize(&api["spec"]) else {
        return facts;
    };
    let mode = match spec.mode {
        Mode::Proxy => "Proxy: requests go to a provider",
        Mode::Hosted => "Hosted: the model runs here",
    };
    facts.push(("Mode", Fact::Set(mode.to_owned())));
    if let Some(proxy) = spec.proxy_config {
        let key = match (proxy.key_source(), &proxy.api_key) {
            (Some(source), _) => source_words(&source),
            (None, Some(_)) => "written in the resource, hidden here".to_owned(),
            (None, None) => "none".to_owned(),
        };
        facts.extend([
            (
                "Provider",
                Fact::of(proxy.provider, "from the model's prefix"),
            ),
            ("API base", Fact::of(proxy.api_base, "the provider's own")),
            ("API key", Fact::Set(key)),
        ]);
    }
    if let Some(hosted) = spec.hosted_config {
        facts.push(("Hosted model", Fact::Set(hosted.model)));
    }
    facts
}

fn source_words(source: &ValueSource) -> String {
    let of = |what: &str, key: &api::resources::KeyRef| {
        format!("key {} of {what} {}", key.key, key.name)
    };
    match (&source.secret_key_ref, &source.config_map_key_ref) {
        (Some(key), _) => of("secret", key),
        (None, Some(key)) => of("config map", key),
        (None, None) => "none".to_owned(),
    }
}
