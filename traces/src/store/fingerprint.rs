//! What makes two exceptions the same: their type, their message without what changes, and where they
//! were raised.

use api::telemetry::ExceptionGroupId;
use xxhash_rust::xxh3::xxh3_64;

/// Stands for what changes.
const HOLE: &str = "‹*›";

/// Characters of a message, a type or a frame that count.
const MAX_CHARACTERS: usize = 240;

/// Bytes of a stack trace that are looked at, from its beginning and from its end.
const MAX_STACK_BYTES: usize = 16 << 10;

/// What a group of exceptions has in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint {
    pub(super) exception_type: String,
    pub(super) template: String,
    pub(super) top_frame: String,
}

impl Fingerprint {
    pub(super) fn new(exception_type: &str, message: &str, stacktrace: &str) -> Self {
        Self {
            exception_type: beginning(exception_type.trim()).to_owned(),
            template: template(message),
            top_frame: top_frame(stacktrace),
        }
    }

    /// The same forever: it is stored.
    pub(super) fn id(&self) -> ExceptionGroupId {
        let Self {
            exception_type,
            template,
            top_frame,
        } = self;
        let text = format!("{exception_type}\0{template}\0{top_frame}");
        ExceptionGroupId(xxh3_64(text.as_bytes()))
    }

    /// The same for whoever passes the exception on, as well.
    pub(super) fn kind(&self) -> u64 {
        let text = format!("{}\0{}", self.exception_type, self.template);
        xxh3_64(text.as_bytes())
    }
}

/// The first line of a message with holes for numbers, ids, paths, addresses and what is quoted.
fn template(message: &str) -> String {
    let line = message.trim().lines().next().unwrap_or_default();
    let mut template = String::new();
    let mut rest = beginning(line);
    while let Some(letter) = rest.chars().next() {
        let (piece, is_hole) = if let Some(length) = quoted(rest, &template) {
            (&rest[..length], true)
        } else if is_of_word(letter) {
            let end = rest.find(|letter| !is_of_word(letter));
            let word = &rest[..end.unwrap_or(rest.len())];
            // A full stop or a colon ends a sentence more often than it belongs to a name.
            let word = word.trim_end_matches(['.', ':', '-']);
            let word = if word.is_empty() {
                &rest[..letter.len_utf8()]
            } else {
                word
            };
            (word, changes(word))
        } else {
            (&rest[..letter.len_utf8()], false)
        };
        template.push_str(if is_hole { HOLE } else { piece });
        rest = &rest[piece.len()..];
    }
    // Lists of any length are one.
    for between in [", ", ",", " "] {
        let two = format!("{HOLE}{between}{HOLE}");
        while template.contains(&two) {
            template = template.replace(&two, HOLE);
        }
    }
    template
}

/// Length of the quotation that the text begins with, if it does; an apostrophe begins none.
fn quoted(text: &str, before: &str) -> Option<usize> {
    let quote = text
        .chars()
        .next()
        .filter(|letter| matches!(letter, '\'' | '"' | '`'))?;
    if before
        .chars()
        .next_back()
        .is_some_and(char::is_alphanumeric)
    {
        return None;
    }
    let inside = &text[quote.len_utf8()..];
    let length = inside.find(quote)?;
    Some(length + 2 * quote.len_utf8())
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric()
        || matches!(
            letter,
            '_' | '-' | '.' | '/' | '\\' | ':' | '@' | '%' | '#' | '~' | '+'
        )
}

fn changes(word: &str) -> bool {
    word.chars().any(|letter| letter.is_ascii_digit())
        || (word.len() > 1 && word.contains(['/', '\\', '@']))
}

/// Where an exception was raised, without lines and addresses; empty when the trace does not say.
///
/// Python says it last; JavaScript, Java, .NET, Go and KAOS itself say it first.
fn top_frame(stacktrace: &str) -> String {
    let end = stacktrace.len() - stacktrace.len().min(MAX_STACK_BYTES);
    let last = &stacktrace[stacktrace.ceil_char_boundary(end)..];
    if let Some(frame) = last.lines().rev().find_map(python_frame) {
        return beginning(&frame).to_owned();
    }
    let first = &stacktrace[..stacktrace.floor_char_boundary(MAX_STACK_BYTES)];
    let at = first
        .lines()
        .find_map(|line| Some(located(line.trim().strip_prefix("at ")?)));
    let frame = at.or_else(|| go_frame(first)).unwrap_or_default();
    beginning(&frame).to_owned()
}

/// `File "/app/tools.py", line 12, in add`.
fn python_frame(line: &str) -> Option<String> {
    let (path, rest) = line.trim().strip_prefix("File \"")?.split_once('"')?;
    let function = rest.split_once(", in ").map_or("", |(_, name)| name.trim());
    Some(format!("{function} ({})", file(path)))
}

/// `add (/app/tools.js:12:5)`, `com.example.Tools.add(Tools.java:12)`, `add() in /app/Tools.cs:line 12`.
fn located(frame: &str) -> String {
    let opened = frame
        .strip_suffix(')')
        .and_then(|frame| frame.rsplit_once('('));
    match opened.or_else(|| frame.rsplit_once(" in ")) {
        Some((function, place)) => format!("{} ({})", function.trim(), file(place)),
        None => file(frame),
    }
}

/// The line after `goroutine 1 [running]:`.
fn go_frame(text: &str) -> Option<String> {
    let mut lines = text
        .lines()
        .skip_while(|line| !line.starts_with("goroutine "));
    lines.next()?;
    let frame = lines.find(|line| !line.starts_with(['\t', ' ']) && !line.starts_with("panic("))?;
    let function = frame.rsplit_once('(').map_or(frame, |(name, _)| name);
    Some(function.to_owned())
}

/// The end of a path: where a program is installed does not tell its exceptions apart.
fn file(path: &str) -> String {
    let path = path.split(":line ").next().unwrap_or(path);
    let without_place =
        path.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == ':');
    let path = if without_place.is_empty() {
        path
    } else {
        without_place
    };
    let mut parts = path.rsplit(['/', '\\']);
    match (parts.next(), parts.next()) {
        (Some(name), Some(folder)) if !folder.is_empty() => format!("{folder}/{name}"),
        (Some(name), _) => name.to_owned(),
        (None, _) => path.to_owned(),
    }
}

fn beginning(text: &str) -> &str {
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_a_hole() {
        let check = |message, expected| assert_eq!(template(message), expected);
        check("no answer within 30 s", "no answer within ‹*› s");
        check(
            "Unknown tool: 'add' at 0x7f3a.",
            "Unknown tool: ‹*› at ‹*›.",
        );
        check(
            "can't open /etc/kaos/x.yaml: denied",
            "can't open ‹*›: denied",
        );
        check("session_4f2a: gone", "‹*›: gone");
        check("got [1, 2, 3] from http://host:80/v1", "got [‹*›] from ‹*›");
        check("got [1, 2] from http://other/v1", "got [‹*›] from ‹*›");
        check("\n first\nsecond 2", "first");
        check("and/or - fine", "‹*› - fine");
        check("", "");
    }

    #[test]
    fn the_frame_that_raised_is_found_in_every_language() {
        let check = |trace, expected| assert_eq!(top_frame(trace), expected);
        check(
            "Traceback (most recent call last):\n  File \"/app/main.py\", line 3, in run\n    add()\n  \
             File \"/app/lib/tools.py\", line 12, in add\n    raise ValueError\nValueError: no",
            "add (lib/tools.py)",
        );
        check(
            "Error: no\n    at add (file:///app/lib/tools.js:12:5)\n    at run (/app/main.js:3:1)",
            "add (lib/tools.js)",
        );
        check(
            "java.lang.Error: no\n\tat com.example.Tools.add(Tools.java:12)\n\tat com.example.Main.run(Main.java:3)",
            "com.example.Tools.add (Tools.java)",
        );
        check(
            "System.Exception: no\n   at Tools.Add() in /src/Tools.cs:line 12",
            "Tools.Add() (src/Tools.cs)",
        );
        check(
            "goroutine 1 [running]:\nmain.add(0x1, 0x2)\n\t/app/main.go:12 +0x1d",
            "main.add",
        );
        check(
            "timeout: no answer\n    at tool.add (researcher)\n    at agent.step.1 (researcher)",
            "tool.add (researcher)",
        );
        check("no frames at all", "");
        check("", "");
    }

    #[test]
    fn a_line_that_moved_makes_no_new_group() {
        let raised = |line| {
            let stack = format!("Error\n  at f (/app/x.js:{line}:1)");
            Fingerprint::new("Error", "no", &stack).id()
        };
        assert_eq!(raised(1), raised(20));
        assert_ne!(raised(1), Fingerprint::new("Error", "no", "").id());
    }

    #[test]
    fn a_group_has_the_same_id_forever() {
        let id = Fingerprint::new("ValueError", "no 1", "").id();
        assert_eq!(
            id.to_string(),
            Fingerprint::new("ValueError", "no 2", "").id().to_string()
        );
    }
}
