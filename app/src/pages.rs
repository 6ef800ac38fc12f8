//! One module per page: each fetches what it shows and places components.
//!
//! A page is a component without props; it reads its URL through [`params`].

pub(crate) mod agent;
pub(crate) mod agent_delete;
pub(crate) mod agent_form;
pub(crate) mod agent_yaml;
pub(crate) mod agents;
pub(crate) mod chat;
#[cfg(test)]
pub(crate) mod fixture;
pub(crate) mod not_found;
pub(crate) mod overview;
pub(crate) mod params;
pub(crate) mod traces;
