//! What keys do in the tree.

/// A key as it was pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Press<'a> {
    /// Its name, as browsers say it.
    pub key: &'a str,
    /// With Shift.
    pub shift: bool,
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// So many rows down, or up.
    Move(i32),
    /// So many windows down, or up.
    Page(i32),
    /// The first row.
    First,
    /// The last row.
    Last,
    /// Open the row, or go to its first child.
    Open,
    /// Close the row, or go to its parent.
    Close,
    /// Into the panel.
    Enter,
    /// The next failed span, or the one before.
    Error(i32),
    /// The longest piece of the critical path.
    Slowest,
    /// Only what is on the critical path, or everything again.
    Critical,
    /// Close everything, or open it.
    All {
        /// Which of the two.
        is_open: bool,
    },
    /// Open down to this depth.
    Depth(u16),
    /// Only the time of this span.
    ZoomToSpan,
    /// All of the time.
    ZoomReset,
    /// Less of the time, or more.
    Zoom {
        /// Which of the two.
        is_in: bool,
    },
    /// The logs of the span.
    Logs,
    /// Copy the address.
    CopyLink,
    /// Into the field that searches.
    Search,
    /// Another view: its word in the address.
    View(&'static str),
}

/// What a key asks for; nothing that the tree knows in most cases.
pub fn action(press: Press<'_>) -> Option<Action> {
    Some(match (press.key, press.shift) {
        ("ArrowDown", false) => Action::Move(1),
        ("ArrowUp", false) => Action::Move(-1),
        ("PageDown", _) => Action::Page(1),
        ("PageUp", _) => Action::Page(-1),
        ("Home", _) => Action::First,
        ("End", _) => Action::Last,
        ("ArrowRight", false) => Action::Open,
        ("ArrowLeft", false) => Action::Close,
        ("Enter", _) => Action::Enter,
        ("e", _) => Action::Error(1),
        ("E", _) => Action::Error(-1),
        ("s", _) => Action::Slowest,
        ("c", _) => Action::Critical,
        ("x", _) => Action::All { is_open: false },
        ("X", _) => Action::All { is_open: true },
        ("z", _) => Action::ZoomToSpan,
        ("Z", _) => Action::ZoomReset,
        ("+" | "=", _) => Action::Zoom { is_in: true },
        ("-" | "_", _) => Action::Zoom { is_in: false },
        ("l", _) => Action::Logs,
        ("y", _) => Action::CopyLink,
        ("/", _) => Action::Search,
        ("w", _) => Action::View("waterfall"),
        ("t", _) => Action::View("steps"),
        ("b", _) => Action::View("table"),
        ("v", _) => Action::View("logs"),
        (digit, _) if digit.len() == 1 => Action::Depth(digit.parse().ok().filter(|d| *d > 0)?),
        _ => return None,
    })
}
