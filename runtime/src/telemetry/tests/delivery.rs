//! Receivers that are slow, dead or gone, and queues that are full.

use std::{sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing_subscriber::layer::SubscriberExt;

use super::{
    child, root,
    support::{Recorder, settings, start, start_with},
};
use crate::telemetry::{
    Again, Exposition, LogLayer, Pipeline, PipelineSettings, Receiver, RootSampling, Sampling,
    extract,
};

#[tokio::test]
async fn a_full_queue_drops_and_counts() {
    let (pipeline, recorder) = start(PipelineSettings {
        max_spans: 2,
        ..settings()
    });
    let service = pipeline.service("analyst", "default");
    // Nothing is awaited here, so that the pipeline's task cannot make room.
    for _ in 0..5 {
        root(&service, "model.inference").end_ok();
    }
    assert_eq!(pipeline.dropped(), 3);
    pipeline.flush().await;
    assert_eq!(recorder.spans().len(), 2);
    root(&service, "model.inference").end_ok();
    pipeline.flush().await;
    assert_eq!((recorder.spans().len(), pipeline.dropped()), (3, 3));
}

#[tokio::test]
async fn a_failed_request_is_sent_again_and_then_given_up() {
    let recorder = Recorder::failing(2);
    let (pipeline, _) = start_with(&recorder, settings());
    let service = pipeline.service("analyst", "default");
    root(&service, "agent.step.1").end_ok();
    pipeline.flush().await;
    assert_eq!((recorder.spans().len(), pipeline.dropped()), (1, 0));

    recorder.fail_next(u32::MAX);
    root(&service, "agent.step.2").end_ok();
    pipeline.flush().await;
    assert_eq!((recorder.spans().len(), pipeline.dropped()), (1, 1));
}

#[tokio::test]
async fn a_dead_receiver_takes_nothing_from_the_others() {
    let (dead, alive) = (Recorder::hanging(), Recorder::default());
    let receivers: Vec<Arc<dyn Receiver>> = vec![Arc::new(dead), Arc::new(alive.clone())];
    let tracker = TaskTracker::new();
    let settings = PipelineSettings {
        max_waiting_batches: 1,
        ..settings()
    };
    let pipeline = Pipeline::start(receivers, settings, &tracker, CancellationToken::new());
    let service = pipeline.service("analyst", "default");
    for _ in 0..8 {
        root(&service, "agent.step.1").end_ok();
        let before = alive.spans().len();
        tokio::select! {
            () = pipeline.flush() => {}
            () = alive.received(before + 1) => {}
        }
    }
    alive.received(8).await;
    assert!(pipeline.dropped() > 0, "the dead one is too far behind");
}

#[tokio::test]
async fn what_is_emitted_until_just_after_the_shutdown_is_delivered() {
    let shutdown = CancellationToken::new();
    let (tracker, recorder) = (TaskTracker::new(), Recorder::default());
    let receivers: Vec<Arc<dyn Receiver>> = vec![Arc::new(recorder.clone())];
    let pipeline = Pipeline::start(receivers, settings(), &tracker, shutdown.clone());
    let service = pipeline.service("analyst", "default");
    let span = root(&service, "agent.step.1");
    service
        .instruments()
        .request(Duration::ZERO, 1, Some("Cancelled"));
    shutdown.cancel();
    span.cancelled();
    tracker.close();
    tracker.wait().await;
    assert_eq!(recorder.requests(), ["traces", "metrics"]);
    pipeline.flush().await;
    root(&service, "agent.step.2").end_ok();
    assert_eq!(pipeline.dropped(), 1, "nobody takes it any more");
}

#[tokio::test]
async fn what_is_refused_for_good_is_not_sent_again() {
    let recorder = Recorder::failing(1);
    recorder.wish(Again::Never);
    let (pipeline, _) = start_with(&recorder, settings());
    root(&pipeline.service("analyst", "default"), "agent.step.1").end_ok();
    pipeline.flush().await;
    assert_eq!((recorder.spans().len(), pipeline.dropped()), (0, 1));
}

#[tokio::test]
async fn the_status_tells_what_a_receiver_took_lost_and_why() {
    let recorder = Recorder::failing(u32::MAX);
    let (pipeline, _) = start_with(&recorder, settings());
    let service = pipeline.service("analyst", "default");
    root(&service, "agent.step.1").end_ok();
    pipeline.flush().await;
    let [status] = &pipeline.deliveries()[..] else {
        panic!("there is one receiver")
    };
    assert_eq!(status.receiver, "the recorder");
    assert_eq!(status.failing.as_deref(), Some("not now"));
    assert_eq!((status.delivered.spans, status.dropped.spans), (0, 1));

    recorder.fail_next(0);
    recorder.reject(1);
    for name in ["agent.step.2", "agent.step.3", "agent.step.4"] {
        root(&service, name).end_ok();
    }
    pipeline.flush().await;
    let status = &pipeline.deliveries()[0];
    assert_eq!(status.failing, None);
    assert_eq!((status.delivered.spans, status.dropped.spans), (2, 2));
    assert_eq!(pipeline.dropped(), 2);
}

#[tokio::test]
async fn what_is_lost_is_a_metric_of_the_program() {
    let recorder = Recorder::failing(u32::MAX);
    let (pipeline, _) = start_with(
        &recorder,
        PipelineSettings {
            max_spans: 2,
            ..settings()
        },
    );
    pipeline.own_service("kaos", "kaos-system");
    let service = pipeline.service("analyst", "default");
    // Nothing is awaited here, so that the pipeline's task cannot make room.
    for _ in 0..5 {
        root(&service, "agent.step.1").end_ok();
    }
    pipeline.flush().await;
    let shown = pipeline.exposition(Exposition::Prometheus);
    for lost in [
        r#"receiver="the queue",kind="spans_or_log_records"} 3"#,
        r#"receiver="the recorder",kind="spans"} 2"#,
    ] {
        assert!(shown.contains(lost), "{lost} is missing in {shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_asks_for_time_gets_it() {
    let recorder = Recorder::failing(1);
    recorder.wish(Again::After(Duration::from_secs(20)));
    let (pipeline, _) = start_with(&recorder, settings());
    root(&pipeline.service("analyst", "default"), "agent.step.1").end_ok();
    let before = tokio::time::Instant::now();
    pipeline.flush().await;
    assert_eq!(recorder.spans().len(), 1);
    assert!(before.elapsed() >= Duration::from_secs(20));
}

#[tokio::test]
async fn a_sampler_decides_which_traces_are_kept() {
    let kept = async |sampling: Sampling| {
        let (pipeline, recorder) = start(PipelineSettings {
            sampling,
            ..settings()
        });
        let service = pipeline.service("analyst", "default");
        root(&service, "mine").end_ok();
        let mut headers = http::HeaderMap::new();
        let unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
        headers.insert("traceparent", unsampled.parse().unwrap());
        child(&service, "theirs", &extract(&headers)).end_ok();
        pipeline.flush().await;
        let names = recorder.spans().into_iter().map(|seen| seen.span.name);
        names.collect::<Vec<_>>()
    };
    assert_eq!(kept(Sampling::default()).await, ["mine", "theirs"]);
    let root = RootSampling::All;
    assert_eq!(kept(Sampling::AsParent { root }).await, ["mine"]);
    assert!(kept(Sampling::Own(RootSampling::Nothing)).await.is_empty());
}

#[tokio::test]
async fn every_service_carries_the_attributes_of_all_but_keeps_its_own_name() {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let (pipeline, recorder) = start(PipelineSettings {
        resource_attributes: vec![
            pair("deployment.environment.name", "test"),
            pair("service.name", "all"),
        ],
        ..settings()
    });
    root(&pipeline.service("analyst", "default"), "agent.step.1").end_ok();
    pipeline.flush().await;
    let span = &recorder.spans()[0];
    assert_eq!(span.resource("deployment.environment.name"), "test");
    assert_eq!(span.resource("service.name"), "analyst");
}

#[tokio::test]
async fn what_telemetry_says_of_itself_does_not_become_telemetry() {
    let recorder = Recorder::failing(u32::MAX);
    let (pipeline, _) = start_with(&recorder, settings());
    let process = LogLayer::default();
    process.set_process_service(pipeline.service("kaos", "default"));
    let _logging = tracing::subscriber::set_default(tracing_subscriber::registry().with(process));
    root(&pipeline.service("analyst", "default"), "agent.step.1").end_ok();
    pipeline.flush().await;
    assert_eq!(pipeline.dropped(), 1, "the warning about it was logged");
    recorder.fail_next(0);
    pipeline.flush().await;
    assert!(recorder.logs().is_empty());
}
