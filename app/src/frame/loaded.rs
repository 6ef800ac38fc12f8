//! The one way a page waits for what it shows.

use http::StatusCode;
use leptos::prelude::*;

use crate::{
    components::instead::{Instead, Why},
    pages::params::set_status,
    site::Failure,
};

/// Waits for `data`, then draws it; or says in its place what failed, with the status of that.
///
/// Pages are sent when they are complete, so there is no loading state to draw.
pub(crate) fn loaded<T, V>(
    what: &'static str,
    data: impl Future<Output = Result<T, Failure>> + Send + 'static,
    draw: impl FnOnce(T) -> V + Send + 'static,
) -> impl IntoView
where
    T: Send + 'static,
    V: IntoView + 'static,
{
    Suspend::new(async move {
        match data.await {
            Ok(data) => draw(data).into_any(),
            Err(failure) => failed(what, &failure),
        }
    })
}

/// Says what failed, in the place of what was asked for.
pub(crate) fn failed(what: &'static str, failure: &Failure) -> AnyView {
    let why = failure.why(what);
    set_status(match why {
        Why::Denied { .. } => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_GATEWAY,
    });
    view! { <Instead why /> }.into_any()
}
