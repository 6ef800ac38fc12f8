//! How it stands with groups of exceptions, and what can be said about them.

use api::telemetry::{ExceptionGroup, GroupStatus};
use leptos::prelude::*;

use crate::{
    components::status_mark::{Mark, StatusMark},
    frame::{Back, CsrfField},
    untrusted::visible,
};

/// Which groups are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Listed {
    /// Those that somebody has to look at.
    #[default]
    Open,
    Resolved,
    Ignored,
    All,
}

impl Listed {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Open, "open"),
        (Self::Resolved, "resolved"),
        (Self::Ignored, "ignored"),
        (Self::All, "all"),
    ];

    /// What is not understood is not asked for.
    pub(super) fn parse(text: &str) -> Self {
        let known = Self::ALL.iter().find(|(_, word)| *word == text);
        known.map_or(Self::default(), |(listed, _)| *listed)
    }

    /// The word in the address and in the form.
    pub(super) fn as_str(self) -> &'static str {
        let known = Self::ALL.iter().find(|(listed, _)| *listed == self);
        known.map_or("", |(_, word)| word)
    }

    /// Value and word of each.
    pub(super) fn options() -> Vec<(String, String)> {
        let option = |(_, word): (Self, &str)| (word.to_owned(), word.to_owned());
        Self::ALL.map(option).to_vec()
    }

    pub(super) fn keeps(self, status: GroupStatus) -> bool {
        match self {
            Self::Open => matches!(status, GroupStatus::Open | GroupStatus::Regressed),
            Self::Resolved => status == GroupStatus::Resolved,
            Self::Ignored => status == GroupStatus::Ignored,
            Self::All => true,
        }
    }
}

/// Shape and word.
pub(super) fn mark(status: GroupStatus) -> AnyView {
    let (mark, word) = match status {
        GroupStatus::Open => (Mark::Failed, "Open"),
        GroupStatus::Regressed => (Mark::Degraded, "Regressed"),
        GroupStatus::Resolved => (Mark::Ready, "Resolved"),
        GroupStatus::Ignored => (Mark::Cancelled, "Ignored"),
    };
    view! { <StatusMark mark word /> }.into_any()
}

/// Id of the form that the buttons of a page belong to.
const FORM: &str = "decide";

/// The form of the buttons, which leads back to its page.
pub(super) fn form() -> AnyView {
    view! {
        <form id=FORM method="post" action="/exceptions/decide">
            <CsrfField />
            <Back />
        </form>
    }
    .into_any()
}

/// What can be said about a group. Each button is of the one [`form`] of the page.
pub(super) fn buttons(group: &ExceptionGroup, status: GroupStatus) -> AnyView {
    let words: &[(&'static str, &'static str)] = match status {
        GroupStatus::Open | GroupStatus::Regressed => {
            &[("resolve", "Resolve"), ("ignore", "Ignore")]
        }
        GroupStatus::Resolved | GroupStatus::Ignored => &[("reopen", "Open again")],
    };
    let what = format!("{}: {}", group.exception_type, group.template);
    let what = visible(&what).into_owned();
    let id = group.id.to_string();
    let button = |(name, word): &(&'static str, &'static str)| {
        view! {
            <button
                class="button"
                type="submit"
                form=FORM
                name=*name
                value=id.clone()
                aria-label=format!("{word} {what}")
            >
                {*word}
            </button>
        }
    };
    words.iter().map(button).collect_view().into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_back_is_among_the_open_ones() {
        assert!(Listed::parse("").keeps(GroupStatus::Regressed));
        assert!(Listed::parse("open").keeps(GroupStatus::Open));
        assert!(!Listed::parse("open").keeps(GroupStatus::Resolved));
        assert!(!Listed::parse("resolved").keeps(GroupStatus::Regressed));
        assert!(Listed::parse("all").keeps(GroupStatus::Ignored));
        assert_eq!(Listed::parse("<i>"), Listed::Open);
    }
}
