//! Hides what looks like a key before it leaves the process: people paste keys into prompts, and
//! tools print them.

use std::borrow::Cow;

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value::Value},
    logs::v1::LogRecord,
    trace::v1::Span,
};

/// What stands in place of a key.
const HIDDEN: &str = "••••";
/// How keys of providers begin.
const PREFIXES: [&str; 14] = [
    "sk-",
    "sk_live_",
    "pk_live_",
    "gsk_",
    "xai-",
    "AIza",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "hf_",
];
/// Letters after the beginning; shorter words are words.
const MIN_LETTERS: usize = 16;

/// A span without keys.
pub(super) fn span(mut span: Span) -> Span {
    attributes(&mut span.attributes);
    for event in &mut span.events {
        attributes(&mut event.attributes);
    }
    if let Some(status) = &mut span.status {
        text(&mut status.message);
    }
    span
}

/// A log record without keys.
pub(super) fn log(mut record: LogRecord) -> LogRecord {
    attributes(&mut record.attributes);
    if let Some(body) = &mut record.body {
        any(body);
    }
    record
}

fn attributes(attributes: &mut [KeyValue]) {
    for attribute in attributes {
        if let Some(value) = &mut attribute.value {
            any(value);
        }
    }
}

fn any(value: &mut AnyValue) {
    match &mut value.value {
        Some(Value::StringValue(it)) => text(it),
        Some(Value::ArrayValue(array)) => array.values.iter_mut().for_each(any),
        Some(Value::KvlistValue(list)) => attributes(&mut list.values),
        Some(_) | None => {}
    }
}

fn text(text: &mut String) {
    if let Cow::Owned(redacted) = redact(text) {
        *text = redacted;
    }
}

/// The text without keys; borrowed when there are none.
fn redact(text: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(start) = next_word(text, at) {
        at = match key_end(text, start) {
            Some(end) => {
                kept.push_str(&text[from..start]);
                kept.push_str(HIDDEN);
                from = end;
                end
            }
            None => word_end(text, start),
        };
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    kept.push_str(&text[from..]);
    Cow::Owned(kept)
}

/// Whether a word may have this byte in it.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn next_word(text: &str, at: usize) -> Option<usize> {
    let offset = text.as_bytes()[at..]
        .iter()
        .position(|byte| is_letter(*byte))?;
    Some(at + offset)
}

fn word_end(text: &str, start: usize) -> usize {
    let rest = &text.as_bytes()[start..];
    start
        + rest
            .iter()
            .position(|byte| !is_letter(*byte))
            .unwrap_or(rest.len())
}

/// The end of the key that begins at `start`, if one does.
fn key_end(text: &str, start: usize) -> Option<usize> {
    let word = &text[start..];
    // Most words are told apart by their first letter.
    if !matches!(
        word.as_bytes().first(),
        Some(b's' | b'p' | b'g' | b'x' | b'A' | b'h')
    ) {
        return None;
    }
    let prefix = PREFIXES.iter().find(|prefix| word.starts_with(**prefix))?;
    let end = word_end(text, start);
    (end - start >= prefix.len() + MIN_LETTERS).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_hidden_wherever_they_stand() {
        let key = "sk-proj-abcdefghijklmnop1234";
        for (text, shown) in [
            (key.to_owned(), "••••".to_owned()),
            (format!("My key is {key}."), "My key is ••••.".to_owned()),
            (
                format!("{{\"key\":\"{key}\"}} and {key}"),
                "{\"key\":\"••••\"} and ••••".to_owned(),
            ),
            (
                format!("Schlüssel: {key} ü"),
                "Schlüssel: •••• ü".to_owned(),
            ),
        ] {
            assert_eq!(redact(&text), shown);
        }
    }

    #[test]
    fn other_words_are_left_alone() {
        for text in [
            "",
            "sk-",
            "sk-learn is a library",
            "task-abcdefghijklmnopqrstuvwxyz",
            "AIza",
            "größer",
        ] {
            assert!(
                matches!(redact(text), Cow::Borrowed(same) if same == text),
                "{text}"
            );
        }
    }
}
