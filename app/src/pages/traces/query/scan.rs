//! From text to words, and from words to terms.

use std::{borrow::Cow, ops::Range};

use api::traces::TraceId;

use super::{
    Bound, Condition, KEYS, Misread, Name, Sense, Status, Term,
    amount::{parse_dollars, parse_duration, side},
};

/// What stands between two spaces: `-key:value`, `key:"a value"`, `"free text"` or `text`.
#[derive(Debug)]
pub(super) struct Word<'a> {
    sense: Sense,
    /// What stands before the first colon, unless the word begins with a quote.
    key: Option<&'a str>,
    value: Cow<'a, str>,
    form: Form,
    /// Where the word stands.
    place: Range<usize>,
    /// Where its value stands.
    value_place: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Bare,
    Quoted,
}

/// The words of a text.
pub(super) fn words(text: &str) -> impl Iterator<Item = Result<Word<'_>, Misread>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += text[at..].len() - text[at..].trim_start().len();
        if at == text.len() {
            return None;
        }
        let word = word(text, at);
        at = match &word {
            Ok(word) => word.place.end,
            Err(_) => text.len(),
        };
        Some(word)
    })
}

/// The word that begins at a place that is no space.
fn word(text: &str, start: usize) -> Result<Word<'_>, Misread> {
    let (sense, first) = match text[start..].strip_prefix('-') {
        Some(_) => (Sense::NotMet, start + 1),
        None => (Sense::Met, start),
    };
    let end = first + until_space(&text[first..]);
    let bare = &text[first..end];
    let colon = bare.find(':').filter(|_| !bare.starts_with('"'));
    let (key, value_start) = match colon {
        Some(colon) => (Some(&bare[..colon]), first + colon + 1),
        None => (None, first),
    };
    let (value, form, end) = if text[value_start..].starts_with('"') {
        let (value, end) = unquoted(text, value_start)?;
        (Cow::Owned(value), Form::Quoted, end)
    } else {
        (Cow::Borrowed(&text[value_start..end]), Form::Bare, end)
    };
    Ok(Word {
        sense,
        key,
        value,
        form,
        place: start..end,
        value_place: value_start..end,
    })
}

fn until_space(text: &str) -> usize {
    text.find(char::is_whitespace).unwrap_or(text.len())
}

/// What stands between the quote at `start` and the next one, and where the text goes on.
fn unquoted(text: &str, start: usize) -> Result<(String, usize), Misread> {
    let mut value = String::new();
    let mut characters = text[start + 1..].char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let end = start + 1 + at + 1;
                let rest = until_space(&text[end..]);
                if rest > 0 {
                    let message = "a space is expected after the closing quote".to_owned();
                    return Err(Misread {
                        place: end..end + rest,
                        message,
                    });
                }
                return Ok((value, end));
            }
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    Err(Misread {
        place: start..text.len(),
        message: "the quote is not closed: a \" is expected at the end".to_owned(),
    })
}

/// What a word asks for.
pub(super) fn term(word: &Word<'_>) -> Result<Term, Misread> {
    let value = word.value.as_ref();
    let condition = match word.key {
        Some(key) => keyed(key, word)?,
        None if value.is_empty() => {
            return Err(misread(&word.place, "words are expected here".to_owned()));
        }
        None => match TraceId::parse(value) {
            Some(id) if word.form == Form::Bare && value.len() == 32 => Condition::Trace(id),
            Some(_) | None => Condition::Text(value.to_owned()),
        },
    };
    Ok(Term {
        sense: word.sense,
        condition,
    })
}

fn keyed(key: &str, word: &Word<'_>) -> Result<Condition, Misread> {
    let value = word.value.as_ref();
    let expected = |what: &str| {
        let place = if word.value_place.is_empty() {
            &word.place
        } else {
            &word.value_place
        };
        misread(place, format!("{key}: expects {what}"))
    };
    if let Some(name) = Name::ALL.into_iter().find(|name| name.as_str() == key) {
        if value.is_empty() {
            return Err(expected("a name"));
        }
        return Ok(Condition::Name(name, value.to_owned()));
    }
    match key {
        "status" => Status::ALL
            .into_iter()
            .find(|status| status.as_str() == value)
            .map(Condition::Status)
            .ok_or_else(|| expected("ok, error or incomplete")),
        "duration" => bound(value, parse_duration)
            .map(Condition::Duration)
            .ok_or_else(|| expected("a limit in h, m, s or ms, such as >5s or <=250ms")),
        "tokens" => bound(value, |number| number.parse().ok())
            .map(Condition::Tokens)
            .ok_or_else(|| expected("a limit, such as >5000 or <=100")),
        "cost" => bound(value, parse_dollars)
            .map(Condition::Cost)
            .ok_or_else(|| expected("a limit in dollars, such as >0.05")),
        "text" if value.is_empty() => Err(expected("words, in quotes when there are spaces")),
        "text" => Ok(Condition::Text(value.to_owned())),
        "tag" => match value.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                Ok(Condition::Tag(key.to_owned(), value.to_owned()))
            }
            Some(_) | None => Err(expected("an attribute and its value, such as user.id=42")),
        },
        _ => Err(unknown(key, word)),
    }
}

fn bound<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Bound<T>> {
    let (side, amount) = side(text)?;
    let value = parse(amount)?;
    Some(Bound { side, value })
}

fn unknown(key: &str, word: &Word<'_>) -> Misread {
    let keys: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
    let message = format!(
        "there is no condition \"{key}\"; known are {}. Words that are meant as they stand go into quotes",
        keys.join(", ")
    );
    misread(&word.place, message)
}

fn misread(place: &Range<usize>, message: String) -> Misread {
    Misread {
        place: place.clone(),
        message,
    }
}

/// A value as it stands behind a colon.
pub(super) fn written(value: &str) -> Cow<'_, str> {
    if value.is_empty() || value.starts_with('"') || value.contains(char::is_whitespace) {
        Cow::Owned(quoted(value))
    } else {
        Cow::Borrowed(value)
    }
}

/// A value in quotes.
pub(super) fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}
