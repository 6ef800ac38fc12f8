//! The browser's side of a run: sends the message, reads the stream, lets go of it, and comes back.
//!
//! On the server nothing here does anything; only the browser sends messages.

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(feature = "hydrate")]
pub(super) use browser::{
    Request, abort, before_next_frame, cancel, follow, now_ms, parse, replace_address, send,
};

#[cfg(not(feature = "hydrate"))]
pub(super) use elsewhere::{
    Request, abort, before_next_frame, cancel, follow, now_ms, parse, replace_address, send,
};

#[cfg(not(feature = "hydrate"))]
mod elsewhere {
    use api::chat::ChatRequest;

    use crate::{components::chat::run_state::Input, markdown::Markdown};

    /// A message on its way.
    pub(in super::super) struct Request;

    pub(in super::super) fn send(
        _path: String,
        _asked: ChatRequest,
        _hear: impl Fn(Input) + 'static,
    ) -> Request {
        Request
    }

    /// Reads the events of a run that goes on already.
    pub(in super::super) fn follow(_run_id: &str, _hear: impl Fn(Input) + 'static) -> Request {
        Request
    }

    /// Stops a run.
    pub(in super::super) fn cancel(_run_id: &str) {}

    /// Lets go of the answer.
    pub(in super::super) fn abort(_request: Request) {}

    /// Shows what was heard, when the browser draws again.
    pub(in super::super) fn before_next_frame(_is_first: bool, _show: impl FnOnce() + 'static) {}

    /// Reads an answer as Markdown.
    pub(in super::super) fn parse(_answer: String, _show: impl FnOnce(Markdown) + 'static) {}

    pub(in super::super) fn now_ms() -> u64 {
        0
    }

    pub(in super::super) fn replace_address(_path: &str) {}
}
