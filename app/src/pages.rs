//! One module per page: each fetches what it shows and places components.
//!
//! [`route`] says which path leads to which; the props of a page are what its path says, and its query
//! it reads through [`params`].

pub(crate) mod access;
mod agent;
mod alerts;
pub(crate) mod chat;
mod debug;
pub(crate) mod design;
pub(crate) mod exceptions;
#[cfg(test)]
pub(crate) mod fixture;
pub(crate) mod form;
pub(crate) mod logs;
pub(crate) mod map;
mod mcp_server;
mod memory;
pub(crate) mod metrics;
mod model_api;
pub(crate) mod namespaces;
pub(crate) mod not_found;
pub(crate) mod overview;
pub(crate) mod params;
pub(crate) mod period;
mod pods;
pub(crate) mod range;
pub(crate) mod resource;
pub(crate) mod resources;
pub(crate) mod route;
pub(crate) mod search;
mod secret;
pub(crate) mod secret_form;
mod sessions;
pub(crate) mod settings;
mod system;
mod tasks;
pub(crate) mod tools;
pub(crate) mod traces;
