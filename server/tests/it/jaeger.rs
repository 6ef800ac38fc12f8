//! The dashboard on the traces of a Jaeger.

use crate::kaos::{Kaos, command, failure_of};

#[tokio::test]
async fn the_dashboard_shows_the_traces_of_the_jaeger_it_is_given() {
    let data = tempfile::tempdir().unwrap();
    let other = Kaos::with_team(data.path()).await;
    let (_, answer) = other.ask("analyst", "add 2 and 3").await;
    let id = answer["trace_id"].as_str().unwrap();
    other.trace(id).await;

    let data = tempfile::tempdir().unwrap();
    let mut command = command(data.path());
    command.args(["--jaeger-url", &format!("{}/jaeger", other.url)]);
    let kaos = Kaos::start(command).await;
    for path in ["/ns/_all/traces".to_owned(), format!("/traces/{id}")] {
        let page = kaos.http.get(format!("{}{path}", kaos.url)).send();
        let page = page.await.unwrap().text().await.unwrap();
        assert!(page.contains(id) && page.contains("analyst"), "{page}");
    }
    let (status, _) = kaos.get(&format!("/jaeger/api/v3/traces/{id}")).await;
    assert_eq!(status, 404, "the built-in store has it not");

    other.kill().await;
    let page = kaos.http.get(format!("{}/ns/_all/traces", kaos.url)).send();
    let page = page.await.unwrap().text().await.unwrap();
    assert!(
        page.contains("cannot be reached; check that Jaeger runs"),
        "{page}"
    );
}

#[tokio::test]
async fn a_jaeger_url_that_is_none_is_refused_at_the_start() {
    for (url, expected) in [
        ("jaeger:16686", "give it as http://host:16686"),
        (
            "http://me:secret@jaeger",
            "must not hold a name or password",
        ),
    ] {
        let data = tempfile::tempdir().unwrap();
        let mut command = command(data.path());
        command.args(["--jaeger-url", url]);
        let said = failure_of(command).await;
        assert!(said.contains(expected), "{said}");
    }
}
