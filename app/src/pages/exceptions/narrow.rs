//! Which kinds of exceptions are listed: by words, `type:` and `-type:`.

use std::fmt;

use api::telemetry::ExceptionGroup;

/// All conditions have to be met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Narrow(Vec<Condition>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    /// It stands in the type, the message or the place, whatever the case of its letters.
    Word(String),
    Type(String),
    NotType(String),
}

impl Narrow {
    /// Every text asks for something; types have no spaces.
    pub(super) fn parse(text: &str) -> Self {
        let condition = |word: &str| {
            let value = |prefix| word.strip_prefix(prefix).map(str::to_owned);
            match (value("type:"), value("-type:")) {
                (Some(of), _) => Condition::Type(of),
                (None, Some(of)) => Condition::NotType(of),
                (None, None) => Condition::Word(word.to_owned()),
            }
        };
        Self(text.split_whitespace().map(condition).collect())
    }

    /// The same without a type.
    pub(super) fn without(&self, exception_type: &str) -> Self {
        let mut conditions = self.0.clone();
        let new = Condition::NotType(exception_type.to_owned());
        conditions.retain(|known| *known != new);
        conditions.push(new);
        Self(conditions)
    }

    pub(super) fn keeps(&self, group: &ExceptionGroup) -> bool {
        self.0.iter().all(|condition| match condition {
            Condition::Type(of) => group.exception_type == *of,
            Condition::NotType(of) => group.exception_type != *of,
            Condition::Word(word) => {
                let word = word.to_lowercase();
                let texts = [&group.exception_type, &group.template, &group.top_frame];
                texts.iter().any(|text| text.to_lowercase().contains(&word))
            }
        })
    }
}

impl fmt::Display for Narrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .enumerate()
            .try_for_each(|(place, condition)| {
                let space = if place == 0 { "" } else { " " };
                match condition {
                    Condition::Word(word) => write!(f, "{space}{word}"),
                    Condition::Type(of) => write!(f, "{space}type:{of}"),
                    Condition::NotType(of) => write!(f, "{space}-type:{of}"),
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use api::telemetry::ExceptionGroupId;

    use super::*;

    #[test]
    fn kinds_are_narrowed_by_words_and_types() {
        let group = ExceptionGroup {
            id: ExceptionGroupId(1),
            exception_type: "ValueError".to_owned(),
            template: "Tool ‹*› not found".to_owned(),
            top_frame: "at tool.x".to_owned(),
            n: 1,
            n_traces: 1,
            first_ns: 0,
            last_ns: 0,
            first_ever_ns: 0,
            services: Vec::new(),
            counts: Vec::new(),
        };
        let check = |text: &str, expected| {
            let narrow = Narrow::parse(text);
            assert_eq!(narrow.keeps(&group), expected, "{text}");
            assert_eq!(Narrow::parse(&narrow.to_string()), narrow);
        };
        check("", true);
        check("NOT found", true);
        check("type:ValueError tool.x", true);
        check("-type:KeyError", true);
        check("-type:ValueError", false);
        check("type:KeyError", false);
        check("missing", false);
        let without = Narrow::parse("tool").without("A").without("A");
        assert_eq!(without.to_string(), "tool -type:A");
    }
}
