//! The key that a provider knows its customer by.

use api::plan::Secret;
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use percent_encoding::percent_decode_str;
use reqwest::Url;

use crate::gateway::provider::KeyHeader;

/// A key, and how it is sent.
pub(super) struct Key {
    header: KeyHeader,
    bearer: HeaderValue,
    bare: HeaderValue,
    /// To be hidden in what the provider says.
    secret: Secret,
}

impl Key {
    /// `None` when it has characters that no header may have.
    pub(super) fn new(secret: Secret, header: KeyHeader) -> Option<Self> {
        let text = secret.expose().trim();
        let sensitive = |text: &str| {
            let mut value = HeaderValue::from_str(text).ok()?;
            value.set_sensitive(true);
            Some(value)
        };
        Some(Self {
            header,
            bearer: sensitive(&format!("Bearer {text}"))?,
            bare: sensitive(text)?,
            secret,
        })
    }

    /// The login that a URL may have in it; it has none afterwards.
    pub(super) fn in_url(url: &mut Url) -> Option<Self> {
        if url.username().is_empty() && url.password().is_none() {
            return None;
        }
        let decoded = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
        let mut login = decoded(url.username());
        let password = decoded(url.password().unwrap_or_default());
        login.push(b':');
        login.extend(&password);
        // Fails only for URLs that have no host.
        url.set_username("").ok();
        url.set_password(None).ok();
        let login = BASE64_STANDARD.encode(login);
        let mut value = HeaderValue::from_str(&format!("Basic {login}")).ok()?;
        value.set_sensitive(true);
        Some(Self {
            header: KeyHeader::Bearer,
            bearer: value.clone(),
            bare: value,
            secret: Secret::new(String::from_utf8_lossy(&password)),
        })
    }

    /// How a question carries it.
    pub(super) fn for_questions(&self) -> (HeaderName, &HeaderValue) {
        match self.header {
            KeyHeader::Bearer | KeyHeader::Anthropic => (AUTHORIZATION, &self.bearer),
            KeyHeader::ApiKey => (HeaderName::from_static("api-key"), &self.bare),
        }
    }

    /// What a request for a list carries.
    pub(super) fn for_lists(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self.header == KeyHeader::Anthropic {
            headers.insert("x-api-key", self.bare.clone());
            headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
        } else {
            let (name, value) = self.for_questions();
            headers.insert(name, value.clone());
        }
        headers
    }

    /// `text` without it.
    pub(super) fn hide_in(&self, text: &str) -> String {
        self.secret.hide_in(text)
    }
}
