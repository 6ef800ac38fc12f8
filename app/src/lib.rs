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

pub mod components;
pub mod format;
pub mod live;
mod markdown;
pub mod rows;
mod untrusted;

#[cfg(feature = "ssr")]
mod frame;
#[cfg(feature = "ssr")]
mod pages;
#[cfg(feature = "ssr")]
mod shell;
#[cfg(feature = "ssr")]
mod site;

#[cfg(feature = "ssr")]
pub use site::{Assets, Ports, router};
