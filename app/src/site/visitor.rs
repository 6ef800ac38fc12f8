//! What cookies tell about who asks.

use http::{HeaderMap, HeaderValue};

use super::{
    cookies::{Reach, cookie, set_cookie},
    preferences::{Density, Navigation, Preference, Shortcuts, Theme},
};
use crate::kinds::ALL_NAMESPACES;

/// Who asks, as far as cookies tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Visitor {
    /// The colours chosen.
    pub(crate) theme: Theme,
    /// The height of rows.
    pub(crate) density: Density,
    /// The width of the navigation.
    pub(crate) navigation: Navigation,
    /// Whether single keys do something.
    pub(crate) shortcuts: Shortcuts,
    /// The namespace visited last.
    pub(crate) namespace: Option<String>,
}

impl Visitor {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self {
            theme: Theme::of(headers),
            density: Density::of(headers),
            navigation: Navigation::of(headers),
            shortcuts: Shortcuts::of(headers),
            namespace: cookie(headers, "ns")
                .filter(|namespace| is_namespace(namespace))
                .map(str::to_owned),
        }
    }

    /// The header that stores the namespace of `path`, when it is another than before.
    pub(super) fn remember_namespace(&self, path: &str) -> Option<HeaderValue> {
        let namespace = path.strip_prefix("/ns/")?.split('/').next()?;
        let is_new = self.namespace.as_deref() != Some(namespace);
        (is_new && is_namespace(namespace))
            .then(|| set_cookie("ns", namespace, Reach::Preference))
            .flatten()
    }
}

fn is_namespace(text: &str) -> bool {
    text == ALL_NAMESPACES || api::validation::name_problem(text, 63).is_none()
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
        assert!(visitor.remember_namespace("/ns/_all").is_some());
        assert!(visitor.remember_namespace("/ns/Not A Name").is_none());
        assert!(visitor.remember_namespace("/traces/1").is_none());
    }
}
