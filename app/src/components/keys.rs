//! Keys that do something anywhere on a page.
//!
//! What a key does is written in the page itself: an element with `data-keys="g a"` is clicked, or
//! focused when it is a field, once `g` and then `a` are pressed. Keys of fields stay with the fields.

#![expect(
    missing_docs,
    reason = "the macro writes a struct of the island's properties"
)]

#[cfg(feature = "hydrate")]
mod browser;

use leptos::prelude::*;

/// Listens from the moment the page is awake.
#[island]
pub fn Keys(
    /// Whether single keys do something.
    single_keys: bool,
) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    browser::listen(single_keys);
    #[cfg(not(feature = "hydrate"))]
    let _ = single_keys;
}

/// The elements that a key leads to, given the key pressed before it: the pair first.
#[cfg_attr(
    not(any(feature = "hydrate", test)),
    expect(dead_code, reason = "only a browser has keys")
)]
fn sequences(before: Option<&str>, key: &str) -> Vec<String> {
    let pair = before.map(|before| format!("{before} {key}"));
    pair.into_iter().chain([key.to_owned()]).collect()
}

/// The selector of the element for a sequence; `None` for keys that no page names.
#[cfg_attr(
    not(any(feature = "hydrate", test)),
    expect(dead_code, reason = "only a browser has keys")
)]
fn selector(sequence: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\' || c == ' ';
    let is_short = sequence.len() <= 3;
    (is_short && sequence.chars().all(is_plain)).then(|| format!("[data-keys=\"{sequence}\"]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_after_another_means_the_pair_before_it_means_itself() {
        assert_eq!(sequences(Some("g"), "a"), ["g a", "a"]);
        assert_eq!(sequences(None, "?"), ["?"]);
    }

    #[test]
    fn only_keys_a_page_can_name_are_looked_for() {
        assert_eq!(selector("g a").as_deref(), Some("[data-keys=\"g a\"]"));
        assert_eq!(selector("[").as_deref(), Some("[data-keys=\"[\"]"));
        for key in ["\"", "\\", "ArrowDown", "ä"] {
            assert_eq!(selector(key), None, "{key}");
        }
    }
}
