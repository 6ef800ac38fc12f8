//! One sentence about what a form has just done, shown on the page it leads to.
//!
//! It travels in a cookie as a few names, never as text: what a page shows is composed here.

use http::{HeaderMap, HeaderValue};

use super::cookies::{Reach, cookie, set_cookie};
use crate::kinds::Kind;

const COOKIE: &str = "flash";

/// What was done, and to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flash {
    pub(crate) deed: Deed,
    pub(crate) kind: Kind,
    pub(crate) namespace: String,
    /// The object's name; how many there were, when it was more than one.
    pub(crate) object: String,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Created,
    Saved,
    Deleted,
    DeletedMany,
    LabelledMany,
    RestartedMany,
}

impl Deed {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Created, "created"),
        (Self::Saved, "saved"),
        (Self::Deleted, "deleted"),
        (Self::DeletedMany, "deleted-many"),
        (Self::LabelledMany, "labelled-many"),
        (Self::RestartedMany, "restarted-many"),
    ];
}

impl Flash {
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut parts = cookie(headers, COOKIE)?.splitn(4, '.');
        let deed = parts.next()?;
        let (deed, _) = *Deed::ALL.iter().find(|(_, word)| *word == deed)?;
        Some(Self {
            deed,
            kind: Kind::of_plural(parts.next()?)?,
            namespace: parts.next()?.to_owned(),
            object: parts.next()?.to_owned(),
        })
    }

    /// The header that hands it to the next page.
    pub(super) fn set_cookie(&self) -> Option<HeaderValue> {
        let (_, deed) = Deed::ALL.iter().find(|(deed, _)| *deed == self.deed)?;
        let value = format!(
            "{deed}.{}.{}.{}",
            self.kind.plural(),
            self.namespace,
            self.object
        );
        set_cookie(COOKIE, &value, Reach::Once)
    }

    /// The header that says that it was shown.
    pub(super) fn forget() -> Option<HeaderValue> {
        set_cookie(COOKIE, "", Reach::Gone)
    }

    /// What is said.
    pub(crate) fn words(&self) -> String {
        let Self {
            deed, kind, object, ..
        } = self;
        let many = if object == "1" {
            format!("1 {}", kind.noun())
        } else {
            format!("{object} {}", kind.nouns())
        };
        match deed {
            Deed::Created => format!("Created {} {object}", kind.noun()),
            Deed::Saved => format!("Saved {} {object}", kind.noun()),
            Deed::Deleted => format!("Deleted {} {object}", kind.noun()),
            Deed::DeletedMany => format!("Deleted {many}"),
            Deed::LabelledMany => format!("Labelled {many}"),
            Deed::RestartedMany => format!("Restarted {many}"),
        }
    }

    /// Where the object is, while there is one.
    pub(crate) fn href(&self) -> Option<String> {
        match self.deed {
            Deed::Created | Deed::Saved => Some(self.kind.href(&self.namespace, &self.object)),
            Deed::Deleted | Deed::DeletedMany | Deed::LabelledMany | Deed::RestartedMany => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    #[test]
    fn what_was_done_survives_the_way_to_the_next_page() {
        let flash = Flash {
            deed: Deed::Created,
            kind: Kind::Agent,
            namespace: "team-a".to_owned(),
            object: "analyst".to_owned(),
        };
        let cookie = flash.set_cookie().unwrap();
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, pair.parse().unwrap());
        assert_eq!(Flash::of(&headers), Some(flash.clone()));
        assert_eq!(flash.words(), "Created agent analyst");
        assert_eq!(flash.href().as_deref(), Some("/ns/team-a/agents/analyst"));
    }

    #[test]
    fn a_cookie_that_says_nothing_known_is_passed_over() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::COOKIE,
            HeaderValue::from_static("flash=hacked.agents.a.b"),
        );
        assert_eq!(Flash::of(&headers), None);
    }
}
