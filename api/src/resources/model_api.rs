//! `ModelAPI`: where models are reached, and with which key.

use serde::{Deserialize, Serialize};

use super::{
    Condition, Container, GatewayRoute, KeyRef, Phase, Telemetry, UsageLimits, ValueSource,
};

/// What a user asks of a model API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", derive(kube::CustomResource, schemars::JsonSchema))]
#[cfg_attr(
    feature = "crd",
    kube(
        group = "kaos.tools",
        version = "v1alpha1",
        kind = "ModelAPI",
        plural = "modelapis",
        namespaced,
        status = "ModelApiStatus",
        derive = "PartialEq",
        shortname = "api",
        shortname = "apis",
        printcolumn = r#"{"name":"Mode","type":"string","jsonPath":".spec.mode"}"#,
        printcolumn = r#"{"name":"Ready","type":"boolean","jsonPath":".status.ready"}"#,
        printcolumn = r#"{"name":"Phase","type":"string","jsonPath":".status.phase"}"#,
        printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.phase"}"#,
        printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
    )
)]
pub struct ModelApiSpec {
    /// Whether requests go to a provider or to a model we host.
    pub mode: Mode,
    /// The provider, when the mode is `Proxy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_config: Option<ProxyConfig>,
    /// The model, when the mode is `Hosted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosted_config: Option<HostedConfig>,
    /// How much all its users together may ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<UsageLimits>,
    /// Its route on the cluster's gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_route: Option<GatewayRoute>,
    /// Where its telemetry goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<Telemetry>,
    /// Changes to its container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<Container>,
    /// Strategic merge patch for its pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(schema_with = "super::preserved_object"))]
    pub pod_spec: Option<serde_json::Value>,
}

impl ModelApiSpec {
    /// A spec that says no more than its mode.
    pub fn of(mode: Mode) -> Self {
        Self {
            mode,
            proxy_config: None,
            hosted_config: None,
            limits: None,
            gateway_route: None,
            telemetry: None,
            container: None,
            pod_spec: None,
        }
    }

    /// Every place it takes a value from.
    pub fn sources(&self) -> Vec<ValueSource> {
        let proxy = self.proxy_config.as_ref();
        let yaml = proxy.and_then(|proxy| proxy.config_yaml.as_ref()?.from_secret_key_ref.clone());
        let variables = self.container.iter().flat_map(|container| &container.env);
        proxy
            .and_then(ProxyConfig::key_source)
            .into_iter()
            .chain(yaml.map(ValueSource::secret))
            .chain(variables.filter_map(|variable| variable.value_from.clone()))
            .collect()
    }
}

/// Whether requests go to a provider or to a model we host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub enum Mode {
    /// To a provider.
    Proxy,
    /// To a model we host.
    Hosted,
}

/// A provider, its key, and the models it may be asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub struct ProxyConfig {
    /// Allowed models: `*`, an exact name, or `prefix/*`.
    #[cfg_attr(feature = "crd", schemars(length(min = 1)))]
    pub models: Vec<String>,
    /// Name of the provider, such as `openai`, `nebius` or `mock`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Base URL that replaces the provider's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_base: Option<String>,
    /// Version of the provider's API, such as `2024-10-21`; Azure has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// The key, or where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<ApiKey>,
    /// The Secret the key comes from; the same as `apiKey.valueFrom.secretKeyRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_secret_ref: Option<KeyRef>,
    /// A whole `LiteLLM` configuration, instead of the fields above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_yaml: Option<ConfigYaml>,
}

impl ProxyConfig {
    /// Where the key comes from, by whichever of the two fields says it; `None` when it is written
    /// in the spec, or there is none.
    pub fn key_source(&self) -> Option<ValueSource> {
        match &self.api_key_secret_ref {
            Some(secret) => Some(ValueSource::secret(secret.clone())),
            None => self.api_key.as_ref()?.value_from.clone(),
        }
    }
}

/// A key, or where it comes from.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub struct ApiKey {
    /// The key itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Where it comes from instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_from: Option<ValueSource>,
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKey")
            .field("value", &self.value.as_ref().map(|_| "••••"))
            .field("value_from", &self.value_from)
            .finish()
    }
}

/// A whole `LiteLLM` configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub struct ConfigYaml {
    /// The configuration itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_string: Option<String>,
    /// The Secret that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_secret_key_ref: Option<KeyRef>,
}

/// A model we host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub struct HostedConfig {
    /// Name of the model, as Ollama knows it.
    pub model: String,
}

/// What became of a model API.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub struct ModelApiStatus {
    /// How far it has come.
    pub phase: Phase,
    /// Whether it answers.
    pub ready: bool,
    /// Base URL of its endpoints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Why it is in this phase, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The details behind `phase`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The generation this was computed from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}
