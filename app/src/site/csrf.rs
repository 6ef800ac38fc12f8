//! Forms that change something carry a token that another site cannot know.
//!
//! The token is in a cookie and in a hidden field; both must be there and agree.

use http::{HeaderMap, HeaderValue};
use leptos::nonce::Nonce;
use subtle::ConstantTimeEq;

use super::cookies::{Reach, cookie, set_cookie};

const COOKIE: &str = "kaos_csrf";

/// The token of this browser.
#[derive(Clone)]
pub(crate) struct CsrfToken {
    value: String,
    origin: Origin,
}

#[derive(Clone, Copy)]
enum Origin {
    Cookie,
    New,
}

impl CsrfToken {
    /// The name of the hidden field.
    pub(crate) const FIELD: &'static str = "csrf";

    /// The token of the request's cookie, or a new one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        match cookie(headers, COOKIE).filter(|value| !value.is_empty()) {
            Some(value) => Self {
                value: value.to_owned(),
                origin: Origin::Cookie,
            },
            None => Self {
                value: Nonce::new().to_string(),
                origin: Origin::New,
            },
        }
    }

    /// What the hidden field holds.
    pub(crate) fn value(&self) -> &str {
        &self.value
    }

    /// The header that stores a new token.
    pub(super) fn set_cookie(&self) -> Option<HeaderValue> {
        match self.origin {
            Origin::Cookie => None,
            Origin::New => set_cookie(COOKIE, &self.value, Reach::Guard),
        }
    }

    /// Whether a form with this field was drawn for the browser that posts it.
    pub(super) fn is_sent_by(&self, field: Option<&str>) -> bool {
        match self.origin {
            Origin::New => false,
            Origin::Cookie => {
                field.is_some_and(|field| bool::from(field.as_bytes().ct_eq(self.value.as_bytes())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    fn token(cookie: &'static str) -> CsrfToken {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
        CsrfToken::of(&headers)
    }

    #[test]
    fn the_field_must_equal_the_cookie() {
        let token = token("kaos_csrf=abc");
        assert!(token.is_sent_by(Some("abc")));
        assert!(!token.is_sent_by(Some("abd")));
        assert!(!token.is_sent_by(None));
    }

    #[test]
    fn without_a_cookie_nothing_is_right_and_a_cookie_is_set() {
        let token = token("other=abc");
        let guess = token.value().to_owned();
        assert!(!token.is_sent_by(Some(&guess)));
        assert!(token.set_cookie().is_some());
    }
}
