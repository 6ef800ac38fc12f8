//! What the pages about one resource have in common, whatever its kind.

mod conditions;
pub(crate) mod delete;
pub(crate) mod delete_many;
pub(crate) mod events;
pub(crate) mod head;
pub(crate) mod page;
mod relations;
pub(crate) mod runs;
pub(crate) mod tab;
pub(crate) mod yaml;
