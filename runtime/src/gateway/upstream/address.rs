//! Where a provider is asked, and how its URLs are made.

use api::plan::{ProviderPlan, ResourceId, Secret};
use http::{Uri, uri::InvalidUri};
use reqwest::Url;

use super::{Endpoint, Upstream, key::Key};
use crate::gateway::{
    GatewayError,
    provider::{AZURE, KeyHeader, StreamUsage, provider},
};

/// The version of Azure's API that is asked where the `ModelAPI` names none.
const AZURE_VERSION: &str = "2024-10-21";

/// How a provider's URLs are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// The path follows the base URL.
    OpenAi,
    /// Each model has a URL of its own, and each URL a version.
    Azure { version: String },
}

impl Upstream {
    /// The provider that a plan names; or why it cannot be asked, for people.
    pub(in crate::gateway) fn of(id: &ResourceId, plan: &ProviderPlan) -> Result<Self, String> {
        let known = provider(&plan.provider);
        let base = plan.api_base.as_deref();
        let base = base.or(known.and_then(|known| known.base_url));
        let Some(base) = base else {
            return Err(format!(
                "where its provider \"{}\" is, is not known; set proxyConfig.apiBase to its \
                 OpenAI-compatible base URL",
                plan.provider
            ));
        };
        let base = parse(base)?;
        let header = known.map_or(KeyHeader::Bearer, |known| known.key_header);
        let is_versioned = plan.provider == AZURE && !base.path().contains("/openai/v1");
        let dialect = if is_versioned {
            let version = plan.api_version.as_deref().unwrap_or(AZURE_VERSION);
            Dialect::Azure {
                version: version.to_owned(),
            }
        } else {
            Dialect::OpenAi
        };
        let upstream = Self::at(id, base, plan.api_key.clone().map(|key| (key, header)))?;
        Ok(Self {
            chat: upstream.chat.filter(|_| dialect == Dialect::OpenAi),
            dialect,
            stream_usage: known.map_or(StreamUsage::WhenAsked, |known| known.stream_usage),
            ..upstream
        })
    }

    /// Whoever speaks OpenAI's protocol at `base`.
    pub(in crate::gateway) fn at(
        id: &ResourceId,
        mut base: Url,
        key: Option<(Secret, KeyHeader)>,
    ) -> Result<Self, String> {
        let login = Key::in_url(&mut base);
        let key = match key {
            Some((secret, header)) => Some(Key::new(secret, header).ok_or(
                "its API key has characters that no header may have; check it for line breaks",
            )?),
            None => login,
        };
        let host = base.host_str().unwrap_or_default();
        let host = match base.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let upstream = Self {
            id: id.clone(),
            base,
            host,
            chat: None,
            dialect: Dialect::OpenAi,
            key,
            stream_usage: StreamUsage::WhenAsked,
        };
        Ok(Self {
            chat: upstream
                .url(Endpoint::Chat.path(), "")
                .as_str()
                .parse()
                .ok(),
            ..upstream
        })
    }

    /// Where a question is asked.
    pub(super) fn uri(&self, endpoint: Endpoint, model: &str) -> Result<Uri, GatewayError> {
        match (&self.chat, endpoint) {
            (Some(chat), Endpoint::Chat) => Ok(chat.clone()),
            (None, _) | (_, Endpoint::Embeddings) => {
                let uri = self.url(endpoint.path(), model).as_str().parse();
                uri.map_err(|error: InvalidUri| self.unreachable(&error))
            }
        }
    }

    /// The URL of an endpoint.
    pub(super) fn url(&self, path: &[&str], model: &str) -> Url {
        let mut url = self.base.clone();
        let has_version = self.base.path() != "/";
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            match &self.dialect {
                // Nobody serves it at the root.
                Dialect::OpenAi if !has_version => {
                    segments.push("v1");
                }
                Dialect::Azure { .. } if self.base.path().contains("/deployments/") => {}
                Dialect::Azure { .. } if model.is_empty() => {
                    segments.push("openai");
                }
                Dialect::Azure { .. } => {
                    segments.extend(["openai", "deployments", model]);
                }
                Dialect::OpenAi => {}
            }
            segments.extend(path);
        }
        if let Dialect::Azure { version } = &self.dialect {
            url.query_pairs_mut().append_pair("api-version", version);
        }
        url
    }
}

/// A base URL of HTTP; or what is wrong with it.
pub(in crate::gateway) fn parse(base: &str) -> Result<Url, String> {
    let wrong = || {
        // It may have a password in it.
        let shown = base.rsplit('@').next().unwrap_or_default();
        format!("\"{shown}\" is no base URL; give it as https://host/v1")
    };
    let url = Url::parse(base.trim()).map_err(|_| wrong())?;
    if ["http", "https"].contains(&url.scheme()) && url.has_host() {
        Ok(url)
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use http::header::AUTHORIZATION;

    use super::*;

    fn upstream(provider: &str, base: Option<&str>, version: Option<&str>) -> Upstream {
        let plan = ProviderPlan {
            provider: provider.to_owned(),
            api_base: base.map(str::to_owned),
            api_version: version.map(str::to_owned),
            api_key: None,
        };
        Upstream::of(&ResourceId::new("team", "llm"), &plan).unwrap_or_else(|why| panic!("{why}"))
    }

    fn chat(provider: &str, base: Option<&str>, version: Option<&str>) -> String {
        let path = ["chat", "completions"];
        upstream(provider, base, version)
            .url(&path, "gpt-4o")
            .into()
    }

    #[test]
    fn each_providers_chat_is_where_its_documentation_says() {
        for (provider, url) in [
            ("openai", "https://api.openai.com/v1"),
            ("anthropic", "https://api.anthropic.com/v1"),
            (
                "gemini",
                "https://generativelanguage.googleapis.com/v1beta/openai",
            ),
            ("nebius", "https://api.tokenfactory.nebius.com/v1"),
            ("mistral", "https://api.mistral.ai/v1"),
            ("groq", "https://api.groq.com/openai/v1"),
            ("together", "https://api.together.xyz/v1"),
            ("openrouter", "https://openrouter.ai/api/v1"),
            ("deepseek", "https://api.deepseek.com/v1"),
            ("xai", "https://api.x.ai/v1"),
            ("fireworks", "https://api.fireworks.ai/inference/v1"),
            ("ollama", "http://127.0.0.1:11434/v1"),
            ("vllm", "http://127.0.0.1:8000/v1"),
        ] {
            assert_eq!(
                chat(provider, None, None),
                format!("{url}/chat/completions")
            );
        }
    }

    #[test]
    fn a_base_url_replaces_the_providers_and_may_leave_the_version_out() {
        for base in [
            "http://h:1",
            "http://h:1/",
            "http://h:1/v1",
            "http://h:1/v1/",
        ] {
            let url = chat("openai", Some(base), None);
            assert_eq!(url, "http://h:1/v1/chat/completions");
        }
        let url = chat("house", Some("http://h/api/v3"), None);
        assert_eq!(url, "http://h/api/v3/chat/completions");
    }

    #[test]
    fn azure_has_a_url_for_each_deployment_and_version() {
        let base = Some("https://r.openai.azure.com");
        let expected = "https://r.openai.azure.com/openai/deployments/gpt-4o/chat/completions";
        assert_eq!(
            chat("azure", base, None),
            format!("{expected}?api-version=2024-10-21")
        );
        assert_eq!(
            chat("azure", base, Some("2025-01-01")),
            format!("{expected}?api-version=2025-01-01")
        );
        let deployment = Some("https://r.openai.azure.com/openai/deployments/mine");
        assert!(chat("azure", deployment, None).contains("/deployments/mine/chat/completions?"));
        let newest = Some("https://r.openai.azure.com/openai/v1");
        let url = chat("azure", newest, None);
        assert_eq!(url, "https://r.openai.azure.com/openai/v1/chat/completions");
        let hostile = upstream("azure", base, None).url(&["embeddings"], "../../admin?x");
        assert!(hostile.path().contains("..%2F..%2Fadmin%3Fx"), "{hostile}");
    }

    #[test]
    fn what_cannot_be_asked_says_why_without_its_password() {
        let reason = |provider: &str, base: Option<&str>, key: Option<&str>| {
            let plan = ProviderPlan {
                provider: provider.to_owned(),
                api_base: base.map(str::to_owned),
                api_version: None,
                api_key: key.map(Secret::new),
            };
            let refused = Upstream::of(&ResourceId::new("team", "llm"), &plan).err();
            refused.unwrap_or_else(|| panic!("{provider} is asked"))
        };
        assert!(reason("azure", None, None).contains("apiBase"));
        for wrong in ["localhost:1", "ftp://h/v1", "h/v1", "http://"] {
            assert!(
                reason("openai", Some(wrong), None).contains("no base URL"),
                "{wrong}"
            );
        }
        assert!(!reason("openai", Some("me:secret@h"), None).contains("secret"));
        assert!(reason("openai", None, Some("sk\nx")).contains("line breaks"));
    }

    #[test]
    fn a_login_in_the_base_url_is_sent_as_one_and_stays_in_no_url() {
        let upstream = upstream("openai", Some("http://me:p%40ss@h:1/v1"), None);
        let key = upstream.key.as_ref().unwrap();
        let (name, value) = key.for_questions();
        assert_eq!(name, AUTHORIZATION);
        assert_eq!(value, "Basic bWU6cEBzcw==");
        let uri = upstream.uri(Endpoint::Chat, "m").unwrap();
        assert_eq!(uri, "http://h:1/v1/chat/completions");
        assert_eq!(upstream.without_key(b"p@ss is wrong"), "•••• is wrong");
    }
}
