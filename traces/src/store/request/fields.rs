//! Some fields of a message, encoded: what the columns of a block hold need not be stored again.

use prost::Message;

use crate::store::varint::{Cursor, Damaged};

/// Appends the message without the fields `left_out`, and says how long the rest is.
///
/// `scratch` is for the message as a whole; who has many encodes all of them in the same.
pub(super) fn encode_without(
    message: &impl Message,
    left_out: &[u64],
    scratch: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> usize {
    scratch.clear();
    let before = out.len();
    // Not `encode`, which first looks whether there is room: a vector grows.
    message.encode_raw(scratch);
    let mut rest = Cursor(scratch);
    while !rest.is_empty() {
        let from = rest;
        let Ok(number) = skip_field(&mut rest) else {
            // An encoder writes no such thing; what is not understood is kept.
            out.extend_from_slice(from.0);
            break;
        };
        if !left_out.contains(&number) {
            out.extend_from_slice(&from.0[..from.0.len() - rest.0.len()]);
        }
    }
    out.len() - before
}

/// Goes past a field, and says its number.
fn skip_field(cursor: &mut Cursor<'_>) -> Result<u64, Damaged> {
    const WIRE_TYPE: u64 = 7;
    let tag = cursor.number()?;
    let length = match tag & WIRE_TYPE {
        0 => cursor.number().map(|_| 0)?,
        1 => 8,
        2 => cursor.count()?,
        5 => 4,
        _ => return Err(Damaged),
    };
    cursor.bytes(length)?;
    Ok(tag >> WIRE_TYPE.count_ones())
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::KeyValue;
    use opentelemetry_proto::tonic::trace::v1::{Span, Status, span::Event};

    use super::*;

    #[test]
    fn the_other_fields_come_back_as_they_were() {
        let span = Span {
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            trace_state: "a=b".to_owned(),
            flags: 257,
            name: "agent.step.1".to_owned(),
            kind: 3,
            start_time_unix_nano: 1,
            attributes: vec![KeyValue::default(), KeyValue::default()],
            dropped_attributes_count: 300,
            events: vec![Event {
                name: "exception".to_owned(),
                ..Event::default()
            }],
            status: Some(Status::default()),
            ..Span::default()
        };
        let (mut scratch, mut out) = (vec![9], vec![9]);
        let length = encode_without(&span, &[1, 5, 7], &mut scratch, &mut out);
        let expected = Span {
            trace_id: vec![],
            name: String::new(),
            start_time_unix_nano: 0,
            ..span
        };
        assert_eq!(out.len(), 1 + length);
        assert_eq!(Span::decode(&out[1..]).unwrap(), expected);
    }
}
