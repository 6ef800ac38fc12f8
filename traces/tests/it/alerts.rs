//! Alerts, from measurements to whoever is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use api::clock::Clock;
use api::plan::Secret;
use api::telemetry::{AlertRule, AlertState, Alerting};
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use traces::{AlertSettings, Alerts, alerts};

use crate::support::{Running, bytes, call, folder, get, resource, text};

/// Takes what is told, at the second try.
async fn somebody(tracker: &TaskTracker) -> (Secret, mpsc::Receiver<Value>) {
    let (told, receiver) = mpsc::channel(8);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let tries = Arc::new(AtomicU32::new(0));
    let take = async move |State(told): State<mpsc::Sender<Value>>, Json(body): Json<Value>| {
        if tries.fetch_add(1, SeqCst).is_multiple_of(2) {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        told.send(body).await.unwrap();
        StatusCode::OK
    };
    let routes = Router::new().route("/hook", post(take)).with_state(told);
    tracker.spawn(async move { axum::serve(listener, routes).await });
    (Secret::new(url), receiver)
}

/// Requests since the beginning, and how many of them failed.
async fn measured(running: &Running, n: i64, n_failed: i64) {
    let now_ns = u64::try_from(running.clock.now().as_nanosecond()).unwrap();
    let point = |success: &str, n| NumberDataPoint {
        attributes: vec![text("agent.name", "a"), text("success", success)],
        start_time_unix_nano: crate::support::NOW_NS - 1,
        time_unix_nano: now_ns - 1,
        value: Some(Number::AsInt(n)),
        ..NumberDataPoint::default()
    };
    let sum = Sum {
        data_points: vec![point("true", n - n_failed), point("false", n_failed)],
        aggregation_temporality: 2,
        is_monotonic: true,
    };
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource("a")),
            scope_metrics: vec![ScopeMetrics {
                metrics: vec![Metric {
                    name: "kaos.requests".to_owned(),
                    data: Some(Data::Sum(sum)),
                    ..Metric::default()
                }],
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    };
    running.store.write_metrics(&request).await.unwrap();
}

fn start(
    running: &Running,
    tracker: &TaskTracker,
    shutdown: &CancellationToken,
    kept: (&tempfile::TempDir, Vec<Secret>),
) -> Alerts {
    start_with(running, tracker, shutdown, kept, Duration::from_millis(1))
}

fn start_with(
    running: &Running,
    tracker: &TaskTracker,
    shutdown: &CancellationToken,
    (folder, webhooks): (&tempfile::TempDir, Vec<Secret>),
    retry_after: Duration,
) -> Alerts {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let file = folder.path().join("alerts.json");
    let dashboard = "http://kaos".to_owned();
    let mut settings = AlertSettings::new(file, webhooks, dashboard, reqwest::Client::new());
    settings.retry_after = vec![retry_after];
    let clock = Arc::clone(&running.clock) as Arc<dyn Clock>;
    let reader = Arc::new(running.store.clone());
    Alerts::start(settings, reader, clock, tracker, shutdown.clone()).unwrap()
}

#[tokio::test]
async fn what_fails_for_long_is_told_and_so_is_its_end() {
    let folder = folder();
    let running = Running::open(&folder);
    let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
    let serving = TaskTracker::new();
    let (webhook, mut told) = somebody(&serving).await;
    let alerts = start(&running, &tracker, &shutdown, (&folder, vec![webhook]));
    let states = async || {
        alerts.look().await.unwrap();
        let alerts = alerts.alerts().await.unwrap();
        let states = alerts.iter().map(|alert| (alert.rule.clone(), alert.state));
        states.collect::<Vec<_>>()
    };
    let rule = || "KaosErrorRateHigh".to_owned();
    assert_eq!(states().await, []);
    running.clock.advance(Duration::from_mins(1));
    measured(&running, 100, 20).await;
    assert_eq!(states().await, [(rule(), AlertState::Pending)]);
    running.clock.advance(Duration::from_mins(2));
    assert_eq!(states().await, [(rule(), AlertState::Firing)]);
    let message = told.recv().await.unwrap();
    let text = message["text"].as_str().unwrap();
    assert_eq!(
        text,
        "Firing: KaosErrorRateHigh of agent a: 0.200 is above 0.05"
    );
    assert_eq!(
        message["attachments"][0]["title_link"],
        "http://kaos/alerts/KaosErrorRateHigh"
    );

    running.clock.advance(Duration::from_mins(10));
    measured(&running, 1_000, 20).await;
    assert_eq!(states().await, [(rule(), AlertState::Firing)]);
    running.clock.advance(Duration::from_mins(2));
    assert_eq!(states().await, [(rule(), AlertState::Resolved)]);
    let message = told.recv().await.unwrap();
    assert_eq!(message["text"], "Resolved: KaosErrorRateHigh of agent a");
    running.clock.advance(Duration::from_secs(3_700));
    assert_eq!(states().await, []);

    shutdown.cancel();
    tracker.close();
    tracker.wait().await;
    running.shut_down().await;
}

/// Watches until it is stopped, as one start of the program.
struct Watching {
    alerts: Alerts,
    tracker: TaskTracker,
    shutdown: CancellationToken,
}

impl Watching {
    fn start(running: &Running, kept: (&tempfile::TempDir, Vec<Secret>), again: Duration) -> Self {
        let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
        let alerts = start_with(running, &tracker, &shutdown, kept, again);
        Self {
            alerts,
            tracker,
            shutdown,
        }
    }

    /// States, each with the time since when.
    async fn states(&self) -> Vec<(AlertState, u64)> {
        let alerts = self.alerts.alerts().await.unwrap();
        let states = alerts.iter().map(|alert| (alert.state, alert.since_ns));
        states.collect()
    }

    async fn look(&self) -> Vec<(AlertState, u64)> {
        self.alerts.look().await.unwrap();
        self.states().await
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

#[tokio::test]
async fn a_restart_neither_forgets_what_is_bad_nor_tells_of_it_again() {
    let folder = folder();
    let running = Running::open(&folder);
    let serving = TaskTracker::new();
    let (webhook, mut told) = somebody(&serving).await;
    let watch = |again| Watching::start(&running, (&folder, vec![webhook.clone()]), again);
    let (soon, never) = (Duration::from_millis(1), Duration::from_hours(1));
    let text = |message: Value| message["text"].as_str().unwrap().to_owned();

    let first = watch(soon);
    running.clock.advance(Duration::from_mins(1));
    measured(&running, 100, 20).await;
    let pending = first.look().await;
    assert_eq!(pending[0].0, AlertState::Pending);
    first.stop().await;

    // Nobody takes the message, and then there is nobody to send it.
    let second = watch(never);
    assert_eq!(second.states().await, pending, "as it was left");
    running.clock.advance(Duration::from_mins(2));
    let firing = second.look().await;
    assert_eq!(firing[0].0, AlertState::Firing);
    second.stop().await;

    let third = watch(soon);
    assert!(text(told.recv().await.unwrap()).starts_with("Firing"));
    let file = folder.path().join("alerts.state.json");
    let is_noted = || std::fs::read_to_string(&file).is_ok_and(|kept| !kept.contains("waiting"));
    let noted = async {
        while !is_noted() {
            tokio::task::yield_now().await;
        }
    };
    let noted = tokio::time::timeout(Duration::from_secs(30), noted);
    noted.await.expect("it is noted that somebody was told");
    third.stop().await;

    let fourth = watch(soon);
    assert_eq!(fourth.look().await, firing);
    running.clock.advance(Duration::from_mins(10));
    fourth.look().await;
    running.clock.advance(Duration::from_mins(2));
    assert_eq!(fourth.look().await[0].0, AlertState::Resolved);
    assert!(
        text(told.recv().await.unwrap()).starts_with("Resolved"),
        "it was told once that it fires"
    );
    fourth.stop().await;

    std::fs::write(&file, "{ no JSON").unwrap();
    let fifth = watch(soon);
    assert_eq!(fifth.states().await, [], "it is found out again");
    fifth.stop().await;
    running.shut_down().await;
}

#[tokio::test]
async fn what_fires_in_a_silence_is_told_when_it_ends() {
    let folder = folder();
    let running = Running::open(&folder);
    let (webhook, mut told) = somebody(&TaskTracker::new()).await;
    let watching = Watching::start(&running, (&folder, vec![webhook]), Duration::from_millis(1));
    let silence = async |by: Duration| {
        let rules = watching.alerts.alert_rules().await.unwrap();
        let rule = rules
            .into_iter()
            .find(|rule| rule.name == "KaosErrorRateHigh");
        let until = running.clock.now().as_nanosecond() + i128::try_from(by.as_nanos()).unwrap();
        let silenced = AlertRule {
            silenced_until_ns: Some(u64::try_from(until).unwrap()),
            ..rule.unwrap()
        };
        watching.alerts.save_alert_rule(silenced).await.unwrap();
    };
    silence(Duration::from_mins(10)).await;
    running.clock.advance(Duration::from_mins(1));
    measured(&running, 100, 20).await;
    watching.look().await;
    running.clock.advance(Duration::from_mins(2));
    assert_eq!(watching.look().await[0].0, AlertState::Firing);
    assert!(told.try_recv().is_err(), "nobody is told");
    running.clock.advance(Duration::from_mins(7));
    measured(&running, 200, 90).await;
    assert_eq!(watching.look().await[0].0, AlertState::Firing);
    let message = told.recv().await.unwrap();
    assert!(message["text"].as_str().unwrap().starts_with("Firing"));
    watching.stop().await;
    running.shut_down().await;
}

fn hosts(alerts: &Alerts) -> Vec<String> {
    let webhooks = alerts.webhooks().into_iter();
    webhooks.map(|webhook| webhook.host).collect()
}

#[tokio::test]
async fn a_webhook_that_is_added_outlives_the_program_and_only_such_a_one_can_be_removed() {
    let folder = folder();
    let running = Running::open(&folder);
    let given = Secret::new("https://given.example/secret");
    let watch = || Watching::start(&running, (&folder, vec![given.clone()]), Duration::ZERO);
    let first = watch();
    for wrong in ["", "hooks.example", "ftp://hooks.example/a", "https://"] {
        let refused = first.alerts.add_webhook(wrong).await.unwrap_err();
        assert!(refused.to_string().contains("https://"), "{refused}");
    }
    let added = "https://hooks.example/services/secret";
    first.alerts.add_webhook(added).await.unwrap();
    first.stop().await;

    let second = watch();
    let alerts = &second.alerts;
    assert_eq!(hosts(alerts), ["given.example", "hooks.example"]);
    alerts.remove_webhook(0, "given.example").await.unwrap();
    alerts.remove_webhook(1, "other.example").await.unwrap();
    assert_eq!(hosts(alerts), ["given.example", "hooks.example"]);
    alerts.remove_webhook(1, "hooks.example").await.unwrap();
    assert_eq!(hosts(alerts), ["given.example"]);
    second.stop().await;
}

#[tokio::test]
async fn addresses_are_in_a_file_for_nobody_else() {
    use std::os::unix::fs::PermissionsExt;

    let folder = folder();
    let running = Running::open(&folder);
    let watching = Watching::start(&running, (&folder, Vec::new()), Duration::ZERO);
    let added = "https://hooks.example/services/secret";
    watching.alerts.add_webhook(added).await.unwrap();
    let file = folder.path().join("alerts.webhooks.json");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    watching.stop().await;
}

#[tokio::test]
async fn a_webhook_can_be_tried() {
    let folder = folder();
    let running = Running::open(&folder);
    let (webhook, mut told) = somebody(&TaskTracker::new()).await;
    let nobody = Secret::new("http://127.0.0.1:9/secret".to_owned());
    let kept = (&folder, vec![webhook, nobody]);
    let watching = Watching::start(&running, kept, Duration::from_millis(1));
    let alerts = &watching.alerts;
    assert_eq!(hosts(alerts), ["127.0.0.1", "127.0.0.1"]);
    assert_eq!(alerts.test_webhook(0).await.unwrap_err(), "HTTP 503: ");
    assert_eq!(alerts.test_webhook(0).await.unwrap(), "HTTP 200: ");
    let message = told.recv().await.unwrap();
    assert_eq!(
        message["attachments"][0]["title_link"],
        "http://kaos/ns/default/alerts"
    );
    let reason = alerts.test_webhook(1).await.unwrap_err();
    assert!(!reason.contains("secret"), "{reason}");
    assert!(alerts.test_webhook(2).await.is_err());
    watching.stop().await;
    running.shut_down().await;
}

#[tokio::test]
async fn rules_are_replaced_and_stay() {
    let folder = folder();
    let running = Running::open(&folder);
    let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
    let router = alerts(start(&running, &tracker, &shutdown, (&folder, Vec::new())));
    let put = async |rules: Value| {
        let request = Request::put("/api/alerts/rules").header("content-type", "application/json");
        let request = request.body(Body::from(rules.to_string())).unwrap();
        call(&router, request).await.status()
    };
    let defaults = json!(AlertRule::defaults());
    assert_eq!(get(&router, "/api/alerts/rules").await.1, defaults);
    assert_eq!(get(&router, "/api/alerts").await.1, json!([]));
    let mut one = json!([defaults[0]]);
    one[0]["threshold"] = json!(5.0);
    one[0]["agent"] = json!("a");
    assert_eq!(put(one.clone()).await, StatusCode::OK);
    let mut wrong = defaults.clone();
    wrong[1]["threshold"] = json!(-1);
    assert_eq!(put(wrong).await, StatusCode::BAD_REQUEST);
    assert_eq!(put(json!([one[0], one[0]])).await, StatusCode::BAD_REQUEST);
    let again = alerts(start(&running, &tracker, &shutdown, (&folder, Vec::new())));
    assert_eq!(get(&again, "/api/alerts/rules").await.1, one);
    let request = Request::get("/api/alerts/prometheus-rule").body(Body::empty());
    let exported = bytes(call(&again, request.unwrap()).await).await;
    let exported: Value = serde_json::from_slice(&exported).unwrap();
    assert_eq!(exported["kind"], "PrometheusRule");
    let rule = &exported["spec"]["groups"][0]["rules"][0];
    assert_eq!(
        (&rule["alert"], &rule["for"]),
        (&one[0]["name"], &json!("120s"))
    );
    shutdown.cancel();
    tracker.close();
    tracker.wait().await;
    running.shut_down().await;
}
