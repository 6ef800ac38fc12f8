//! What cookies tell about who asks.

use http::{HeaderMap, HeaderValue};

use super::cookies::{Reach, cookie, set_cookie};

/// Who asks, as far as cookies tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Visitor {
    /// The theme chosen.
    pub(crate) theme: Theme,
    /// The namespace visited last.
    pub(crate) namespace: Option<String>,
}

impl Visitor {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self {
            theme: cookie(headers, Theme::COOKIE).map_or(Theme::System, Theme::parse),
            namespace: cookie(headers, "ns")
                .filter(|namespace| api::validation::name_problem(namespace, 63).is_none())
                .map(str::to_owned),
        }
    }

    /// The header that stores the namespace of `path`, when it is another than before.
    pub(super) fn remember_namespace(&self, path: &str) -> Option<HeaderValue> {
        let namespace = path.strip_prefix("/ns/")?.split('/').next()?;
        let is_new = self.namespace.as_deref() != Some(namespace);
        let is_name = api::validation::name_problem(namespace, 63).is_none();
        (is_new && is_name)
            .then(|| set_cookie("ns", namespace, Reach::Preference))
            .flatten()
    }
}

/// Colours of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the reader's system has it.
    #[default]
    System,
    /// Light text on dark.
    Dark,
    /// Dark text on light.
    Light,
}

impl Theme {
    /// The cookie that holds it.
    pub(crate) const COOKIE: &'static str = "theme";

    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "dark" => Self::Dark,
            "light" => Self::Light,
            _ => Self::System,
        }
    }

    /// The value of the cookie and of `<html data-theme>`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }

    /// The theme the switch leads to.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::System => Self::Dark,
            Self::Dark => Self::Light,
            Self::Light => Self::System,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_remembered_when_it_changes() {
        let visitor = Visitor {
            namespace: Some("team-a".to_owned()),
            ..Visitor::default()
        };
        assert!(visitor.remember_namespace("/ns/team-a/agents").is_none());
        assert!(visitor.remember_namespace("/ns/team-b").is_some());
        assert!(visitor.remember_namespace("/ns/_all").is_none());
        assert!(visitor.remember_namespace("/traces/1").is_none());
    }
}
