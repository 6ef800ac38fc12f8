//! The address of a trace's page: everything that changes what is on screen.

use std::fmt;

use api::traces::{SpanId, TraceId};

use super::layout::Transport;
use crate::pages::params::query;

/// Rows of the tree on one page.
pub(crate) const ROWS: usize = 500;

/// What the panel shows of the chosen span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Side {
    /// The exception when there is one, and what the span means otherwise.
    #[default]
    Fitting,
    /// What it means, by its kind.
    Call,
    Exception,
    Attributes,
    Logs,
    Events,
    Raw,
}

/// How the spans are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TraceView {
    /// As a tree over time.
    #[default]
    Waterfall,
    /// As a text to read.
    Steps,
    /// Added up.
    Table,
    /// All that was logged.
    Logs,
}

impl TraceView {
    /// All of them, in the order of the links.
    pub(crate) const ALL: [Self; 4] = [Self::Waterfall, Self::Steps, Self::Table, Self::Logs];

    /// The word in the address.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Waterfall => "waterfall",
            Self::Steps => "steps",
            Self::Table => "table",
            Self::Logs => "logs",
        }
    }

    /// The word in the link.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Waterfall => "Waterfall",
            Self::Steps => "Steps",
            Self::Table => "Table",
            Self::Logs => "Logs",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.as_str() == text)
    }
}

/// How much of the page is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    Whole,
    /// The browser has the rows, and wants the rest of another span.
    WithoutRows,
}

impl Side {
    /// All of them, in the order of the tabs.
    pub(crate) const ALL: [Self; 6] = [
        Self::Call,
        Self::Exception,
        Self::Attributes,
        Self::Logs,
        Self::Events,
        Self::Raw,
    ];

    /// The word in the address.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Fitting => "",
            Self::Call => "call",
            Self::Exception => "exception",
            Self::Attributes => "attributes",
            Self::Logs => "logs",
            Self::Events => "events",
            Self::Raw => "raw",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|side| side.as_str() == text)
    }
}

/// `/traces/{id}?span=…&side=…&from=…&transport=1`; what is as usual is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceUrl {
    pub(crate) id: TraceId,
    pub(crate) span: Option<SpanId>,
    pub(crate) side: Side,
    pub(crate) transport: Transport,
    pub(crate) view: TraceView,
    /// First row shown.
    pub(crate) from: usize,
    /// How much of the page is asked for.
    pub(crate) extent: Extent,
}

impl TraceUrl {
    /// The address of a trace, with nothing chosen.
    pub(crate) fn of(id: TraceId) -> Self {
        Self {
            id,
            span: None,
            side: Side::Fitting,
            transport: Transport::Hidden,
            view: TraceView::Waterfall,
            from: 0,
            extent: Extent::Whole,
        }
    }

    /// What the request asks for; none when its path has no trace id.
    pub(crate) fn requested(id: &str) -> Option<Self> {
        Some(Self::asked(TraceId::parse(id)?, &query()))
    }

    /// What a query asks for of the trace `id`.
    pub(crate) fn asked(id: TraceId, query: &[(String, String)]) -> Self {
        let value = |name: &str| {
            let mut pairs = query.iter();
            let found = pairs.find(|(key, _)| key == name);
            found
                .map(|(_, value)| value.as_str())
                .filter(|value| !value.is_empty())
        };
        Self {
            id,
            span: value("span").and_then(SpanId::parse),
            side: value("side").and_then(Side::parse).unwrap_or_default(),
            transport: match value("transport") {
                Some("1") => Transport::Shown,
                Some(_) | None => Transport::Hidden,
            },
            view: value("view").and_then(TraceView::parse).unwrap_or_default(),
            from: value("from")
                .and_then(|text| text.parse().ok())
                .unwrap_or(0),
            extent: match value("part") {
                Some(_) => Extent::WithoutRows,
                None => Extent::Whole,
            },
        }
    }

    pub(crate) fn with_span(self, span: SpanId) -> Self {
        Self {
            span: Some(span),
            ..self
        }
    }

    pub(crate) fn with_side(self, side: Side) -> Self {
        Self { side, ..self }
    }

    pub(crate) fn with_view(self, view: TraceView) -> Self {
        let from = 0;
        Self { view, from, ..self }
    }

    pub(crate) fn with_from(self, from: usize) -> Self {
        Self { from, ..self }
    }

    pub(crate) fn with_transport(self, transport: Transport) -> Self {
        let from = 0;
        Self {
            transport,
            from,
            ..self
        }
    }
}

impl fmt::Display for TraceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/traces/{}", self.id)?;
        let mut separator = '?';
        let mut pair = |f: &mut fmt::Formatter<'_>, key: &str, value: &dyn fmt::Display| {
            let written = write!(f, "{separator}{key}={value}");
            separator = '&';
            written
        };
        if let Some(span) = &self.span {
            pair(f, "span", span)?;
        }
        if self.side != Side::Fitting {
            pair(f, "side", &self.side.as_str())?;
        }
        if self.transport == Transport::Shown {
            pair(f, "transport", &1)?;
        }
        if self.view != TraceView::Waterfall {
            pair(f, "view", &self.view.as_str())?;
        }
        if self.from > 0 {
            pair(f, "from", &self.from)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_unusual_is_in_the_address() {
        let url = TraceUrl::of(TraceId([0xab; 16]));
        assert_eq!(url.to_string(), format!("/traces/{}", "ab".repeat(16)));
        let url = url
            .with_span(SpanId([1; 8]))
            .with_side(Side::Logs)
            .with_transport(Transport::Shown)
            .with_from(ROWS);
        let query = "?span=0101010101010101&side=logs&transport=1&from=500";
        assert_eq!(
            url.to_string(),
            format!("/traces/{}{query}", "ab".repeat(16))
        );
    }
}
