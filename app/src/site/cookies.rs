//! Reading and writing cookies.

use http::{HeaderMap, HeaderValue, header};

/// How long a cookie is kept.
#[derive(Clone, Copy)]
pub(super) enum Reach {
    /// Kept for a year.
    Preference,
    /// Ends with the browser's session and never travels with what another site posts.
    Guard,
    /// For the next page; a minute, should there be none.
    Once,
    /// Not kept any more.
    Gone,
}

/// The value of the cookie `name`.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|pairs| pairs.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// The header that stores a cookie; `None` when the value cannot be in one.
pub(super) fn set_cookie(name: &str, value: &str, reach: Reach) -> Option<HeaderValue> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !value.chars().all(fits) {
        return None;
    }
    let scope = match reach {
        Reach::Preference => "Max-Age=31536000; SameSite=Lax",
        // Strict would be left out when another site links here, and a new one would break the
        // forms of other tabs.
        Reach::Guard => "SameSite=Lax",
        Reach::Once => "Max-Age=60; SameSite=Lax",
        Reach::Gone => "Max-Age=0; SameSite=Lax",
    };
    HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; {scope}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_and_only_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("ns2=b; ns=a"));
        headers.append(header::COOKIE, HeaderValue::from_static("theme=dark"));
        assert_eq!(cookie(&headers, "ns"), Some("a"));
        assert_eq!(cookie(&headers, "theme"), Some("dark"));
        assert_eq!(cookie(&headers, "them"), None);
    }

    #[test]
    fn a_value_that_would_break_out_of_the_header_is_not_stored() {
        assert!(set_cookie("ns", "a; Domain=evil", Reach::Preference).is_none());
        assert!(set_cookie("ns", "team-a", Reach::Preference).is_some());
    }
}
