//! Changes how pages look and answer.

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderValue, header};

use super::Fields;
use crate::site::{
    Ports,
    cookies::{Reach, set_cookie},
    preferences::{Density, Navigation, Preference, Shortcuts, Theme},
};

pub(in crate::site) async fn post(State(ports): State<Ports>, request: Request) -> Response {
    let fields = match super::read(&ports, request).await {
        Ok((_, fields)) => fields,
        Err(response) => return response,
    };
    let mut response = Redirect::to(own_path(&fields.text("back"))).into_response();
    let chosen = [
        chosen::<Theme>(&fields),
        chosen::<Density>(&fields),
        chosen::<Navigation>(&fields),
        chosen::<Shortcuts>(&fields),
    ];
    for cookie in chosen.into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The cookie of one preference, when the form has it.
fn chosen<P: Preference>(fields: &Fields) -> Option<HeaderValue> {
    let choice = P::parse(fields.get(P::COOKIE)?);
    set_cookie(P::COOKIE, choice.as_str(), Reach::Preference)
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
