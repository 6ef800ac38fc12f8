//! Which parts of the browser's program become one file, and the JavaScript that fetches them.
//!
//! Splitting makes a part for every set of islands that need the same functions: more than a hundred, most of
//! them small. Every file costs a request, and begins without what the ones before it taught the compressor.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
    fs,
    path::Path,
};

use anyhow::{Context, Result};

use super::{NAME, merge};

/// What it costs a page to fetch one more file, in bytes of wasm: the request, and that its compression begins
/// anew. Twice and half of it were measured to make hardly a difference.
const FILE_COST: u64 = 5_000;

/// What one split needs: the names of its files, by its own name.
pub(super) type Needs = HashMap<String, Vec<String>>;

/// A file of the program, and the splits that need it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    parts: Vec<String>,
    needed_by: BTreeSet<String>,
    bytes: u64,
}

impl Group {
    fn new(part: String, needed_by: BTreeSet<String>, bytes: u64) -> Self {
        Self {
            parts: vec![part],
            needed_by,
            bytes,
        }
    }

    /// What all splits together gain when both are one file, in bytes; less than nothing if they lose.
    fn gain(&self, other: &Self) -> i64 {
        let in_both = self.needed_by.intersection(&other.needed_by).count() as u64;
        let without =
            |one: &Self, other: &Self| one.needed_by.difference(&other.needed_by).count() as u64;
        let wasted = without(self, other) * other.bytes + without(other, self) * self.bytes;
        (in_both * FILE_COST).cast_signed() - wasted.cast_signed()
    }

    fn add(&mut self, other: Self) {
        self.parts.extend(other.parts);
        self.needed_by.extend(other.needed_by);
        self.bytes += other.bytes;
    }
}

/// Puts the parts in `package` together and writes the JavaScript `loader` that fetches what is there then.
pub(super) fn join(package: &Path, needs: &Needs, loader: &str) -> Result<()> {
    let mut needed_by: HashMap<&str, BTreeSet<String>> = HashMap::new();
    for (split, parts) in needs {
        for part in parts {
            needed_by.entry(part).or_default().insert(split.clone());
        }
    }
    let file = |part: &str| package.join(format!("{part}.wasm"));
    let mut parts = Vec::new();
    for (part, needed_by) in needed_by {
        let bytes = fs::metadata(file(part))
            .with_context(|| format!("there is no part {part}"))?
            .len();
        parts.push(Group::new(part.to_owned(), needed_by, bytes));
    }
    parts.sort_by(|one, other| one.parts.cmp(&other.parts));
    let groups = grouped(parts);
    for (number, group) in groups.iter().enumerate() {
        let mut members = Vec::new();
        for part in &group.parts {
            let file = file(part);
            members.push(
                fs::read(&file).with_context(|| format!("failed to read {}", file.display()))?,
            );
            fs::remove_file(&file)
                .with_context(|| format!("failed to remove {}", file.display()))?;
        }
        let file = file(&name(number));
        fs::write(&file, merge::merge(&members)?)
            .with_context(|| format!("failed to write {}", file.display()))?;
    }
    let path = package.join(loader);
    fs::write(&path, javascript(&groups, needs))
        .with_context(|| format!("failed to write {}", path.display()))
}

fn name(number: usize) -> String {
    format!("part{number}")
}

/// Puts two together as long as that is a gain, those first that gain most.
fn grouped(mut groups: Vec<Group>) -> Vec<Group> {
    loop {
        let pairs =
            (0..groups.len()).flat_map(|second| (0..second).map(move |first| (first, second)));
        let best = pairs
            .map(|(first, second)| (groups[first].gain(&groups[second]), first, second))
            .max_by_key(|(gain, ..)| *gain);
        match best {
            Some((gain, first, second)) if gain > 0 => {
                let other = groups.swap_remove(second);
                groups[first].add(other);
            }
            Some(_) | None => return groups,
        }
    }
}

fn javascript(groups: &[Group], needs: &Needs) -> String {
    let mut script = format!("import {{ initSync }} from \"./{NAME}.js\";\n{LOAD}");
    let mut splits: Vec<_> = needs.keys().collect();
    splits.sort();
    for split in splits {
        let files = groups
            .iter()
            .enumerate()
            .filter(|(_, group)| group.needed_by.contains(split));
        let numbers: Vec<_> = files.map(|(number, _)| number.to_string()).collect();
        // Writing to a string does not fail.
        let _ = writeln!(
            script,
            "export const __wasm_split_load_{split} = loader({});",
            numbers.join(", ")
        );
    }
    script
}

/// What a split is loaded with: the program gives the number of a function to call, and what to call it with.
const LOAD: &str = r"
const loads = [];
const load = (number) => (loads[number] ??= fetchPart(number));
async function fetchPart(number) {
  try {
    const part = fetch(new URL(`./part${number}.wasm`, import.meta.url));
    return await WebAssembly.instantiateStreaming(part, { __wasm_split: initSync() });
  } catch (error) {
    // So that it is tried again.
    delete loads[number];
    throw error;
  }
}
const loader = (...numbers) => async (callback, data) => {
  let isLoaded = true;
  try {
    await Promise.all(numbers.map(load));
  } catch (error) {
    console.error(error);
    isLoaded = false;
  }
  initSync().__indirect_function_table.get(callback)(data, isLoaded);
};
";

#[cfg(test)]
mod tests {
    use super::*;

    fn group(part: &str, needed_by: &[&str], bytes: u64) -> Group {
        let needed_by = needed_by.iter().map(|&split| split.to_owned()).collect();
        Group::new(part.to_owned(), needed_by, bytes)
    }

    fn files(groups: Vec<Group>) -> Vec<Vec<String>> {
        let mut files: Vec<_> = grouped(groups)
            .into_iter()
            .map(|group| group.parts)
            .collect();
        for file in &mut files {
            file.sort();
        }
        files.sort();
        files
    }

    #[test]
    fn parts_that_are_always_fetched_together_become_one_file() {
        let all = vec![
            group("a", &["list", "chat"], 90_000),
            group("b", &["list", "chat"], 300),
            group("c", &["list", "chat"], 80_000),
        ];
        assert_eq!(files(all), [["a", "b", "c"]]);
    }

    #[test]
    fn a_page_does_not_fetch_much_that_only_others_need() {
        let all = vec![
            group("both", &["list", "chat"], 20_000),
            group("chat", &["chat"], 90_000),
            group("list", &["list"], 60_000),
        ];
        assert_eq!(files(all), [["both"], ["chat"], ["list"]]);
    }

    #[test]
    fn a_page_fetches_little_that_only_others_need_rather_than_one_more_file() {
        let all = vec![
            group("both", &["list", "chat"], 20_000),
            group("chat", &["chat"], 700),
        ];
        assert_eq!(files(all), [["both", "chat"]]);
    }

    #[test]
    fn every_split_is_loaded_with_the_files_that_have_its_parts() {
        let groups = [
            group("a", &["chat_1"], 1),
            group("b", &["chat_1", "list_2"], 1),
        ];
        let needs = |split: &str, parts: &[&str]| {
            let parts = parts.iter().map(|&part| part.to_owned()).collect();
            (split.to_owned(), parts)
        };
        let needs = Needs::from([needs("list_2", &["b"]), needs("chat_1", &["a", "b"])]);
        let script = javascript(&groups, &needs);
        assert!(script.contains("export const __wasm_split_load_chat_1 = loader(0, 1);"));
        assert!(script.contains("export const __wasm_split_load_list_2 = loader(1);"));
    }
}
