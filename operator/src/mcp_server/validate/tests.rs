use api::resources::Container;

use super::*;
use crate::fixtures;

fn decide(change: impl FnOnce(&mut McpServerSpec)) -> Result<McpRuntime, Blocked> {
    let mut spec = fixtures::mcp_server("notes").spec;
    change(&mut spec);
    validate("notes", &spec, Vec::new()).map(|valid| valid.runtime)
}

fn custom(image: Option<&str>, command: &[&str], args: &[&str]) -> Result<McpRuntime, Blocked> {
    let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    decide(|spec| {
        spec.runtime = "custom".to_owned();
        spec.container = Some(Container {
            image: image.map(str::to_owned),
            command: owned(command),
            args: owned(args),
            ..Container::default()
        });
    })
}

fn reason(result: Result<McpRuntime, Blocked>) -> &'static str {
    match result {
        Err(Blocked::Refused(cause)) => cause.reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn python_functions_run_as_they_are_written() {
    let McpRuntime::PythonString(text) = decide(|_| {}).unwrap() else {
        panic!("no Python")
    };
    assert!(text.starts_with("def echo"));
}

#[test]
fn a_command_runs_with_its_arguments_whatever_its_image() {
    let expect = McpRuntime::Command(vec!["npx".to_owned(), "-y".to_owned(), "notes".to_owned()]);
    assert_eq!(custom(None, &["npx"], &["-y", "notes"]), Ok(expect.clone()));
    assert_eq!(
        custom(Some("notes:1"), &["npx"], &["-y", "notes"]),
        Ok(expect)
    );
}

#[test]
fn an_image_needs_a_cluster() {
    assert_eq!(reason(custom(Some("notes:1"), &[], &[])), "NeedsCluster");
    for runtime in IMAGES {
        let result = decide(|spec| spec.runtime = runtime.to_owned());
        assert_eq!(reason(result), "NeedsCluster");
    }
}

#[test]
fn an_unknown_runtime_is_refused() {
    let result = decide(|spec| spec.runtime = "fortran".to_owned());
    assert_eq!(reason(result), "UnknownRuntime");
}

#[test]
fn a_missing_variable_is_waited_for_and_an_optional_one_left_out() {
    let spec = fixtures::mcp_server("notes").spec;
    let cause = Cause::new("SecretNotFound", "Secret team/notes does not exist");
    let env = |lookup| vec![("TOKEN".to_owned(), lookup)];
    let blocked = validate("notes", &spec, env(Lookup::Missing(cause.clone())));
    assert_eq!(blocked, Err(Blocked::Waiting(vec![cause])));
    let valid = validate("notes", &spec, env(Lookup::Absent)).unwrap();
    assert!(valid.env.is_empty());
}
