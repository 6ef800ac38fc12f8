//! The providers we know by name: where each speaks OpenAI's protocol, and what is its own about it.

/// Name of the scripted model; see [`super::mock`].
pub const MOCK: &str = "mock";
/// Name of the one whose customers have addresses of their own.
pub(super) const AZURE: &str = "azure";
/// Name of the one that serves models on this machine.
pub(super) const OLLAMA: &str = "ollama";

/// Someone who serves models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provider {
    /// What a `ModelAPI` calls it.
    pub name: &'static str,
    /// Its OpenAI-compatible endpoint, up to and with the version; `None` where every customer has
    /// an own one, or there is none.
    pub base_url: Option<&'static str>,
    /// The environment variable that customarily holds its key; `None` where none is needed.
    pub key_variable: Option<&'static str>,
    /// The header that carries the key.
    pub key_header: KeyHeader,
    /// How a stream comes to tell what it used.
    pub stream_usage: StreamUsage,
}

/// The header that carries a provider's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyHeader {
    /// `Authorization: Bearer …`
    Bearer,
    /// `api-key: …`
    ApiKey,
    /// `Authorization: Bearer …`, but `x-api-key: …` where it lists its models: only its chat
    /// endpoint is OpenAI's.
    Anthropic,
}

/// How a stream comes to tell what it used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamUsage {
    /// When the request has `stream_options.include_usage`.
    WhenAsked,
    /// Always, and a request with `stream_options` is refused.
    Always,
}

/// Every provider known by name.
pub const PROVIDERS: &[Provider] = &[
    remote("openai", "https://api.openai.com/v1", "OPENAI_API_KEY"),
    Provider {
        key_header: KeyHeader::Anthropic,
        ..remote(
            "anthropic",
            "https://api.anthropic.com/v1",
            "ANTHROPIC_API_KEY",
        )
    },
    remote(
        "gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "GEMINI_API_KEY",
    ),
    remote(
        "nebius",
        "https://api.tokenfactory.nebius.com/v1",
        "NEBIUS_API_KEY",
    ),
    Provider {
        stream_usage: StreamUsage::Always,
        ..remote("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY")
    },
    remote("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    remote(
        "together",
        "https://api.together.xyz/v1",
        "TOGETHER_API_KEY",
    ),
    remote(
        "openrouter",
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
    ),
    remote(
        "deepseek",
        "https://api.deepseek.com/v1",
        "DEEPSEEK_API_KEY",
    ),
    remote("xai", "https://api.x.ai/v1", "XAI_API_KEY"),
    remote(
        "fireworks",
        "https://api.fireworks.ai/inference/v1",
        "FIREWORKS_API_KEY",
    ),
    local(OLLAMA, Some("http://127.0.0.1:11434/v1")),
    local("vllm", Some("http://127.0.0.1:8000/v1")),
    Provider {
        base_url: None,
        key_header: KeyHeader::ApiKey,
        ..remote(AZURE, "", "AZURE_API_KEY")
    },
    local(MOCK, None),
];

/// The provider called `name`.
pub fn provider(name: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.name == name)
}

const fn remote(
    name: &'static str,
    base_url: &'static str,
    key_variable: &'static str,
) -> Provider {
    Provider {
        name,
        base_url: Some(base_url),
        key_variable: Some(key_variable),
        key_header: KeyHeader::Bearer,
        stream_usage: StreamUsage::WhenAsked,
    }
}

const fn local(name: &'static str, base_url: Option<&'static str>) -> Provider {
    Provider {
        name,
        base_url,
        key_variable: None,
        key_header: KeyHeader::Bearer,
        stream_usage: StreamUsage::WhenAsked,
    }
}
