//! `cargo xtask layers`: the rules of the house, checked on what cargo says about our crates.
//!
//! A crate that is not in `MAY_USE` fails: whoever adds one decides here what it may use.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{
    console::{read, say},
    wasm_target,
    workspace::Workspace,
};

/// Which of our crates each of our crates may use, in tests too.
const MAY_USE: [(&str, &[&str]); 12] = [
    ("api", &[]),
    ("apiserver", &["api"]),
    ("app", &["api"]),
    ("bench", &["api", "servers", "traces"]),
    ("cli", &["api"]),
    ("frontend", &["api", "app"]),
    ("operator", &["api"]),
    ("runtime", &["api"]),
    (
        "server",
        &[
            "api",
            "apiserver",
            "app",
            "cli",
            "operator",
            "runtime",
            "servers",
            "traces",
        ],
    ),
    // In tests and measurements only, as its users' `Cargo.toml` say.
    ("servers", &[]),
    ("traces", &["api", "servers"]),
    ("xtask", &[]),
];

/// What must never reach a browser: neither directly nor through another crate.
const SERVER_ONLY: [&str; 8] = [
    "axum",
    "hyper",
    "k8s-openapi",
    "kube",
    "kube-client",
    "kube-core",
    "reqwest",
    "tokio",
];

/// A crate's name, and the crates it uses.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// Checks all layers and fails with one line for each rule that is broken.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    say("checking the layers");
    let metadata =
        read(
            workspace
                .cargo()
                .args(["metadata", "--no-deps", "--format-version", "1"]),
        )?;
    let mut broken = broken_arrows(&parse_uses(&metadata)?);
    broken.extend(server_parts_in(workspace, "api", &[])?);
    broken.extend(server_parts_in(
        workspace,
        "frontend",
        &["--target", wasm_target::NAME],
    )?);
    if !broken.is_empty() {
        bail!("layers are broken:\n  {}", broken.join("\n  "));
    }
    Ok(())
}

/// Each of our crates with all it names in its `Cargo.toml`, dependencies of tests included.
fn parse_uses(metadata: &str) -> Result<Uses> {
    let metadata: Value =
        serde_json::from_str(metadata).context("failed to read what `cargo metadata` said")?;
    let packages = metadata["packages"]
        .as_array()
        .context("`cargo metadata` names no packages")?;
    let name = |of: &Value| {
        of["name"]
            .as_str()
            .map(str::to_owned)
            .context("a crate has no name")
    };
    let mut uses = Uses::new();
    for package in packages {
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        uses.insert(
            name(package)?,
            dependencies.map(name).collect::<Result<_>>()?,
        );
    }
    Ok(uses)
}

fn broken_arrows(uses: &Uses) -> Vec<String> {
    let mut broken = Vec::new();
    for (user, used) in uses {
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| name == user) else {
            broken.push(format!(
                "{user} is new: say in xtask/src/layers.rs what it may use"
            ));
            continue;
        };
        let ours = used
            .iter()
            .filter(|name| uses.contains_key(*name) && *name != user);
        let forbidden = ours.filter(|name| !allowed.contains(&name.as_str()));
        broken.extend(forbidden.map(|name| format!("{user} must not use {name}")));
    }
    broken
}

fn server_parts_in(workspace: &Workspace, package: &str, more: &[&str]) -> Result<Vec<String>> {
    let mut cargo = workspace.cargo();
    cargo.args([
        "tree",
        "--package",
        package,
        "--edges",
        "normal",
        "--prefix",
        "none",
    ]);
    let tree = read(cargo.args(["--format", "{p}"]).args(more))?;
    Ok(server_parts(package, &tree))
}

fn server_parts(package: &str, tree: &str) -> Vec<String> {
    let names: BTreeSet<_> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    let found = SERVER_ONLY.iter().filter(|part| names.contains(*part));
    found
        .map(|part| format!("{package} must not use {part}, not even through another crate"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(arrows: &[(&str, &[&str])]) -> Uses {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        arrows
            .iter()
            .map(|(user, used)| ((*user).to_owned(), owned(used)))
            .collect()
    }

    #[test]
    fn a_crate_may_use_what_its_row_names_and_any_crate_that_is_not_ours() {
        let house = uses(&[("api", &["serde"]), ("operator", &["api", "tokio"])]);
        assert_eq!(broken_arrows(&house), Vec::<String>::new());
    }

    #[test]
    fn two_crates_that_only_meet_in_server_must_not_use_each_other() {
        let house = uses(&[
            ("operator", &["runtime"]),
            ("runtime", &["api"]),
            ("api", &[]),
        ]);
        assert_eq!(broken_arrows(&house), ["operator must not use runtime"]);
    }

    #[test]
    fn a_crate_without_a_row_is_a_broken_rule() {
        let house = uses(&[("extras", &[])]);
        assert_eq!(
            broken_arrows(&house),
            ["extras is new: say in xtask/src/layers.rs what it may use"]
        );
    }

    #[test]
    fn a_server_part_is_found_at_any_depth_of_the_tree() {
        let tree = "api v0.1.0 (/somewhere)\nserde v1.0.0\ntokio v1.0.0 (*)\ntokio-macros v2.0.0";
        assert_eq!(
            server_parts("api", tree),
            ["api must not use tokio, not even through another crate"]
        );
    }

    #[test]
    fn dependencies_of_tests_count_too() {
        let metadata = r#"{"packages": [
            {"name": "api", "dependencies": []},
            {"name": "traces", "dependencies": [{"name": "runtime", "kind": "dev"}]}
        ]}"#;
        let parsed = parse_uses(metadata).unwrap();
        assert_eq!(parsed, uses(&[("api", &[]), ("traces", &["runtime"])]));
    }
}
