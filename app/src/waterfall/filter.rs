//! Words that spans are searched for: `kind:tool status:error duration:>1s chips`.

use super::skeleton::{Flags, Skeleton};

/// What a span has to be; all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    /// In its title or its service.
    Words(String),
    Kind(String),
    Service(String),
    Status(String),
    Longer(u64),
    Shorter(u64),
    /// On the critical path.
    Critical,
}

impl Filter {
    /// Reads what somebody typed; a word of no known form is looked for in titles.
    pub fn parse(text: &str) -> Self {
        let conditions = text.to_lowercase();
        let conditions = conditions.split_whitespace().map(Condition::parse);
        Self {
            conditions: conditions.collect(),
        }
    }

    /// Whether every span matches.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Whether each span matches. Words are compared once per label, not once per span.
    pub fn matches(&self, skeleton: &Skeleton) -> Vec<bool> {
        let labels = &skeleton.head.labels;
        let by_label: Vec<bool> = labels
            .iter()
            .map(|label| {
                let (title, service) = (label.title.to_lowercase(), label.service.to_lowercase());
                self.conditions.iter().all(|condition| match condition {
                    Condition::Words(words) => title.contains(words) || service.contains(words),
                    Condition::Service(words) => service.contains(words),
                    Condition::Kind(kind) => label.kind.is_some_and(|own| own.as_str() == kind),
                    Condition::Status(_)
                    | Condition::Longer(_)
                    | Condition::Shorter(_)
                    | Condition::Critical => true,
                })
            })
            .collect();
        let of_span = |flags: Flags, length_ns: u64| {
            self.conditions.iter().all(|condition| match condition {
                Condition::Status(status) => match status.as_str() {
                    "error" => flags.has(Flags::ERROR),
                    "running" => flags.has(Flags::OPEN),
                    "ok" => !flags.has(Flags::ERROR) && !flags.has(Flags::OPEN),
                    _ => false,
                },
                Condition::Longer(least) => length_ns > *least,
                Condition::Shorter(most) => length_ns < *most,
                Condition::Critical => flags.has(Flags::CRITICAL),
                Condition::Words(_) | Condition::Service(_) | Condition::Kind(_) => true,
            })
        };
        let nodes = skeleton.nodes.iter();
        nodes
            .map(|node| {
                by_label.get(node.label as usize).copied().unwrap_or(false)
                    && of_span(node.flags, skeleton.ns(node.length))
            })
            .collect()
    }
}

impl Condition {
    fn parse(word: &str) -> Self {
        let as_words = || Self::Words(word.to_owned());
        let Some((key, value)) = word.split_once(':') else {
            return as_words();
        };
        match (key, value) {
            ("kind", kind) => Self::Kind(kind.to_owned()),
            ("service" | "agent", service) => Self::Service(service.to_owned()),
            ("status", status) => Self::Status(status.to_owned()),
            ("is", "critical") => Self::Critical,
            ("duration", bound) => {
                let longer = bound.strip_prefix('>').and_then(nanoseconds);
                let shorter = bound.strip_prefix('<').and_then(nanoseconds);
                match (longer, shorter) {
                    (Some(least), _) => Self::Longer(least),
                    (None, Some(most)) => Self::Shorter(most),
                    (None, None) => as_words(),
                }
            }
            _ => as_words(),
        }
    }
}

/// Reads `1s`, `250ms`, `1.5m`.
fn nanoseconds(text: &str) -> Option<u64> {
    let number_ends = text.find(|letter: char| letter.is_ascii_alphabetic() || letter == 'µ')?;
    let (number, unit) = text.split_at(number_ends);
    let unit_ns = match unit {
        "us" | "µs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let whole = whole.parse::<u64>().ok()?.checked_mul(unit_ns)?;
    let mut digit_ns = unit_ns;
    let mut sum = whole;
    for digit in part.chars() {
        digit_ns /= 10;
        sum = sum.checked_add(u64::from(digit.to_digit(10)?) * digit_ns)?;
    }
    Some(sum)
}
