//! What a page's URL says, and what the request that asks for it carries.

use http::{StatusCode, request::Parts};
use jiff::Timestamp;
use leptos::prelude::*;

use crate::{
    kinds::ALL_NAMESPACES,
    site::{Ports, Visitor},
    url,
};

/// The query parameter `name`, when it is there and not empty.
pub(crate) fn query_param(name: &str) -> Option<String> {
    let mut pairs = query().into_iter();
    let found = pairs.find(|(key, _)| key == name);
    found
        .map(|(_, value)| value)
        .filter(|value| !value.is_empty())
}

/// All names and values of the query.
pub(crate) fn query() -> Vec<(String, String)> {
    let request = expect_context::<Parts>();
    request.uri.query().map(url::pairs).unwrap_or_default()
}

/// The namespace of the URL; on pages without one, the namespace visited last.
pub(crate) fn namespace() -> String {
    let request = expect_context::<Parts>();
    let named = request.uri.path().strip_prefix("/ns/");
    match named.and_then(|rest| rest.split('/').next()) {
        Some(named) if !named.is_empty() => named.to_owned(),
        _ => visitor().namespace.unwrap_or_else(|| "default".to_owned()),
    }
}

/// The condition that a query has of it; none for all namespaces.
pub(crate) fn namespace_filter(namespace: &str) -> Option<String> {
    (namespace != ALL_NAMESPACES).then(|| namespace.to_owned())
}

/// Everything the dashboard reads from.
pub(crate) fn ports() -> Ports {
    expect_context()
}

/// Who asks, as far as cookies tell.
pub(crate) fn visitor() -> Visitor {
    expect_context()
}

/// The time the page is drawn at.
pub(crate) fn now() -> Timestamp {
    ports().clock.now()
}

/// The same, in nanoseconds since the epoch.
pub(crate) fn now_ns() -> u64 {
    u64::try_from(now().as_nanosecond()).unwrap_or_default()
}

pub(crate) const HOUR_NS: u64 = 3_600 * 1_000_000_000;
pub(crate) const DAY_NS: u64 = 24 * HOUR_NS;

/// Answers the request with another status than 200.
pub(crate) fn set_status(status: StatusCode) {
    if let Some(options) = use_context::<leptos_axum::ResponseOptions>() {
        options.set_status(status);
    }
}
