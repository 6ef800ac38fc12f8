//! What happened: the list of traces, and one trace.

mod actions;
mod around;
mod compare;
mod detail;
pub(crate) mod file;
mod flame;
mod header;
mod hints;
mod import;
pub(crate) mod layout;
pub(crate) mod list;
mod live;
mod medium;
mod panel;
pub(crate) mod query;
mod replay;
mod session;
mod steps;
mod table;
#[cfg(test)]
mod tests;
mod tree;
mod url;
mod usual;

pub(crate) use compare::ComparePage;
pub(crate) use detail::TracePage;
pub(crate) use import::ImportPage;
pub(crate) use list::{TracesPage, all_of, traces_href};
pub(crate) use live::known;
pub(crate) use replay::{ReplayPage, danger::Dangers, recording::Recording};
pub(crate) use url::{Side, TraceUrl};
