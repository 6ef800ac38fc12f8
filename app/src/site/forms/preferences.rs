//! Changes how pages look and answer.

use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderValue, header};

use super::{Fields, Sent, own_path};
use crate::site::{
    cookies::{Reach, set_cookie},
    preferences::{Density, Navigation, Preference, Shortcuts, Theme},
};

pub(in crate::site) async fn post(Sent { fields, .. }: Sent) -> Response {
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
