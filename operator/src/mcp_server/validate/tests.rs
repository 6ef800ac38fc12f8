use api::resources::{Container, mcp_server::McpTransport};

use super::*;
use crate::fixtures;

fn decide(change: impl FnOnce(&mut McpServerSpec)) -> Result<McpRuntime, Blocked> {
    let mut spec = fixtures::mcp_server("notes").spec;
    change(&mut spec);
    validate("notes", &spec, Found::default()).map(|valid| valid.runtime)
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
    let expect = McpRuntime::Command {
        argv: ["npx", "-y", "notes"].map(str::to_owned).to_vec(),
        transport: McpTransport::Stdio,
    };
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
    let env = |lookup| Found {
        env: vec![("TOKEN".to_owned(), lookup)],
        ..Found::default()
    };
    let blocked = validate("notes", &spec, env(Lookup::Missing(cause.clone())));
    assert_eq!(blocked, Err(Blocked::Waiting(vec![cause])));
    let valid = validate("notes", &spec, env(Lookup::Absent)).unwrap();
    assert!(valid.env.is_empty());
}

#[test]
fn a_server_elsewhere_gets_its_headers_once_they_can_be_sent() {
    let mut spec = fixtures::mcp_server("search").spec;
    spec.runtime = "url".to_owned();
    spec.params = None;
    spec.url = Some("https://mcp.example.com/mcp".to_owned());
    let decide = |value: &str| {
        let header = Lookup::Found(Secret::new(value));
        let found = Found {
            headers: vec![("Authorization".to_owned(), header)],
            ..Found::default()
        };
        validate("search", &spec, found).map(|valid| valid.runtime)
    };
    let Ok(McpRuntime::Url { url, headers }) = decide("Bearer key") else {
        panic!("it is valid")
    };
    assert_eq!(url, "https://mcp.example.com/mcp");
    let key = Secret::new("Bearer key");
    assert_eq!(headers, [("Authorization".to_owned(), key)]);
    let refused = decide("Bearer\nkey");
    assert!(!format!("{refused:?}").contains("key"));
    assert_eq!(reason(refused), "InvalidHeader");
}
