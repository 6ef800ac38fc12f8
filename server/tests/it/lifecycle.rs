//! Starting, stopping, and starting again.

use serde_json::json;

use crate::kaos::{DEADLINE, Kaos, command, command_at, failure_of};

#[tokio::test]
async fn resources_memory_and_traces_are_there_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    let (_, body) = kaos.ask("analyst", "add 2 and 3").await;
    let (trace, session) = (
        body["trace_id"].as_str().unwrap(),
        body["session_id"].as_str().unwrap(),
    );
    let before = kaos.trace(trace).await.len();
    kaos.stop().await;

    // Ready means ready: the first question is answered, with the tool.
    let kaos = Kaos::start(command(data.path())).await;
    let (status, again) = kaos.ask("analyst", "add 2 and 3").await;
    assert_eq!(status, 200, "{again:#}");
    assert!(
        again["choices"][0]["message"]["content"]
            .as_str()
            .unwrap()
            .contains('5'),
        "{again:#}"
    );
    assert_eq!(kaos.trace(trace).await.len(), before);
    let memory = format!("/agents/kaos-hierarchy/analyst/memory/events?session_id={session}");
    let (_, events) = kaos.get(&memory).await;
    assert!(events["total"].as_u64().unwrap() >= 2, "{events:#}");
    assert_eq!(kaos.ask("coordinator", "hello").await.0, 200);
}

#[tokio::test]
async fn a_trace_that_can_be_read_survives_a_kill() {
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    let (_, body) = kaos.ask("analyst", "add 2 and 3").await;
    let trace = body["trace_id"].as_str().unwrap();
    let before = kaos.trace(trace).await.len();
    kaos.kill().await;
    let kaos = Kaos::start(command(data.path())).await;
    assert_eq!(kaos.trace(trace).await.len(), before);
}

#[tokio::test]
async fn requests_are_answered_while_nobody_reads_the_logs() {
    /// More than a pipe holds, at about 200 bytes of log a question.
    const QUESTIONS: usize = 600;
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    kaos.stop_reading();
    for _ in 0..QUESTIONS {
        let asked = tokio::time::timeout(DEADLINE, kaos.ask("analyst", "hello"));
        let (status, body) = asked.await.expect("an answer, whoever reads the logs");
        assert_eq!(status, 200, "{body:#}");
    }
    kaos.stop().await;
}

#[tokio::test]
async fn a_second_program_on_the_same_data_is_told_so() {
    let data = tempfile::tempdir().unwrap();
    let _first = Kaos::start(command(data.path())).await;
    let said = failure_of(command(data.path())).await;
    assert!(
        said.contains("another kaos serve uses the data directory"),
        "{said}"
    );
}

#[tokio::test]
async fn a_port_that_is_taken_is_a_clear_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let data = tempfile::tempdir().unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let said = failure_of(command_at(&addr, data.path())).await;
    assert!(said.contains("another program listens on"), "{said}");
    assert!(said.contains("--addr"), "{said}");
}

#[tokio::test]
async fn an_address_others_can_reach_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let said = failure_of(command_at("0.0.0.0:0", data.path())).await;
    assert!(said.contains("has no sign-in yet"), "{said}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_program_that_is_killed_leaves_no_python_behind() {
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    // Its own folder is the only one it may write into.
    let pid_file = data
        .path()
        .join("processes/kaos-hierarchy/busy")
        .join("work")
        .join("pid");
    let code = "import os\nopen('pid', 'w').write(str(os.getpid()))\nwhile True:\n    pass\n";
    let server = json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "MCPServer",
        "metadata": {"name": "busy"}, "spec": {"runtime": "python-string", "params": code}});
    assert_eq!(kaos.create("mcpservers", &server).await.0, 201);
    let started = std::time::Instant::now();
    let pid = loop {
        match std::fs::read_to_string(&pid_file) {
            Ok(pid) if !pid.is_empty() => break pid,
            Ok(_) | Err(_) => wait(started).await,
        }
    };
    kaos.kill().await;
    let process = std::path::PathBuf::from(format!("/proc/{pid}"));
    let started = std::time::Instant::now();
    while process.exists() {
        wait(started).await;
    }
}

#[cfg(target_os = "linux")]
async fn wait(since: std::time::Instant) {
    assert!(since.elapsed() < DEADLINE, "it takes too long");
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
}
