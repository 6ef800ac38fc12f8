//! Exceptions that spans and log records tell of.

use std::collections::HashMap;

use api::attributes::key;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::integer;
use crate::convert;
use crate::store::fingerprint::Fingerprint;

/// The exceptions of a batch.
#[derive(Default)]
pub(in crate::store) struct Exceptions {
    /// Each once.
    pub(in crate::store) groups: Vec<Fingerprint>,
    places: HashMap<Fingerprint, usize>,
    pub(in crate::store) rows: Vec<ExceptionRow>,
}

/// One exception.
pub(in crate::store) struct ExceptionRow {
    /// Place among the groups.
    pub(in crate::store) group: usize,
    /// Place of its span or record among the batch's rows.
    pub(in crate::store) place: usize,
    /// Which of the span's events it is; 0 of a record.
    pub(in crate::store) event: usize,
    pub(in crate::store) time_ns: i64,
}

impl Exceptions {
    /// Notes those among the events of the span at `place`.
    pub(super) fn of_span(&mut self, place: usize, span: &Span) {
        for (event, sent) in span.events.iter().enumerate() {
            if sent.name == key::EXCEPTION {
                self.note(place, event, integer(sent.time_unix_nano), &sent.attributes);
            }
        }
    }

    /// Notes that of the record at `place`, if it tells of one.
    pub(super) fn of_record(&mut self, place: usize, time_ns: u64, attributes: &[KeyValue]) {
        let tells =
            |pair: &KeyValue| pair.key == key::EXCEPTION_TYPE || pair.key == key::EXCEPTION_MESSAGE;
        if attributes.iter().any(tells) {
            self.note(place, 0, integer(time_ns), attributes);
        }
    }

    fn note(&mut self, place: usize, event: usize, time_ns: i64, attributes: &[KeyValue]) {
        let text = |key| convert::attribute_text(attributes, key).unwrap_or_default();
        let fingerprint = Fingerprint::new(
            &text(key::EXCEPTION_TYPE),
            &text(key::EXCEPTION_MESSAGE),
            &text(key::EXCEPTION_STACKTRACE),
        );
        let group = *self
            .places
            .entry(fingerprint)
            .or_insert_with_key(|fingerprint| {
                self.groups.push(fingerprint.clone());
                self.groups.len() - 1
            });
        self.rows.push(ExceptionRow {
            group,
            place,
            event,
            time_ns,
        });
    }
}
