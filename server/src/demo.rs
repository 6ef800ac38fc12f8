//! `--demo`: the research team, with a real provider when its key is in the environment, and with
//! the scripted mock model otherwise.
//!
//! Objects that exist already keep what the user made of them; only provider and model follow the
//! environment.

use anyhow::Context;
use api::plan::Secret;
use k8s_openapi::api::core::v1;
use kube::{
    Api, Client, Discovery,
    api::{DynamicObject, ObjectMeta, Patch, PatchParams},
};
use serde_json::{Value, json};

use crate::apply;

const EXAMPLE: &str = include_str!("../../examples/research-team.yaml");
const NAMESPACE: &str = "kaos-hierarchy";
const SECRET: &str = "llm-api-key";
const SECRET_KEY: &str = "api-key";
const FIELD_MANAGER: &str = "kaos-demo";

/// The models the example asks, per provider. The mock answers to any name.
const MODELS: [(&str, &str); 10] = [
    ("openai", "openai/gpt-4o"),
    ("anthropic", "anthropic/claude-sonnet-4-5"),
    ("gemini", "gemini/gemini-2.5-flash"),
    ("nebius", "nebius/meta-llama/Llama-3.3-70B-Instruct"),
    ("mistral", "mistral/mistral-large-latest"),
    ("groq", "groq/llama-3.3-70b-versatile"),
    (
        "together",
        "together/meta-llama/Llama-3.3-70B-Instruct-Turbo",
    ),
    ("openrouter", "openrouter/openai/gpt-4o"),
    ("deepseek", "deepseek/deepseek-chat"),
    ("xai", "xai/grok-4"),
];

/// Which model the demo asks.
#[derive(Debug)]
pub(crate) struct DemoModel {
    provider: &'static str,
    model: &'static str,
    key: Option<Secret>,
}

impl DemoModel {
    /// The provider whose key was found, if the example has a model for it; the mock otherwise.
    pub(crate) fn choose(found: Option<(&'static str, Secret)>) -> Self {
        let known = found.and_then(|(provider, key)| {
            let (_, model) = MODELS.into_iter().find(|(name, _)| *name == provider)?;
            Some(Self {
                provider,
                model,
                key: Some(key),
            })
        });
        known.unwrap_or(Self {
            provider: "mock",
            model: "openai/gpt-4o",
            key: None,
        })
    }

    /// What the dashboard says plainly.
    pub(crate) fn notice(&self) -> Option<String> {
        self.key.is_none().then(|| {
            "Mock model: answers are scripted. For a real one, set OPENAI_API_KEY, ANTHROPIC_API_KEY or \
             NEBIUS_API_KEY and start again."
                .to_owned()
        })
    }
}

/// Makes sure that the example is there and asks `model`.
pub(crate) async fn apply(client: &Client, model: DemoModel) -> anyhow::Result<()> {
    let objects = apply::parse(EXAMPLE)?;
    let discovery = Discovery::new(client.clone())
        .run()
        .await
        .context("failed to ask for kinds")?;
    for mut object in objects {
        let Some(name) = object.metadata.name.clone() else {
            continue;
        };
        let api = apply::api_of(client, &discovery, &object)?;
        let spec = follow_model(&mut object, &model);
        if api.get_opt(&name).await?.is_none() {
            api.create(&kube::api::PostParams::default(), &object)
                .await
                .with_context(|| format!("failed to create {name}"))?;
        } else if let Some(spec) = spec {
            let patch = Patch::Merge(json!({"spec": spec}));
            api.patch(&name, &PatchParams::apply(FIELD_MANAGER), &patch)
                .await
                .with_context(|| format!("failed to update {name}"))?;
        }
    }
    match model.key {
        Some(key) => store_key(client, &key).await,
        None => Ok(()),
    }
}

/// Sets provider or model in the object; returns what it set.
fn follow_model(object: &mut DynamicObject, model: &DemoModel) -> Option<Value> {
    let (pointer, value, patch) = match object.types.as_ref()?.kind.as_str() {
        "ModelAPI" => (
            "/spec/proxyConfig/provider",
            model.provider,
            json!({"proxyConfig": {"provider": model.provider}}),
        ),
        "Agent" => ("/spec/model", model.model, json!({"model": model.model})),
        _ => return None,
    };
    *object.data.pointer_mut(pointer)? = value.into();
    Some(patch)
}

async fn store_key(client: &Client, key: &Secret) -> anyhow::Result<()> {
    let secret = v1::Secret {
        metadata: ObjectMeta {
            name: Some(SECRET.to_owned()),
            namespace: Some(NAMESPACE.to_owned()),
            ..ObjectMeta::default()
        },
        string_data: Some([(SECRET_KEY.to_owned(), key.expose().to_owned())].into()),
        ..v1::Secret::default()
    };
    let secrets: Api<v1::Secret> = Api::namespaced(client.clone(), NAMESPACE);
    let params = PatchParams::apply(FIELD_MANAGER).force();
    secrets
        .patch(SECRET, &params, &Patch::Apply(&secret))
        .await
        .with_context(|| format!("failed to store the provider's key in Secret {SECRET}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_key_the_mock_answers_and_says_so() {
        let model = DemoModel::choose(None);
        assert_eq!(model.provider, "mock");
        assert!(
            model
                .notice()
                .is_some_and(|notice| notice.starts_with("Mock model"))
        );
    }

    #[test]
    fn with_a_key_provider_and_model_follow_it() {
        let model = DemoModel::choose(Some(("nebius", Secret::new("k"))));
        assert!(model.notice().is_none());
        let mut objects = apply::parse(EXAMPLE).unwrap();
        let set: Vec<_> = objects
            .iter_mut()
            .filter_map(|object| follow_model(object, &model))
            .collect();
        assert_eq!(set.len(), 4, "one ModelAPI and three agents");
        assert_eq!(set[0], json!({"proxyConfig": {"provider": "nebius"}}));
        assert!(
            set[1]["model"]
                .as_str()
                .is_some_and(|model| model.starts_with("nebius/"))
        );
    }
}
