//! Receivers that are slow, dead or gone, and queues that are full.

use std::{sync::Arc, time::Duration};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing_subscriber::layer::SubscriberExt;

use super::{
    root,
    support::{Recorder, client, key, serve_otlp, settings, start, start_with},
};
use crate::telemetry::{LogLayer, OtlpHttp, Pipeline, PipelineSettings, Receiver};

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
async fn any_otlp_endpoint_is_a_receiver() {
    let recorder = Recorder::default();
    let address = serve_otlp(&recorder).await;
    let receiver = OtlpHttp::new(client(), &format!("http://{address}/"), key());
    let tracker = TaskTracker::new();
    let receivers: Vec<Arc<dyn Receiver>> = vec![Arc::new(receiver)];
    let pipeline = Pipeline::start(receivers, settings(), &tracker, CancellationToken::new());
    let service = pipeline.service("analyst", "default");
    root(&service, "agent.step.1").end_ok();
    pipeline.flush().await;
    assert_eq!((recorder.spans().len(), pipeline.dropped()), (1, 0));

    recorder.fail_next(1);
    let refused = OtlpHttp::new(client(), &format!("http://{address}"), key())
        .traces(ExportTraceServiceRequest {
            resource_spans: Vec::new(),
        })
        .await
        .unwrap_err();
    let message = refused.to_string();
    assert!(message.contains("/v1/traces: HTTP 503"), "{message}");
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
