//! What is different between two texts, line by line.

use serde::{Deserialize, Serialize};

/// A line of one of two texts, or of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DiffLine {
    /// In both.
    Same(String),
    /// In the first only.
    Gone(String),
    /// In the second only.
    New(String),
}

/// Lines around a change that are shown with it.
#[cfg(feature = "ssr")]
const CONTEXT: usize = 3;

/// Beyond so many lines the texts are not compared but shown one after the other.
#[cfg(feature = "ssr")]
const MOST_LINES: usize = 2_000;

/// The changes between two texts, with a few lines around each; nothing when they are the same.
#[cfg(feature = "ssr")]
pub(crate) fn diff(before: &str, after: &str) -> Vec<DiffLine> {
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    if old == new {
        return Vec::new();
    }
    if old.len().max(new.len()) > MOST_LINES {
        let gone = old.into_iter().map(|line| DiffLine::Gone(line.to_owned()));
        let new = new.into_iter().map(|line| DiffLine::New(line.to_owned()));
        return gone.chain(new).collect();
    }
    near_changes(all_lines(&old, &new))
}

/// Every line of both, by the longest common sequence.
#[cfg(feature = "ssr")]
fn all_lines(old: &[&str], new: &[&str]) -> Vec<DiffLine> {
    // The length of the longest common sequence of what is left of each.
    let width = new.len() + 1;
    let mut longest = vec![0_u16; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i * width + j] = if old[i] == new[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::with_capacity(old.len() + new.len());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(DiffLine::Same(old[i].to_owned()));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || i < old.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1]
        {
            lines.push(DiffLine::Gone(old[i].to_owned()));
            i += 1;
        } else {
            lines.push(DiffLine::New(new[j].to_owned()));
            j += 1;
        }
    }
    lines
}

/// Beyond so many words on both sides, multiplied, texts are not compared word by word.
#[cfg(feature = "ssr")]
const MOST_WORD_PAIRS: usize = 1_000_000;

/// What two texts have in common and what they do not, word by word. Put together, all that is not new
/// is the text before, and all that is not gone is the text after.
#[cfg(feature = "ssr")]
pub(crate) fn words(before: &str, after: &str) -> Vec<DiffLine> {
    let (old, new) = (split_words(before), split_words(after));
    let first = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[first..], &new[first..]);
    let pairs = old_rest.iter().rev().zip(new_rest.iter().rev());
    let last = pairs.take_while(|(a, b)| a == b).count();
    let old_middle = &old_rest[..old_rest.len() - last];
    let new_middle = &new_rest[..new_rest.len() - last];
    let middle = if old_middle.len().saturating_mul(new_middle.len()) <= MOST_WORD_PAIRS {
        all_lines(old_middle, new_middle)
    } else {
        vec![
            DiffLine::Gone(old_middle.concat()),
            DiffLine::New(new_middle.concat()),
        ]
    };
    let ends = [&old[..first], &old[old.len() - last..]].map(|same| DiffLine::Same(same.concat()));
    let [begin, end] = ends;
    joined([begin].into_iter().chain(middle).chain([end]))
}

/// Words and what stands between them.
#[cfg(feature = "ssr")]
fn split_words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_like_first = |c: char| c.is_alphanumeric() == first.is_alphanumeric();
        let end = rest.find(|c| !is_like_first(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after;
    }
    words
}

/// Neighbours of one sort become one piece; between two changes what went stands before what came.
#[cfg(feature = "ssr")]
fn joined(pieces: impl Iterator<Item = DiffLine>) -> Vec<DiffLine> {
    let mut joined = Vec::new();
    let (mut gone, mut new) = (String::new(), String::new());
    let flush = |joined: &mut Vec<DiffLine>, gone: &mut String, new: &mut String| {
        if !gone.is_empty() {
            joined.push(DiffLine::Gone(std::mem::take(gone)));
        }
        if !new.is_empty() {
            joined.push(DiffLine::New(std::mem::take(new)));
        }
    };
    for piece in pieces {
        match piece {
            DiffLine::Gone(text) => gone.push_str(&text),
            DiffLine::New(text) => new.push_str(&text),
            DiffLine::Same(text) if text.is_empty() => {}
            DiffLine::Same(text) => {
                flush(&mut joined, &mut gone, &mut new);
                match joined.last_mut() {
                    Some(DiffLine::Same(before)) => before.push_str(&text),
                    Some(DiffLine::Gone(_) | DiffLine::New(_)) | None => {
                        joined.push(DiffLine::Same(text));
                    }
                }
            }
        }
    }
    flush(&mut joined, &mut gone, &mut new);
    joined
}

/// Leaves out what is far from any change.
#[cfg(feature = "ssr")]
fn near_changes(lines: Vec<DiffLine>) -> Vec<DiffLine> {
    let is_change = |line: &DiffLine| !matches!(line, DiffLine::Same(_));
    let changes: Vec<usize> = (0..lines.len())
        .filter(|at| is_change(&lines[*at]))
        .collect();
    let is_near = |at: usize| changes.iter().any(|change| change.abs_diff(at) <= CONTEXT);
    let lines = lines.into_iter().enumerate();
    lines
        .filter(|(at, _)| is_near(*at))
        .map(|(_, line)| line)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(before: &str, after: &str) -> String {
        let line = |line: DiffLine| match line {
            DiffLine::Same(text) => format!(" {text}\n"),
            DiffLine::Gone(text) => format!("-{text}\n"),
            DiffLine::New(text) => format!("+{text}\n"),
        };
        diff(before, after).into_iter().map(line).collect()
    }

    #[test]
    fn a_changed_line_is_shown_with_what_is_around_it() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9";
        let after = before.replace('5', "five");
        assert_eq!(
            written(before, &after),
            " 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"
        );
    }

    #[test]
    fn words_that_changed_are_told_apart_from_those_that_did_not() {
        let same = |text: &str| DiffLine::Same(text.to_owned());
        let gone = |text: &str| DiffLine::Gone(text.to_owned());
        let new = |text: &str| DiffLine::New(text.to_owned());
        assert_eq!(
            words("the share is 96 percent", "the share is 97 percent"),
            [
                same("the share is "),
                gone("96"),
                new("97"),
                same(" percent")
            ]
        );
        assert_eq!(words("a b", "a b"), [same("a b")]);
        assert_eq!(words("", "a"), [new("a")]);
        assert_eq!(words("", ""), []);
    }

    proptest::proptest! {
        #[test]
        fn both_texts_can_be_put_together_again(before in "[ab .]{0,12}", after in "[ab .]{0,12}") {
            let mut texts = (String::new(), String::new());
            for piece in words(&before, &after) {
                match piece {
                    DiffLine::Same(text) => {
                        texts.0.push_str(&text);
                        texts.1.push_str(&text);
                    }
                    DiffLine::Gone(text) => texts.0.push_str(&text),
                    DiffLine::New(text) => texts.1.push_str(&text),
                }
            }
            proptest::prop_assert_eq!(texts, (before, after));
        }
    }

    #[test]
    fn equal_texts_have_no_changes_and_lines_may_come_and_go() {
        assert_eq!(written("a\nb", "a\nb"), "");
        assert_eq!(written("", "a"), "+a\n");
        assert_eq!(written("a\nb", "b"), "-a\n b\n");
    }
}
