//! Takes out of a wasm file what nothing in it needs.

use std::{fs, path::Path};

use anyhow::{Context, Result, anyhow};
use walrus::{Module, ModuleConfig};

/// Whether functions keep their names, which are for people and for who binds the wasm.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    Kept,
    Removed,
}

/// Removes what is never called or read, and the room that a linker leaves for numbers.
pub(super) fn file(wasm: &Path, names: Names) -> Result<()> {
    let mut config = ModuleConfig::new();
    config.generate_name_section(names == Names::Kept);
    let mut module = Module::from_file_with_config(wasm, &config)
        .map_err(|error| anyhow!("failed to read {}: {error:#}", wasm.display()))?;
    walrus::passes::gc::run(&mut module);
    fs::write(wasm, module.emit_wasm())
        .with_context(|| format!("failed to write {}", wasm.display()))
}
