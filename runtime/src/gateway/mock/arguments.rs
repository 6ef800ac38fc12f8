//! Arguments for a function, made up from its JSON schema and the user's message.

use std::{iter, ops::Range};

use serde_json::{Map, Number, Value, json};

/// The longest text given as an argument.
const TEXT_CHARS: usize = 200;
/// Schemas may refer to themselves; no one needs deeper arguments than this.
const MAX_DEPTH: usize = 8;

/// Arguments that fit `schema`: numbers and quoted texts of the message in their order, or
/// something plausible. Only what is required, or everything when nothing is.
pub(super) fn for_schema(schema: &Value, message: &str) -> Map<String, Value> {
    let mut source = Source {
        root: schema,
        numbers: numbers(message).into_iter(),
        next_number: 2,
        quotes: quotes(message).into_iter(),
        text: message.trim().chars().take(TEXT_CHARS).collect(),
    };
    source.object(schema, 0)
}

/// Where the values come from.
struct Source<'a> {
    root: &'a Value,
    numbers: std::vec::IntoIter<f64>,
    /// The number to make up when the message has no more.
    next_number: i64,
    quotes: std::vec::IntoIter<String>,
    text: String,
}

impl Source<'_> {
    fn object(&mut self, schema: &Value, depth: usize) -> Map<String, Value> {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return Map::new();
        };
        let required = schema.get("required").and_then(Value::as_array);
        let names: Vec<&str> = match required {
            // Unlike the properties, this list keeps the order of the function's parameters.
            Some(names) if !names.is_empty() => names.iter().filter_map(Value::as_str).collect(),
            Some(_) | None => properties.keys().map(String::as_str).collect(),
        };
        names
            .into_iter()
            .map(|name| {
                let schema = properties.get(name).unwrap_or(&Value::Null);
                (name.to_owned(), self.value(schema, depth + 1))
            })
            .collect()
    }

    fn value(&mut self, schema: &Value, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            return Value::Null;
        }
        let schema = resolve(self.root, schema);
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(first) = schema.pointer("/enum/0") {
            return first.clone();
        }
        match kind(schema) {
            "integer" => self.integer(),
            "number" => self.number(),
            "boolean" => json!(true),
            "array" => {
                let item = schema.get("items").unwrap_or(&Value::Null);
                json!([self.value(item, depth + 1)])
            }
            "object" => Value::Object(self.object(schema, depth)),
            "null" => Value::Null,
            _ => json!(self.quotes.next().unwrap_or_else(|| self.text.clone())),
        }
    }

    fn integer(&mut self) -> Value {
        match self.numbers.next() {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "made-up arguments may saturate"
            )]
            Some(number) => json!(number.trunc() as i64),
            None => self.made_up(),
        }
    }

    fn number(&mut self) -> Value {
        match self.numbers.next() {
            // A whole number reads better, and fits, without its ".0".
            #[expect(
                clippy::cast_possible_truncation,
                reason = "small whole numbers are exact"
            )]
            Some(number) if number.fract() == 0.0 && number.abs() < 1e15 => json!(number as i64),
            Some(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
            None => self.made_up(),
        }
    }

    fn made_up(&mut self) -> Value {
        let number = self.next_number;
        self.next_number += 1;
        json!(number)
    }
}

/// The schema that says what a value is: references followed, of alternatives the first that is
/// not null.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    for _ in 0..MAX_DEPTH {
        let reference = schema.get("$ref").and_then(Value::as_str);
        let target = reference
            .and_then(|reference| reference.strip_prefix('#'))
            .and_then(|pointer| root.pointer(pointer));
        let alternative = ["anyOf", "oneOf", "allOf"]
            .iter()
            .find_map(|word| schema.get(word)?.as_array())
            .and_then(|options| options.iter().find(|option| kind(option) != "null"));
        match target.or(alternative) {
            Some(next) => schema = next,
            None => break,
        }
    }
    schema
}

/// The schema's type; of several, the first that is not null; guessed where none is given.
fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null")
            .unwrap_or("null"),
        _ if schema.get("properties").is_some() => "object",
        _ if schema.get("items").is_some() => "array",
        _ => "string",
    }
}

/// The numbers in a text, in their order: `12`, `-3`, `2.5`, `1,000`.
fn numbers(text: &str) -> Vec<f64> {
    let characters: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        if starts_number(&characters, at) {
            let span = number_span(&characters, at);
            at = span.end;
            let digits: String = characters[span].iter().filter(|c| **c != ',').collect();
            found.extend(digits.parse::<f64>().ok());
        } else {
            at += 1;
        }
    }
    found
}

/// A digit that does not go on a word such as `gpt4`.
fn starts_number(characters: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| characters[before]);
    characters[at].is_ascii_digit()
        && !before.is_some_and(|before| before.is_alphanumeric() || before == '_')
}

fn number_span(characters: &[char], first_digit: usize) -> Range<usize> {
    let digit = |at: usize| characters.get(at).is_some_and(char::is_ascii_digit);
    let thousands = |at: usize| {
        characters.get(at) == Some(&',')
            && (1..=3).all(|offset| digit(at + offset))
            && !digit(at + 4)
    };
    let mut end = first_digit;
    let mut has_point = false;
    loop {
        if digit(end) {
            end += 1;
        } else if !has_point && characters.get(end) == Some(&'.') && digit(end + 1) {
            has_point = true;
            end += 1;
        } else if !has_point && thousands(end) {
            end += 4;
        } else {
            break;
        }
    }
    // "5-3" is a difference, "times -3" has a sign.
    let sign = first_digit
        .checked_sub(1)
        .filter(|&sign| characters[sign] == '-')
        .filter(|&sign| sign == 0 || characters[sign - 1].is_whitespace());
    sign.unwrap_or(first_digit)..end
}

/// The quoted parts of a text, without their quotation marks.
fn quotes(text: &str) -> Vec<String> {
    let mut rest = text;
    iter::from_fn(|| {
        loop {
            let (at, open) = rest.char_indices().find(|(_, c)| closing(*c).is_some())?;
            let inside = &rest[at + open.len_utf8()..];
            let close = closing(open)?;
            let Some(end) = inside.find(close) else {
                rest = inside;
                continue;
            };
            rest = &inside[end + close.len_utf8()..];
            let quoted = inside[..end].trim();
            if !quoted.is_empty() {
                return Some(quoted.chars().take(TEXT_CHARS).collect());
            }
        }
    })
    .collect()
}

fn closing(open: char) -> Option<char> {
    match open {
        '"' | '`' => Some(open),
        '“' => Some('”'),
        '«' => Some('»'),
        _ => None,
    }
}
