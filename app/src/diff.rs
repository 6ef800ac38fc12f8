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
    fn equal_texts_have_no_changes_and_lines_may_come_and_go() {
        assert_eq!(written("a\nb", "a\nb"), "");
        assert_eq!(written("", "a"), "+a\n");
        assert_eq!(written("a\nb", "b"), "-a\n b\n");
    }
}
