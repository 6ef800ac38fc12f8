//! Keeps other web sites out: a page of another origin cannot use the visitor's browser against us.
//!
//! Two doors are shut. A foreign name that resolves to this machine (DNS rebinding) fails the check
//! of `Host`; a foreign page that posts to us fails the check of where the request comes from.
//! Programs such as curl send no origin and are let through.

use std::net::SocketAddr;

use axum::{
    Json,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, StatusCode, Uri, header, uri::Authority};
use serde_json::json;

/// What the server answers to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guard {
    addr: SocketAddr,
}

impl Guard {
    /// A server that listens on `addr`.
    pub(crate) fn new(addr: SocketAddr) -> Self {
        Self { addr }
    }

    fn is_our_name(self, authority: &Authority) -> bool {
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        let is_loopback = host.eq_ignore_ascii_case("localhost")
            || host
                .parse()
                .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        is_loopback || host == self.addr.ip().to_string()
    }

    fn objection(self, request: &Request) -> Option<&'static str> {
        let host = match authority(request) {
            Ok(Some(host)) if self.is_our_name(&host) => host,
            // Every browser says whom it asks; who does not is no browser.
            Ok(None) => return None,
            Ok(Some(_)) | Err(()) => {
                return Some(
                    "this server answers to its own address only, not to the name in Host",
                );
            }
        };
        let changes = !matches!(
            *request.method(),
            Method::GET | Method::HEAD | Method::OPTIONS
        );
        let upgrades = request.headers().contains_key(header::UPGRADE);
        if (changes || upgrades) && is_foreign(request.headers(), &host) {
            return Some("a page of another origin may not do this");
        }
        None
    }
}

/// HTTP/1.1 names the host in a header, HTTP/2 in the URI. A name that cannot be read is an error.
fn authority(request: &Request) -> Result<Option<Authority>, ()> {
    match request.headers().get(header::HOST) {
        Some(host) => {
            let host = host.to_str().map_err(|_| ())?;
            host.parse().map(Some).map_err(|_| ())
        }
        None => Ok(request.uri().authority().cloned()),
    }
}

fn is_foreign(headers: &HeaderMap, host: &Authority) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text("origin") else {
        return false;
    };
    let origin = origin
        .parse::<Uri>()
        .ok()
        .and_then(|uri| uri.authority().cloned());
    origin.as_ref() != Some(host)
}

/// Refuses what other web sites ask for.
pub(crate) async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    match guard.objection(&request) {
        None => next.run(request).await,
        Some(message) => {
            let body = json!({"error": {"type": "forbidden", "message": message}});
            (StatusCode::FORBIDDEN, Json(body)).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn objection(method: Method, headers: &[(&str, &str)]) -> Option<&'static str> {
        let mut request = Request::builder().method(method).uri("/agents/a/b");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Guard::new(([127, 0, 0, 1], 3000).into()).objection(&request.body(Body::empty()).unwrap())
    }

    #[test]
    fn programs_and_our_own_pages_are_let_in() {
        assert_eq!(objection(Method::POST, &[("host", "localhost:3000")]), None);
        assert_eq!(objection(Method::POST, &[("host", "[::1]:3000")]), None);
        let own = [
            ("host", "127.0.0.1:3000"),
            ("origin", "http://127.0.0.1:3000"),
        ];
        assert_eq!(objection(Method::POST, &own), None);
    }

    #[test]
    fn a_foreign_page_may_not_change_anything() {
        let origin = [("host", "127.0.0.1:3000"), ("origin", "https://evil.test")];
        assert!(objection(Method::POST, &origin).is_some());
        let site = [("host", "127.0.0.1:3000"), ("sec-fetch-site", "cross-site")];
        assert!(objection(Method::DELETE, &site).is_some());
        let opaque = [("host", "127.0.0.1:3000"), ("origin", "null")];
        assert!(objection(Method::POST, &opaque).is_some());
    }

    #[test]
    fn a_foreign_page_may_not_open_the_live_socket() {
        let upgrade = [
            ("host", "127.0.0.1:3000"),
            ("origin", "https://evil.test"),
            ("upgrade", "websocket"),
        ];
        assert!(objection(Method::GET, &upgrade).is_some());
    }

    #[test]
    fn a_foreign_name_that_resolves_here_is_refused() {
        for name in ["evil.test", "{.evil.test:3000", "127.0.0.1.evil.test"] {
            assert!(
                objection(Method::GET, &[("host", name)]).is_some(),
                "{name}"
            );
        }
    }
}
