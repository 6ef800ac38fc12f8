//! What could be written next in a query of traces: a key, and behind a key what is known to stand there.

#![cfg_attr(
    not(any(feature = "hydrate", test)),
    expect(dead_code, reason = "only a browser suggests while one writes")
)]

use serde::{Deserialize, Serialize};

/// Suggestions at a time.
const MOST: usize = 12;

/// A key of the language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// As it is written before the colon.
    pub name: String,
    /// What stands behind it, in words.
    pub hint: String,
    /// What is known to stand behind it, as it is written.
    pub values: Vec<String>,
}

/// Something to write in place of the word at the caret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suggestion {
    pub(crate) text: String,
    pub(crate) hint: String,
}

/// What the word at the caret could become. The caret is a place between two bytes of the text, as
/// [`place`] finds it.
pub(crate) fn suggest(keys: &[Key], text: &str, caret: usize) -> Vec<Suggestion> {
    let typed = &text[start_of_word(text, caret)..caret];
    let (minus, typed) = match typed.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", typed),
    };
    let Some((name, value)) = typed.split_once(':') else {
        let typed = typed.to_lowercase();
        let begins = keys.iter().filter(|key| key.name.starts_with(&typed));
        let suggestion = |key: &Key| Suggestion {
            text: format!("{minus}{}:", key.name),
            hint: key.hint.clone(),
        };
        return begins.take(MOST).map(suggestion).collect();
    };
    let Some(key) = keys.iter().find(|key| key.name == name) else {
        return Vec::new();
    };
    let value = value.trim_start_matches('"').to_lowercase();
    let rank = |known: &str| known.trim_start_matches('"').to_lowercase().find(&value);
    let mut fitting: Vec<_> = key
        .values
        .iter()
        .filter_map(|known| Some((rank(known)?.min(1), known)))
        .collect();
    // What begins so comes before what has it somewhere.
    fitting.sort_by_key(|(rank, _)| *rank);
    let suggestion = |(_, known): (usize, &String)| Suggestion {
        text: format!("{minus}{name}:{known}"),
        hint: String::new(),
    };
    fitting.into_iter().take(MOST).map(suggestion).collect()
}

/// The text with a suggestion in place of the word at the caret, and where the caret is then. Behind a
/// whole condition there is a space, for the next one.
pub(crate) fn completed(text: &str, caret: usize, suggestion: &str) -> (String, usize) {
    let start = start_of_word(text, caret);
    let rest = &text[caret..];
    let rest = &rest[rest.find(char::is_whitespace).unwrap_or(rest.len())..];
    let space = if suggestion.ends_with(':') || rest.starts_with(char::is_whitespace) {
        ""
    } else {
        " "
    };
    let before = format!("{}{suggestion}{space}", &text[..start]);
    let caret = before.len();
    (before + rest, caret)
}

/// Words end at spaces, but not at those between quotes.
fn start_of_word(text: &str, caret: usize) -> usize {
    let (mut start, mut is_quoted) = (0, false);
    for (at, letter) in text[..caret].char_indices() {
        if letter == '"' {
            is_quoted = !is_quoted;
        } else if letter.is_whitespace() && !is_quoted {
            start = at + letter.len_utf8();
        }
    }
    start
}

/// The place in the text that browsers count in units of UTF-16.
pub(crate) fn place(text: &str, units: usize) -> usize {
    let mut n = 0;
    for (at, letter) in text.char_indices() {
        if n >= units {
            return at;
        }
        n += letter.len_utf16();
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Vec<Key> {
        let key = |name: &str, values: &[&str]| Key {
            name: name.to_owned(),
            hint: format!("some {name}"),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        vec![
            key("agent", &["coordinator", "\"my agent\"", "analyst"]),
            key("status", &["ok", "error"]),
            key("service", &[]),
        ]
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found = suggest(&keys(), text, text.len());
        let found: Vec<_> = found.iter().map(|found| found.text.as_str()).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn a_word_becomes_a_key_and_a_key_gets_a_value() {
        check("", &["agent:", "status:", "service:"]);
        check("status:ok s", &["status:", "service:"]);
        check("-A", &["-agent:"]);
        check("agent:AN", &["agent:analyst"]);
        check(
            "agent:n",
            &["agent:coordinator", "agent:\"my agent\"", "agent:analyst"],
        );
        check(
            "agent:a",
            &["agent:analyst", "agent:coordinator", "agent:\"my agent\""],
        );
        check("-agent:\"my a", &["-agent:\"my agent\""]);
        check("chips", &[]);
        check("nothing:x", &[]);
    }

    #[test]
    fn a_suggestion_takes_the_place_of_the_whole_word() {
        let check = |text: &str, caret, suggestion, expected: &str, at| {
            let (text, caret) = completed(text, caret, suggestion);
            assert_eq!((text.as_str(), caret), (expected, at));
        };
        check("", 0, "agent:", "agent:", 6);
        check("stat", 2, "status:", "status:", 7);
        check(
            "x agent:co y",
            10,
            "agent:coordinator",
            "x agent:coordinator y",
            19,
        );
        check(
            "agent:\"my a",
            11,
            "agent:\"my agent\"",
            "agent:\"my agent\" ",
            17,
        );
    }

    #[test]
    fn places_are_counted_as_browsers_do() {
        let text = "ä🦀x";
        let places: Vec<_> = (0..=5).map(|units| place(text, units)).collect();
        assert_eq!(places, [0, 2, 6, 6, 7, 7]);
    }

    proptest::proptest! {
        #[test]
        fn every_text_and_caret_are_taken(text in ".{0,40}", units in 0_usize..50) {
            let caret = place(&text, units);
            for found in suggest(&keys(), &text, caret) {
                let (text, caret) = completed(&text, caret, &found.text);
                assert!(text.is_char_boundary(caret));
            }
        }
    }
}
