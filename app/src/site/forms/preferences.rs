//! Changes how pages look and answer.

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderValue, header};

use super::{Fields, own_path};
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
