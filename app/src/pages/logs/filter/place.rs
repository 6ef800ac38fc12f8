//! Where a line stands in a list of logs.

use std::fmt;

use api::traces::{LogPosition, LogRecord};

/// The place of a line: by time, of one time by arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) time_ns: u64,
    pub(crate) position: LogPosition,
}

impl Place {
    pub(crate) fn of(log: &LogRecord) -> Self {
        Self {
            time_ns: log.time_ns,
            position: log.position,
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.splitn(3, '-').map(|number| number.parse().ok());
        Some(Self {
            time_ns: numbers.next()??,
            position: LogPosition {
                segment: numbers.next()??,
                ordinal: numbers.next()??,
            },
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LogPosition { segment, ordinal } = self.position;
        write!(f, "{}-{segment}-{ordinal}", self.time_ns)
    }
}
