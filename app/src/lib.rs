//! The dashboard.
//!
//! Pages run on the server only and are complete without JavaScript. What runs in the browser is an
//! island under `components`, and every island starts from what the server has drawn.

#![cfg_attr(
    feature = "ssr",
    expect(
        unreachable_pub,
        reason = "the component macro makes public what it writes for a private component"
    )
)]

#[cfg(feature = "hydrate")]
mod browser;
pub mod components;
pub mod diff;
pub mod format;
pub mod forms;
pub mod kinds;
pub mod live;
pub mod map;
mod markdown;
pub mod preview;
pub mod relations;
pub mod rows;
pub mod search;
#[cfg(any(feature = "hydrate", feature = "ssr"))]
mod sse;
pub mod suggest;
mod untrusted;
pub mod url;
pub mod waterfall;

#[cfg(feature = "ssr")]
mod frame;
#[cfg(feature = "ssr")]
mod pages;
#[cfg(feature = "ssr")]
mod schema;
#[cfg(feature = "ssr")]
mod shell;
#[cfg(feature = "ssr")]
mod site;

#[cfg(feature = "ssr")]
pub use site::{Assets, Ports, router};
