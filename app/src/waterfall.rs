//! A trace as rows under each other: what of it is shown, and where.
//!
//! Everything here is the same on the server and in the browser, and knows nothing of either.

mod filter;
mod keys;
mod rows;
mod skeleton;
#[cfg(test)]
mod tests;
mod zoom;

pub use filter::Filter;
pub use keys::{Action, Press, action};
pub use rows::{Fold, Place, Rows};
pub use skeleton::{Flags, Head, Label, NONE, Node, Skeleton, SpanKey, Unreadable};
pub use zoom::Zoom;
