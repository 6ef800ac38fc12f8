//! The one way a page waits for what it shows.

use leptos::prelude::*;

use crate::{components::error_panel::ErrorPanel, site::Failure};

/// Waits for `data`, then draws it; or says what failed, in its place.
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
            Err(failure) => view! { <ErrorPanel what message=failure.to_string() /> }.into_any(),
        }
    })
}
