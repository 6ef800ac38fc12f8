//! What forms post. Each ends in a redirect, or in its own page again with what is wrong.

pub(crate) mod agent;
pub(super) mod delete;
pub(super) mod theme;

use axum::{
    Form,
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use http::{StatusCode, header, request::Parts};

use super::{CsrfToken, Ports, render_again};

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

/// Says to a page that the form posted to it was refused.
#[derive(Clone, Copy)]
pub(crate) struct Refused;

/// Reads a form, unless it was drawn for another browser.
async fn read(ports: &Ports, request: Request) -> Result<(Parts, Fields), Response> {
    let (mut head, body) = request.into_parts();
    let request = Request::from_parts(head.clone(), body);
    let Form(fields) = Form::<Vec<(String, String)>>::from_request(request, &())
        .await
        .map_err(IntoResponse::into_response)?;
    let fields = Fields(fields);
    // What is left describes a request without a body.
    head.headers.remove(header::CONTENT_LENGTH);
    if CsrfToken::of(&head.headers).is_sent_by(fields.get(CsrfToken::FIELD)) {
        Ok((head, fields))
    } else {
        Err(render_again(ports.clone(), head, StatusCode::FORBIDDEN, Refused).await)
    }
}
