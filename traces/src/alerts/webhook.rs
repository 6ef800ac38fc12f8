//! Telling of alerts: JSON as Slack takes it, to each address, again until it is taken.

use std::time::Duration;

use api::plan::Secret;
use api::telemetry::{Alert, AlertState};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{AlertSettings, Alerts};

/// How long an address may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Sends what comes, in order, until `shutdown` fires.
pub(super) async fn tell(
    settings: AlertSettings,
    mut waiting: mpsc::Receiver<Alert>,
    alerts: Alerts,
    shutdown: CancellationToken,
) {
    let telling = async {
        while let Some(alert) = waiting.recv().await {
            let message = message(&alert);
            for webhook in &settings.webhooks {
                if let Err(reason) = send(&settings, webhook, &message).await {
                    let rule = alert.rule.as_str();
                    tracing::warn!(rule, reason, "nobody could be told of an alert");
                }
            }
            alerts.told(&alert).await;
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = telling => {}
    }
}

async fn send(settings: &AlertSettings, webhook: &Secret, message: &Value) -> Result<(), String> {
    let mut waits = settings.retry_after.iter();
    loop {
        let request = settings.http.post(webhook.expose()).json(message);
        let reason = match request.timeout(ANSWER_WITHIN).send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => format!("it is answered with HTTP {}", answer.status().as_u16()),
            // Its address is secret.
            Err(error) => error.without_url().to_string(),
        };
        let Some(wait) = waits.next() else {
            return Err(reason);
        };
        tokio::time::sleep(*wait).await;
    }
}

fn message(alert: &Alert) -> Value {
    let Alert {
        rule,
        agent,
        state,
        since_ns,
        value,
        threshold,
        good_since_ns: _,
    } = alert;
    let text = match (state, value) {
        (AlertState::Resolved, _) => format!("Resolved: {rule} of agent {agent}"),
        (_, Some(value)) => {
            format!("Firing: {rule} of agent {agent}: {value:.3} is above {threshold}")
        }
        (_, None) => format!("Firing: {rule} of agent {agent}"),
    };
    let color = match state {
        AlertState::Firing => "danger",
        AlertState::Resolved | AlertState::Pending | AlertState::Inactive => "good",
    };
    // A link in Slack's language could be hidden in a name.
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    json!({
        "text": text,
        "attachments": [{ "color": color, "ts": since_ns / 1_000_000_000 }],
    })
}
