//! Changes the theme.

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Redirect, Response},
};
use http::header;

use crate::site::{
    Ports, Theme,
    cookies::{Reach, set_cookie},
};

pub(in crate::site) async fn post(State(ports): State<Ports>, request: Request) -> Response {
    let fields = match super::read(&ports, request).await {
        Ok((_, fields)) => fields,
        Err(response) => return response,
    };
    let theme = Theme::parse(&fields.text("theme"));
    let mut response = Redirect::to(own_path(&fields.text("back"))).into_response();
    if let Some(cookie) = set_cookie(Theme::COOKIE, theme.as_str(), Reach::Preference) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The path, unless it leads to another site.
fn own_path(path: &str) -> &str {
    let is_own = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains(|c: char| c == '\\' || c.is_control());
    if is_own { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_never_leads_to_another_site() {
        assert_eq!(own_path("/ns/a?x=1"), "/ns/a?x=1");
        for path in ["https://evil", "//evil", "/\\evil", "", "/a\r\nb"] {
            assert_eq!(own_path(path), "/", "{path:?}");
        }
    }
}
