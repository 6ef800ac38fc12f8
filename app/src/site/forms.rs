//! What forms post. Each ends in a redirect, or in its own page again with what is wrong.

pub(crate) mod alert;
pub(crate) mod bulk;
pub(super) mod chat;
pub(crate) mod delete;
pub(super) mod exception;
pub(crate) mod import;
pub(super) mod memory;
pub(crate) mod model;
pub(crate) mod namespace;
pub(super) mod preferences;
pub(crate) mod prices;
pub(crate) mod replay;
pub(crate) mod resource;
pub(super) mod search;
pub(crate) mod secret;
pub(crate) mod tool;
pub(crate) mod yaml;

use axum::{
    Form,
    extract::{FromRequest, Request},
    response::{IntoResponse, Redirect, Response},
};
use http::{StatusCode, header, request::Parts};

use super::{CsrfToken, Failure, Flash, Ports, render_again};
use crate::components::instead::Why;

/// The fields of a posted form, in their order; a name may come more than once.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        values.next().map(|(_, value)| value.as_str())
    }

    fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().trim().to_owned()
    }

    fn all(&self, name: &str) -> Vec<String> {
        let values = self.0.iter().filter(|(key, _)| key == name);
        values.map(|(_, value)| value.clone()).collect()
    }
}

/// The answer to a path of a kind that is not there.
fn no_such_kind() -> Response {
    (StatusCode::NOT_FOUND, "there is no such kind\n").into_response()
}

/// Leads to the next page, which says what was done.
fn done(path: &str, flash: &Flash) -> Response {
    let mut response = Redirect::to(path).into_response();
    if let Some(cookie) = flash.set_cookie() {
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

/// Says to a page that what was posted to it came to nothing, and why.
#[derive(Clone)]
pub(crate) enum Refused {
    /// It was drawn for another browser.
    Token,
    /// Something behind it failed.
    Failure(Why),
}

/// The page that says what failed.
async fn failed(ports: Ports, head: Parts, failure: Failure) -> Response {
    let status = failure.status();
    let why = failure.why("The result");
    render_again(ports, head, status, Refused::Failure(why)).await
}

/// A form that was posted by the browser it was drawn for. Another one is answered with its own page.
pub(crate) struct Sent {
    /// What is left describes a request without a body.
    head: Parts,
    fields: Fields,
}

impl FromRequest<Ports> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, ports: &Ports) -> Result<Self, Response> {
        let (mut head, body) = request.into_parts();
        let request = Request::from_parts(head.clone(), body);
        let Form(fields) = Form::<Vec<(String, String)>>::from_request(request, &())
            .await
            .map_err(IntoResponse::into_response)?;
        let fields = Fields(fields);
        head.headers.remove(header::CONTENT_LENGTH);
        if CsrfToken::of(&head.headers).is_sent_by(fields.get(CsrfToken::FIELD)) {
            Ok(Self { head, fields })
        } else {
            Err(render_again(ports.clone(), head, StatusCode::FORBIDDEN, Refused::Token).await)
        }
    }
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
