//! Telemetry, remembered.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    metrics::v1::{metric::Data, number_data_point::Value as Number},
    trace::v1::Span,
};
use runtime::telemetry::{ReceiveError, Received, Receiver};

/// Takes everything and remembers spans and metrics.
#[derive(Clone, Default)]
pub(crate) struct Recorder {
    spans: Arc<Mutex<Vec<Span>>>,
    metrics: Arc<Mutex<Vec<ExportMetricsServiceRequest>>>,
}

impl Recorder {
    /// The spans of this name, oldest first.
    pub(crate) fn spans(&self, name: &str) -> Vec<Span> {
        let spans = self.spans.lock().unwrap();
        spans
            .iter()
            .filter(|span| span.name == name)
            .cloned()
            .collect()
    }

    /// The latest value of a counter, for the series that has this label.
    pub(crate) fn count(&self, metric: &str, label: &str) -> Option<i64> {
        let requests = self.metrics.lock().unwrap();
        let metrics = requests
            .iter()
            .rev()
            .flat_map(|request| &request.resource_metrics)
            .flat_map(|resource| &resource.scope_metrics)
            .flat_map(|scope| &scope.metrics);
        metrics
            .filter(|found| found.name == metric)
            .filter_map(|found| match &found.data {
                Some(Data::Sum(sum)) => Some(&sum.data_points),
                _ => None,
            })
            .flatten()
            .filter(|point| format!("{:?}", point.attributes).contains(&format!("{label:?}")))
            .find_map(|point| match point.value {
                Some(Number::AsInt(count)) => Some(count),
                Some(Number::AsDouble(_)) | None => None,
            })
    }
}

#[async_trait]
impl Receiver for Recorder {
    async fn traces(&self, request: &ExportTraceServiceRequest) -> Result<Received, ReceiveError> {
        let resources = request.resource_spans.iter();
        let scopes = resources.flat_map(|resource| &resource.scope_spans);
        self.spans
            .lock()
            .unwrap()
            .extend(scopes.flat_map(|scope| &scope.spans).cloned());
        Ok(Received::default())
    }

    async fn metrics(
        &self,
        request: &ExportMetricsServiceRequest,
    ) -> Result<Received, ReceiveError> {
        self.metrics.lock().unwrap().push(request.clone());
        Ok(Received::default())
    }

    async fn logs(&self, _: &ExportLogsServiceRequest) -> Result<Received, ReceiveError> {
        Ok(Received::default())
    }
}
