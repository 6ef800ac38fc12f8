//! The messages of a replay as they are edited: changed, added and left out.

use std::fmt;

use api::chat::{Content, Message, Role};

use super::super::Fields;
use crate::pages::traces::Recording;

/// Comes once for each message there is, in their order, and says which it is.
pub(crate) const SAID: &str = "said";
/// What [`SAID`] says of a message that was added.
const ADDED: &str = "added";
/// Who may say a message that is added: what is called and what comes of it is the model's to say.
pub(crate) const ROLES: [(&str, Role); 3] = [
    ("user", Role::User),
    ("assistant", Role::Assistant),
    ("system", Role::System),
];

/// All messages, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Messages(pub(crate) Vec<Said>);

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) origin: Origin,
    pub(crate) text: String,
}

/// Where a message is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It was recorded, at this place.
    Recorded(usize),
    /// It was added, to be said by this role.
    Added(Role),
}

/// As [`SAID`] has it.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recorded(place) => place.fmt(f),
            Self::Added(_) => f.write_str(ADDED),
        }
    }
}

/// What a button does to the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Adds an empty one, to stand at this place.
    Add(usize),
    /// Leaves out the one at this place.
    Remove(usize),
}

impl Change {
    /// What the button of a form says.
    pub(super) fn read(intent: &str) -> Option<Self> {
        let (deed, place) = intent.split_once('-')?;
        let place = place.parse().ok()?;
        match deed {
            "add" => Some(Self::Add(place)),
            "remove" => Some(Self::Remove(place)),
            _ => None,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add(place) => write!(f, "add-{place}"),
            Self::Remove(place) => write!(f, "remove-{place}"),
        }
    }
}

impl Messages {
    /// As they were recorded.
    pub(super) fn of(recording: &Recording) -> Self {
        let messages = recording.messages.iter().enumerate();
        let said = messages.map(|(place, message)| Said {
            origin: Origin::Recorded(place),
            text: message.words(),
        });
        Self(said.collect())
    }

    pub(super) fn read(fields: &Fields, recording: &Recording) -> Self {
        let all = fields.all(SAID).into_iter().enumerate();
        let said = all.filter_map(|(place, said)| {
            let text = fields.get(&text_field(place));
            let text = text.map(|text| text.replace("\r\n", "\n"));
            if said == ADDED {
                let role = fields.get(&role_field(place)).unwrap_or_default();
                let role = ROLES.iter().find(|(word, _)| *word == role);
                return Some(Said {
                    origin: Origin::Added(role.map_or(Role::User, |(_, role)| *role)),
                    text: text.unwrap_or_default(),
                });
            }
            let at = said.parse().ok()?;
            let recorded = recording.messages.get(at)?;
            Some(Said {
                origin: Origin::Recorded(at),
                text: text.unwrap_or_else(|| recorded.words()),
            })
        });
        Self(said.collect())
    }

    /// Does it, and says at which place the form is to go on. A call keeps its results: it goes with
    /// them, and nothing is put between them.
    pub(super) fn change(&mut self, change: Change, recording: &Recording) -> usize {
        match change {
            Change::Add(place) => {
                let place = self.after_results(place.min(self.0.len()), recording);
                let empty = Said {
                    origin: Origin::Added(Role::User),
                    text: String::new(),
                };
                self.0.insert(place, empty);
                place
            }
            Change::Remove(place) => {
                if place < self.0.len() && !self.is_result(place, recording) {
                    let end = self.after_results(place + 1, recording);
                    self.0.drain(place..end);
                }
                place.min(self.0.len().saturating_sub(1))
            }
        }
    }

    /// Whether the message at this place is the result of a call.
    pub(crate) fn is_result(&self, place: usize, recording: &Recording) -> bool {
        let recorded = self.recorded(place, recording);
        recorded.is_some_and(|message| message.role == Role::Tool)
    }

    /// The place of the message with the calls that this one, and those around it, are results of.
    pub(crate) fn caller(&self, result: usize, recording: &Recording) -> Option<usize> {
        (0..result)
            .rev()
            .find(|place| !self.is_result(*place, recording))
    }

    /// The first place from this one on that has no result.
    fn after_results(&self, place: usize, recording: &Recording) -> usize {
        let mut places = place..self.0.len();
        let after = places.find(|place| !self.is_result(*place, recording));
        after.unwrap_or(self.0.len())
    }

    /// The message that was recorded, where it was.
    pub(crate) fn recorded<'a>(
        &self,
        place: usize,
        recording: &'a Recording,
    ) -> Option<&'a Message> {
        match self.0.get(place)?.origin {
            Origin::Recorded(at) => recording.messages.get(at),
            Origin::Added(_) => None,
        }
    }

    /// As they are sent.
    pub(super) fn written(&self, recording: &Recording) -> Vec<Message> {
        let written = |(place, said): (usize, &Said)| {
            let text = said.text.clone();
            match (said.origin, self.recorded(place, recording)) {
                (Origin::Added(role), _) => Some(Message::text(role, text)),
                (Origin::Recorded(_), recorded) => recorded.map(|recorded| Message {
                    content: match &recorded.content {
                        Some(Content::Text(_)) => Some(Content::Text(text)),
                        other => other.clone(),
                    },
                    ..recorded.clone()
                }),
            }
        };
        self.0.iter().enumerate().filter_map(written).collect()
    }

    /// What is wrong with them: a field, and what to do about it.
    pub(super) fn problems(&self, recording: &Recording) -> Vec<(String, &'static str)> {
        let is_empty =
            |said: &Said| matches!(said.origin, Origin::Added(_)) && said.text.trim().is_empty();
        let empty = self.0.iter().enumerate().filter(|(_, said)| is_empty(said));
        let mut problems: Vec<_> = empty
            .map(|(place, _)| (text_field(place), "Write what is said, or remove it"))
            .collect();
        let asks = |message: &Message| matches!(message.role, Role::User | Role::TaskDelegation);
        if !self.written(recording).iter().any(asks) {
            let message = "Nobody asks anything in them: add a message of the user";
            problems.push((SAID.to_owned(), message));
        }
        problems
    }
}

/// The name of the field of a message's text.
pub(crate) fn text_field(place: usize) -> String {
    format!("message-{place}")
}

/// The name of the field of who says a message that was added.
pub(crate) fn role_field(place: usize) -> String {
    format!("role-{place}")
}
