//! How long a text may be before it is cut. What is cut says so, and how long it was.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};

/// Bytes of a value: of an attribute or of the body of a log record.
pub(super) const MAX_VALUE_BYTES: usize = 256 << 10;

/// Bytes of a name: of a span, an event or a metric, and of a value that tells series or senders apart. They
/// are kept in memory.
pub(super) const MAX_NAME_BYTES: usize = 2 << 10;

/// Cuts values that are too long.
pub(super) fn cut_values(attributes: &mut [KeyValue], max: usize) {
    for value in attributes.iter_mut().filter_map(|pair| pair.value.as_mut()) {
        cut_value(value, max);
    }
}

/// Cuts a value that is too long, also inside of lists and maps.
pub(super) fn cut_value(value: &mut AnyValue, max: usize) {
    match &mut value.value {
        Some(Value::StringValue(text)) => cut(text, max),
        Some(Value::BytesValue(bytes)) => bytes.truncate(max),
        Some(Value::ArrayValue(list)) => {
            list.values
                .iter_mut()
                .for_each(|value| cut_value(value, max));
        }
        Some(Value::KvlistValue(map)) => cut_values(&mut map.values, max),
        Some(
            Value::BoolValue(_)
            | Value::IntValue(_)
            | Value::DoubleValue(_)
            | Value::StringValueStrindex(_),
        )
        | None => {}
    }
}

/// Cuts a text that is too long.
pub(super) fn cut(text: &mut String, max: usize) {
    if text.len() > max {
        let whole = text.len();
        text.truncate(text.floor_char_boundary(max));
        text.push_str("… (cut: ");
        text.push_str(&whole.to_string());
        text.push_str(" bytes)");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_cut_says_how_long_it_was() {
        let check = |sent: &str, expected: &str| {
            let mut text = sent.to_owned();
            cut(&mut text, 5);
            assert_eq!(text, expected);
        };
        check("12345", "12345");
        check("123456", "12345… (cut: 6 bytes)");
        check("1234ü", "1234… (cut: 6 bytes)");
    }
}
