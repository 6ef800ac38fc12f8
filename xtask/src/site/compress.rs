//! Files compressed once, as well as brotli can, so that the server does not do it for every browser.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use super::entries;
use crate::console::say;

/// Writes `name.br` beside every file of a folder.
pub(super) fn folder(folder: &Path) -> Result<()> {
    say("compressing what browsers load");
    for file in entries(folder)? {
        if file.extension().is_some_and(|end| end == "br") {
            continue;
        }
        let content =
            fs::read(&file).with_context(|| format!("failed to read {}", file.display()))?;
        let mut name = file.into_os_string();
        name.push(".br");
        fs::write(&name, brotli(&content)?)
            .with_context(|| format!("failed to write {}", Path::new(&name).display()))?;
    }
    Ok(())
}

fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let parameters = ::brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 24,
        size_hint: content.len(),
        ..Default::default()
    };
    let mut compressed = Vec::new();
    ::brotli::BrotliCompress(&mut &*content, &mut compressed, &parameters)
        .context("failed to compress")?;
    Ok(compressed)
}
