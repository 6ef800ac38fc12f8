use std::collections::BTreeMap;

use api::resources::{Container, mcp_server::McpTransport};

use super::*;
use crate::fixtures;

fn nothing() -> Found {
    Found {
        env: Vec::new(),
        headers: Vec::new(),
        registry: Ok(BTreeMap::new()),
    }
}

fn decide(change: impl FnOnce(&mut McpServerSpec)) -> Result<McpRuntime, Blocked> {
    let mut spec = fixtures::mcp_server("notes").spec;
    change(&mut spec);
    validate("notes", &spec, nothing()).map(|valid| valid.runtime)
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
        ..nothing()
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
            ..nothing()
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

/// What becomes of a spec that names the one runtime of a registry.
fn with_registry(
    runtime: Runtime,
    env: Vec<(String, Lookup)>,
    params: Option<&str>,
) -> Result<ValidMcpServer, Blocked> {
    let mut spec = fixtures::mcp_server("notes").spec;
    spec.runtime = "notebook".to_owned();
    spec.params = params.map(str::to_owned);
    let found = Found {
        env,
        registry: Ok(BTreeMap::from([("notebook".to_owned(), runtime)])),
        ..nothing()
    };
    validate("notes", &spec, found)
}

fn notebook() -> Runtime {
    Runtime {
        command: vec!["notebook".to_owned()],
        args: vec!["--quiet".to_owned()],
        params_env_var: Some("NOTES".to_owned()),
        transport: Some(McpTransport::Stdio),
        required_env: vec!["TOKEN".to_owned()],
        ..Runtime::default()
    }
}

#[test]
fn a_runtime_of_the_registry_runs_with_what_it_requires() {
    let token = || Lookup::Found(Secret::new("key"));
    let env = vec![("TOKEN".to_owned(), token())];
    let valid = with_registry(notebook(), env.clone(), Some("a, b")).unwrap();
    assert_eq!(
        valid.runtime,
        McpRuntime::Command {
            argv: ["notebook", "--quiet"].map(str::to_owned).to_vec(),
            transport: McpTransport::Stdio,
        }
    );
    let expect = [("TOKEN", "key"), ("NOTES", "a, b")];
    let expect = expect.map(|(name, value)| (name.to_owned(), Secret::new(value)));
    assert_eq!(valid.env, expect);

    let without = with_registry(notebook(), Vec::new(), None);
    let Err(Blocked::Refused(cause)) = without else {
        panic!("{without:?}")
    };
    assert_eq!(cause.reason, "RequiredEnvMissing");
    assert!(cause.message.contains("needs TOKEN"), "{}", cause.message);

    // One that is on its way is waited for.
    let coming = Cause::new("SecretNotFound", "Secret team/notes does not exist");
    let env = vec![("TOKEN".to_owned(), Lookup::Missing(coming.clone()))];
    let waiting = with_registry(notebook(), env, None);
    assert_eq!(waiting, Err(Blocked::Waiting(vec![coming])));
}

#[test]
fn a_runtime_that_is_an_image_needs_a_cluster_and_one_without_params_takes_none() {
    let refusal = |runtime: Runtime, params| {
        let env = vec![("TOKEN".to_owned(), Lookup::Found(Secret::new("key")))];
        reason(with_registry(runtime, env, params).map(|valid| valid.runtime))
    };
    let image = Runtime {
        image: Some("notebook:1".to_owned()),
        ..notebook()
    };
    assert_eq!(refusal(image, None), "NeedsCluster");
    let fixed = Runtime {
        params_env_var: None,
        ..notebook()
    };
    assert_eq!(refusal(fixed, Some("a")), "Invalid");
}

#[test]
fn a_registry_that_cannot_be_read_is_named_by_those_who_need_it() {
    let mut spec = fixtures::mcp_server("notes").spec;
    let found = || Found {
        registry: Err("line 2".to_owned()),
        ..nothing()
    };
    assert!(validate("notes", &spec, found()).is_ok());
    spec.runtime = "notebook".to_owned();
    let refused = validate("notes", &spec, found()).map(|valid| valid.runtime);
    assert_eq!(reason(refused), "RegistryUnreadable");
}
