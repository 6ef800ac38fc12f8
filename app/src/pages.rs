//! One module per page: each fetches what it shows and places components.
//!
//! [`route`] says which path leads to which; the props of a page are what its path says, and its query
//! it reads through [`params`].

mod agent;
pub(crate) mod chat;
#[cfg(test)]
pub(crate) mod fixture;
pub(crate) mod form;
pub(crate) mod map;
mod mcp_server;
mod model_api;
pub(crate) mod namespaces;
pub(crate) mod not_found;
pub(crate) mod overview;
pub(crate) mod params;
pub(crate) mod resource;
pub(crate) mod resources;
pub(crate) mod route;
pub(crate) mod search;
mod secret;
pub(crate) mod secret_form;
pub(crate) mod settings;
pub(crate) mod tools;
pub(crate) mod traces;
