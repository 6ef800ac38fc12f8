//! What a page's URL says, and what the request that asks for it carries.

use http::{StatusCode, request::Parts};
use jiff::Timestamp;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::site::{Ports, Visitor};

/// The part `name` of the path; empty when the route has none.
pub(crate) fn path_param(name: &str) -> String {
    use_params_map().with_untracked(|params| params.get_str(name).unwrap_or_default().to_owned())
}

/// The query parameter `name`, when it is there and not empty.
pub(crate) fn query_param(name: &str) -> Option<String> {
    use_query_map().with_untracked(|query| {
        query
            .get_str(name)
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
    })
}

/// The namespace of the URL; on pages without one, the namespace visited last.
///
/// Read from the request, because a page that no route leads to has no parameters.
pub(crate) fn namespace() -> String {
    let request = expect_context::<Parts>();
    let named = request.uri.path().strip_prefix("/ns/");
    match named.and_then(|rest| rest.split('/').next()) {
        Some(named) if !named.is_empty() => named.to_owned(),
        _ => visitor().namespace.unwrap_or_else(|| "default".to_owned()),
    }
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

/// Answers the request with another status than 200.
pub(crate) fn set_status(status: StatusCode) {
    if let Some(options) = use_context::<leptos_axum::ResponseOptions>() {
        options.set_status(status);
    }
}
