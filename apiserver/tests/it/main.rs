//! The embedded Kubernetes API, as its clients see it.

#![expect(
    clippy::unwrap_used,
    reason = "clippy does not count functions that tests share as tests"
)]

mod harness;
mod lifecycle;
mod objects;
mod protocol;
mod validation;
mod watching;
