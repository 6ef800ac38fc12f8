//! `cargo xtask bench`: measurements of the whole program.

use anyhow::{Result, bail};

/// Fails on purpose: a command that measures nothing must not look like one that did.
pub(crate) fn run() -> Result<()> {
    bail!("there is no benchmark yet")
}
