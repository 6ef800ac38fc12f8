//! Makes what browsers load shorter where only people would see a difference.
//!
//! The program and its JavaScript know each other's functions by names with a hash in them, which is said
//! twice and cannot be compressed; and JavaScript that a tool writes has comments.

use std::{collections::HashMap, fs, path::Path};

use anyhow::{Context, Result, anyhow};
use walrus::{Module, ModuleConfig};

/// What imports the functions that the JavaScript has.
const FROM: &str = "./kaos_bg.js";

/// Shortens the program `wasm`, and `script`, which loads it and has the functions that it imports.
pub(super) fn files(wasm: &Path, script: &Path) -> Result<()> {
    let mut config = ModuleConfig::new();
    config
        .generate_name_section(false)
        .generate_producers_section(false);
    let mut module = Module::from_file_with_config(wasm, &config)
        .map_err(|error| anyhow!("failed to read {}: {error:#}", wasm.display()))?;
    let text = fs::read_to_string(script)
        .with_context(|| format!("failed to read {}", script.display()))?;
    let names = rename_imports(&mut module);
    fs::write(wasm, module.emit_wasm())
        .with_context(|| format!("failed to write {}", wasm.display()))?;
    fs::write(script, renamed(&without_comments(&text), &names))
        .with_context(|| format!("failed to write {}", script.display()))
}

/// Numbers the functions that the program imports; returns the new name of each.
fn rename_imports(module: &mut Module) -> HashMap<String, String> {
    let mut names = HashMap::new();
    for import in module.imports.iter_mut() {
        if import.module == FROM {
            let short = format!("_{}", names.len());
            names.insert(std::mem::replace(&mut import.name, short.clone()), short);
        }
    }
    names
}

/// The script with other words for those that have another name.
fn renamed(script: &str, names: &HashMap<String, String>) -> String {
    let is_in_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let mut text = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(start) = rest.find(is_in_word) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_in_word(c)).unwrap_or(from.len()));
        // A property of something else may have the same name.
        let is_own = !before.ends_with('.');
        let name = names
            .get(word)
            .filter(|_| is_own)
            .map_or(word, String::as_str);
        text.push_str(before);
        text.push_str(name);
        rest = after;
    }
    text.push_str(rest);
    text
}

/// The script without lines of comments, and with lines that begin at the left. It has no text of several lines.
fn without_comments(script: &str) -> String {
    let mut is_comment = false;
    let mut text = String::with_capacity(script.len());
    for line in script.lines().map(str::trim_start) {
        is_comment |= line.starts_with("/*");
        if !is_comment && !line.is_empty() && !line.starts_with("//") {
            text.push_str(line);
            text.push('\n');
        }
        is_comment &= !line.ends_with("*/");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_renamed_where_the_program_looks_for_them_and_nothing_else_is() {
        let script = "{\n__wbg_now_1f: function() { return wasm.__wbg_now_1f2; },\n};";
        let names = HashMap::from([("__wbg_now_1f".to_owned(), "_0".to_owned())]);
        let expected = "{\n_0: function() { return wasm.__wbg_now_1f2; },\n};";
        assert_eq!(renamed(script, &names), expected);
        let property = "wasm.__wbg_now_1f()";
        assert_eq!(renamed(property, &names), property);
    }

    #[test]
    fn comments_and_the_space_before_lines_are_left_out() {
        let script = "/**\n * What it does.\n */\nfunction a() {\n    // Why.\n    b('/* no comment */');\n\n}\n/* one line */\nc();\n";
        let expected = "function a() {\nb('/* no comment */');\n}\nc();\n";
        assert_eq!(without_comments(script), expected);
    }
}
