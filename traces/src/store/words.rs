//! The words of a text, as a search for words sees them.

/// Bytes of a text that are looked at.
const MAX_BYTES: usize = 4_096;

/// Bytes of a word that count.
const MAX_WORD_BYTES: usize = 64;

/// The words of a text in lower case, sorted, each once. Whatever is neither letter nor digit separates them.
pub(super) fn words(text: &str) -> Vec<String> {
    let text = beginning(text, MAX_BYTES);
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    let mut words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(|word| beginning(word, MAX_WORD_BYTES).to_lowercase())
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Whether the text has all these words.
pub(super) fn has_all(text: &str, wanted: &[String]) -> bool {
    let found = words(text);
    wanted.iter().all(|word| found.binary_search(word).is_ok())
}

fn beginning(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_alike_whatever_their_case_and_what_is_between_them() {
        assert_eq!(
            words("Tool add failed: ValueError(\"Ünknown tool 'add'\")"),
            ["add", "failed", "tool", "valueerror", "ünknown"]
        );
        assert!(words(" .,-").is_empty());
    }

    #[test]
    fn a_text_has_words_in_any_order_but_no_parts_of_them() {
        let check = |wanted, expected| {
            assert_eq!(
                has_all("Delegating to sub-agent: researcher", &words(wanted)),
                expected
            );
        };
        check("researcher delegating", true);
        check("sub-agent", true);
        check("research", false);
        check("", true);
    }

    #[test]
    fn only_the_beginning_of_a_long_text_counts() {
        let long = format!("{} end", "ü ".repeat(MAX_BYTES));
        assert_eq!(words(&long), ["ü"]);
        assert_eq!(words(&"x".repeat(100))[0].len(), MAX_WORD_BYTES);
    }
}
