//! Log lines on standard output, in the format people already grep, or as JSON.

use std::{borrow::Cow, fmt};

use api::clock::{Clock, SystemClock};
use jiff::Timestamp;
use opentelemetry::{
    Context,
    trace::{SpanContext, TraceContextExt},
};
use serde_json::{Map, Value};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    Layer,
    fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter, format::Writer},
    registry::LookupSpan,
};

use super::event::EventText;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// `2026-11-03 10:15:00 - logger - LEVEL - [trace_id=… span_id=…] - message`, in UTC.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

/// Writes each event as one line to `output`, with the ids of the current span.
pub fn stdout_layer<S, W>(format: LogFormat, output: W) -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(output)
        .event_format(Lines { format })
}

struct Lines {
    format: LogFormat,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let span = Context::map_current(|context| context.span().span_context().clone());
        let line = Line {
            time: SystemClock.now(),
            logger: event.metadata().target(),
            level: level(*event.metadata().level()),
            span: span.is_valid().then_some(span),
            text: EventText::of(event),
        };
        match self.format {
            LogFormat::Text => line.write_text(&mut writer),
            LogFormat::Json => writeln!(writer, "{}", line.json()),
        }
    }
}

struct Line<'a> {
    time: Timestamp,
    logger: &'a str,
    level: &'static str,
    span: Option<SpanContext>,
    text: EventText,
}

impl Line<'_> {
    fn write_text(&self, out: &mut impl fmt::Write) -> fmt::Result {
        let (logger, level) = (self.logger, self.level);
        let time = self.time.strftime("%Y-%m-%d %H:%M:%S");
        write!(out, "{time} - {logger} - {level} - ")?;
        if let Some(span) = &self.span {
            let (trace_id, span_id) = (span.trace_id(), span.span_id());
            write!(out, "[trace_id={trace_id} span_id={span_id}] - ")?;
        }
        out.write_str(&one_line(&self.text.message))?;
        for (name, value) in &self.text.fields {
            // JSON keeps line breaks escaped.
            write!(out, " {name}={value}")?;
        }
        out.write_char('\n')
    }

    fn json(self) -> Value {
        let mut object = Map::new();
        // Fields first: one that bears the name of ours does not replace it.
        object.extend(
            self.text
                .fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        object.insert("timestamp".to_owned(), format!("{:.3}", self.time).into());
        object.insert("level".to_owned(), self.level.into());
        object.insert("logger".to_owned(), self.logger.into());
        object.insert("message".to_owned(), self.text.message.into());
        if let Some(span) = self.span {
            object.insert("trace_id".to_owned(), span.trace_id().to_string().into());
            object.insert("span_id".to_owned(), span.span_id().to_string().into());
        }
        Value::Object(object)
    }
}

/// A message must not be able to forge another line.
fn one_line(message: &str) -> Cow<'_, str> {
    if !message.contains(['\n', '\r']) {
        return Cow::Borrowed(message);
    }
    Cow::Owned(message.replace('\n', "\\n").replace('\r', "\\r"))
}

/// The levels by the names the original logs use.
fn level(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG | Level::TRACE => "DEBUG",
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanId, TraceFlags, TraceId, TraceState};

    use super::*;

    fn line(message: &str, span: Option<SpanContext>) -> Line<'static> {
        let fields = vec![("count", Value::from(3))];
        Line {
            time: Timestamp::from_second(1_762_164_900).unwrap(),
            logger: "runtime::agent",
            level: level(Level::WARN),
            span,
            text: EventText {
                message: message.to_owned(),
                fields,
            },
        }
    }

    fn span() -> SpanContext {
        SpanContext::new(
            TraceId::from(1),
            SpanId::from(2),
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        )
    }

    fn written(line: &Line<'_>) -> String {
        let mut written = String::new();
        line.write_text(&mut written).unwrap();
        written
    }

    #[test]
    fn a_line_inside_a_span_carries_its_ids() {
        assert_eq!(
            written(&line("Ready", Some(span()))),
            "2025-11-03 10:15:00 - runtime::agent - WARNING - \
             [trace_id=00000000000000000000000000000001 span_id=0000000000000002] - Ready count=3\n"
        );
    }

    #[test]
    fn a_line_outside_any_span_has_no_bracket_and_stays_one_line() {
        assert_eq!(
            written(&line("one\ntwo", None)),
            "2025-11-03 10:15:00 - runtime::agent - WARNING - one\\ntwo count=3\n"
        );
    }

    #[test]
    fn a_json_line_holds_the_same() {
        assert_eq!(
            line("Ready", Some(span())).json(),
            serde_json::json!({
                "timestamp": "2025-11-03T10:15:00.000Z", "logger": "runtime::agent",
                "level": "WARNING", "message": "Ready", "count": 3,
                "trace_id": "00000000000000000000000000000001", "span_id": "0000000000000002"
            })
        );
    }
}
