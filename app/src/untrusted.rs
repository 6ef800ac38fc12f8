//! Text that models, tools and other programs wrote.
//!
//! It is only ever put into text nodes. What remains dangerous there is what cannot be seen: control
//! characters, and those that turn the order of letters around.

use std::{borrow::Cow, fmt::Write as _};

/// Bytes of a block that are shown.
const LONGEST_BLOCK: usize = 64 * 1024;

/// A block of text as far as it is shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block<'a> {
    /// The text, or its beginning.
    pub(crate) text: Cow<'a, str>,
    /// Size of the whole, in bytes, when it was cut.
    pub(crate) cut_from: Option<usize>,
}

/// Cuts text that is too long to show, and makes the invisible visible.
pub(crate) fn block(text: &str) -> Block<'_> {
    let end = text.floor_char_boundary(LONGEST_BLOCK);
    Block {
        text: visible(&text[..end]),
        cut_from: (end < text.len()).then_some(text.len()),
    }
}

/// Text as it may stand in a `textarea` that the server draws: Leptos writes its children as they are, and
/// browsers leave out a line break that comes first.
pub(crate) fn in_textarea(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    format!("\n{}", text.replace('<', "&lt;").replace('>', "&gt;"))
}

/// Says that a block was cut, and how long it is.
pub(crate) fn cut_note(bytes: usize) -> String {
    let shown = LONGEST_BLOCK / 1024;
    format!(
        "Cut: the first {shown} kB of {} kB are shown.",
        bytes.div_ceil(1024)
    )
}

/// Replaces each character that cannot be seen by its number: `⟨U+202E⟩`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut seen = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_hidden(character) {
            // Writing to a string cannot fail.
            let _ = write!(seen, "⟨U+{:04X}⟩", u32::from(character));
        } else {
            seen.push(character);
        }
    }
    Cow::Owned(seen)
}

fn is_hidden(character: char) -> bool {
    let line_or_tab = matches!(character, '\n' | '\r' | '\t');
    let zero_width =
        matches!(character, '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}');
    let turns_order =
        matches!(character, '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    // Tags spell out text that no font draws.
    let tag = matches!(character, '\u{E0000}'..='\u{E007F}');
    (character.is_control() && !line_or_tab) || zero_width || turns_order || tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_cannot_be_seen_are_spelled_out() {
        assert_eq!(visible("a\u{202E}b\u{1b}[31m"), "a⟨U+202E⟩b⟨U+001B⟩[31m");
        assert_eq!(visible("line\n\tZürich"), "line\n\tZürich");
    }

    #[test]
    fn text_does_not_leave_its_textarea() {
        let text = in_textarea("</textarea><b>&amp;");
        assert_eq!(text, "\n&lt;/textarea&gt;&lt;b&gt;&amp;amp;");
    }

    #[test]
    fn a_long_block_is_cut_between_characters_and_says_its_size() {
        let long = format!("x{}", "ä".repeat(LONGEST_BLOCK));
        let block = block(&long);
        assert_eq!(block.text.len(), LONGEST_BLOCK - 1);
        assert_eq!(block.cut_from, Some(2 * LONGEST_BLOCK + 1));
    }

    #[test]
    fn a_short_block_is_whole() {
        assert_eq!(block("{}").cut_from, None);
    }
}
