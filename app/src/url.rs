//! Text in addresses: what may not stand in them as it is, and back.

use std::fmt;

/// Text as it may stand in a path or query.
#[derive(Clone, Copy, Debug)]
pub struct Encoded<'a>(pub &'a str);

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.bytes().try_for_each(|byte| {
            if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
                write!(f, "{}", char::from(byte))
            } else {
                write!(f, "%{byte:02X}")
            }
        })
    }
}

/// The text that was written with `%` and, in queries, with `+`. What is no text any more is shown
/// with replacement characters.
pub fn decoded(text: &str, plus: Plus) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = (*first == b'%').then(|| after.get(..2)).flatten();
        let hex = hex.and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = hex.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(byte);
            rest = &after[2..];
            continue;
        }
        let is_space = *first == b'+' && plus == Plus::Space;
        bytes.push(if is_space { b' ' } else { *first });
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a `+` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plus {
    /// Itself, as in paths.
    Itself,
    /// A space, as in queries.
    Space,
}

/// The names and values of a query, in its order.
pub fn pairs(query: &str) -> Vec<(String, String)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decoded(name, Plus::Space), decoded(value, Plus::Space))
    };
    parts.map(pair).collect()
}

/// A path with a query; pairs without a value are left out.
pub fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut url = path.to_owned();
    let mut separator = '?';
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        url.push(separator);
        url.push_str(name);
        url.push('=');
        url.push_str(&Encoded(value).to_string());
        separator = '&';
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_is_decoded_to_itself() {
        for text in ["a b&c=d", "ä/%", "50%", ""] {
            assert_eq!(decoded(&Encoded(text).to_string(), Plus::Itself), text);
        }
    }

    #[test]
    fn a_query_is_read_as_browsers_send_forms() {
        let expected = [("q", "chip market"), ("sort", "-name"), ("flag", "")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(pairs("q=chip+market&sort=-name&flag"), expected);
        assert_eq!(decoded("a+b%", Plus::Itself), "a+b%");
    }

    #[test]
    fn empty_values_are_left_out_of_a_query() {
        assert_eq!(with_query("/a", &[("q", ""), ("s", "x y")]), "/a?s=x%20y");
    }
}
