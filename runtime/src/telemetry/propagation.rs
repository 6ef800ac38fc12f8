//! W3C trace context and baggage, in headers and in MCP's `_meta`.
//!
//! The SDK's propagators accept more than the standard allows, so what comes from outside is checked
//! here first: an invalid `traceparent` starts a new trace, and its `tracestate` is not used.

use std::{borrow::Cow, collections::HashMap, hash::BuildHasher};

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator},
};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
const BAGGAGE: &str = "baggage";
/// Members a `tracestate` may have.
const MAX_STATES: usize = 32;

/// The caller's context.
pub fn extract(headers: &HeaderMap) -> Context {
    let mut fields = Fields::parent_of(headers);
    fields.baggage = value(headers, BAGGAGE);
    BaggagePropagator::new().extract_with_context(&fields.parent(), &fields)
}

/// The span that the caller asks in, without what it carries for those who are asked further on.
pub fn extract_span(headers: &HeaderMap) -> Context {
    Fields::parent_of(headers).parent()
}

/// The caller's context, from a map with lowercase keys.
pub fn extract_map<S: BuildHasher>(given: &HashMap<String, String, S>) -> Context {
    let field = |name: &str| given.get(name).map(|value| Cow::from(value.as_str()));
    let mut fields = Fields::checked(field(TRACEPARENT), field(TRACESTATE));
    fields.baggage = field(BAGGAGE);
    BaggagePropagator::new().extract_with_context(&fields.parent(), &fields)
}

/// A header's value. Several are joined, which makes none of two trace contexts, as it should be.
fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<Cow<'a, str>> {
    let mut values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let first = values.next()?;
    let joined = values.fold(Cow::from(first), |joined, next| joined + "," + next);
    Some(joined)
}

/// Writes a context into headers, in place of the one they carried.
pub fn inject(context: &Context, headers: &mut HeaderMap) {
    for name in [TRACEPARENT, TRACESTATE, BAGGAGE] {
        headers.remove(name);
    }
    for (name, value) in Fields::of(context).given() {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// A context as a map with lowercase keys.
pub fn inject_map(context: &Context) -> HashMap<String, String> {
    let fields = Fields::of(context).given();
    fields
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Whether a `traceparent` is one: four fields of lowercase hex digits, of the right length each,
/// and more only in versions to come. All-zero ids are left to the propagator.
fn is_valid(traceparent: &str) -> bool {
    let mut fields = traceparent.split('-');
    let mut field = || fields.next();
    let (Some(version), Some(trace_id), Some(span_id), Some(flags)) =
        (field(), field(), field(), field())
    else {
        return false;
    };
    let ends_here = field().is_none();
    let is_hex = |text: &str, digits: usize| {
        text.len() == digits
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    is_hex(version, 2)
        && version != "ff"
        && (version != "00" || ends_here)
        && is_hex(trace_id, 32)
        && is_hex(span_id, 16)
        && is_hex(flags, 2)
}

/// Header fields between us and the propagators.
#[derive(Default)]
struct Fields<'a> {
    parent: Option<Cow<'a, str>>,
    state: Option<Cow<'a, str>>,
    baggage: Option<Cow<'a, str>>,
}

impl<'a> Fields<'a> {
    fn parent_of(headers: &'a HeaderMap) -> Self {
        Self::checked(value(headers, TRACEPARENT), value(headers, TRACESTATE))
    }

    /// Those that are valid.
    fn checked(parent: Option<Cow<'a, str>>, state: Option<Cow<'a, str>>) -> Self {
        let parent = parent.filter(|parent| is_valid(parent.trim()));
        let state = state.filter(|state| state.split(',').count() <= MAX_STATES);
        Self {
            state: state.filter(|_| parent.is_some()),
            parent,
            baggage: None,
        }
    }

    /// The caller's span.
    fn parent(&self) -> Context {
        TraceContextPropagator::new().extract_with_context(&Context::new(), self)
    }

    fn of(context: &Context) -> Self {
        let mut fields = Self::default();
        TraceContextPropagator::new().inject_context(context, &mut fields);
        BaggagePropagator::new().inject_context(context, &mut fields);
        fields
    }

    /// Those there are, by their names.
    fn given(self) -> impl Iterator<Item = (&'static str, String)> + use<'a> {
        let fields = [
            (TRACEPARENT, self.parent),
            (TRACESTATE, self.state),
            (BAGGAGE, self.baggage),
        ];
        let given = fields.into_iter();
        given.filter_map(|(name, value)| Some((name, value?.into_owned())))
    }
}

impl Injector for Fields<'_> {
    fn set(&mut self, key: &str, value: String) {
        // The propagator writes an empty `tracestate` when there is none.
        let value = (!value.is_empty()).then(|| Cow::from(value));
        match key {
            TRACEPARENT => self.parent = value,
            TRACESTATE => self.state = value,
            BAGGAGE => self.baggage = value,
            _ => {}
        }
    }
}

impl Extractor for Fields<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            TRACEPARENT => self.parent.as_deref(),
            TRACESTATE => self.state.as_deref(),
            BAGGAGE => self.baggage.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        let names = [TRACEPARENT, TRACESTATE, BAGGAGE];
        let given = names.into_iter().filter(|name| self.get(name).is_some());
        given.collect()
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::{baggage::BaggageExt, trace::TraceContextExt};

    use super::*;

    const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn begins_a_new_trace(fields: &[(&'static str, &str)]) -> bool {
        !extract(&headers(fields)).span().span_context().is_valid()
    }

    #[test]
    fn a_context_survives_the_way_through_headers() {
        let sent = headers(&[
            ("traceparent", VALID),
            ("tracestate", "one=1,two=2"),
            ("tracestate", "three=3"),
            ("baggage", "user=ann%20b"),
        ]);
        let context = extract(&sent);
        assert!(context.span().span_context().is_remote());
        assert_eq!(
            context
                .baggage()
                .get("user")
                .map(ToString::to_string)
                .as_deref(),
            Some("ann b")
        );

        let mut received = headers(&[("traceparent", "stale"), ("baggage", "stale=1")]);
        inject(&context, &mut received);
        assert_eq!(received["traceparent"], VALID);
        assert_eq!(received["tracestate"], "one=1,two=2,three=3");
        assert_eq!(received["baggage"], "user=ann%20b");
        let again = extract_map(&inject_map(&context));
        assert_eq!(again.span().span_context(), context.span().span_context());
    }

    #[test]
    fn nothing_is_written_for_an_empty_context() {
        let mut headers = headers(&[("traceparent", VALID), ("tracestate", "a=1")]);
        inject(&Context::new(), &mut headers);
        assert!(headers.is_empty(), "{headers:?}");
    }

    #[test]
    fn an_invalid_traceparent_begins_a_new_trace() {
        for invalid in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "zz-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert!(
                begins_a_new_trace(&[("traceparent", invalid)]),
                "{invalid:?}"
            );
        }
        assert!(begins_a_new_trace(&[
            ("traceparent", VALID),
            ("traceparent", VALID)
        ]));
        assert!(begins_a_new_trace(&[("tracestate", "a=1")]));
    }

    #[test]
    fn a_version_to_come_is_read_as_far_as_it_is_known() {
        let next = "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-holds";
        assert!(!begins_a_new_trace(&[("traceparent", next)]));
    }

    #[test]
    fn baggage_does_not_need_a_trace() {
        let context = extract(&headers(&[
            ("traceparent", "broken"),
            ("baggage", "kind=test"),
        ]));
        assert!(!context.span().span_context().is_valid());
        assert_eq!(context.baggage().len(), 1);
    }
}
