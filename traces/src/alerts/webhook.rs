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

/// Bytes that are shown of an answer.
const SHOWN_BYTES: usize = 300;

/// Sends what comes, in order, until `shutdown` fires.
pub(super) async fn tell(
    alerts: Alerts,
    mut waiting: mpsc::Receiver<Alert>,
    shutdown: CancellationToken,
) {
    let settings = &alerts.0.settings;
    let telling = async {
        while let Some(alert) = waiting.recv().await {
            let message = message(&alert, &settings.dashboard);
            for webhook in alerts.0.targets.all() {
                if let Err(reason) = send(settings, &webhook, &message).await {
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

/// Tells somebody, once, that this is a test: what was answered, or why it was not taken.
pub(super) async fn test(settings: &AlertSettings, webhook: &Secret) -> Result<String, String> {
    let link = format!("{}/ns/default/alerts", settings.dashboard);
    let message = json!({
        "text": "A test of KAOS: alerts will be told here.",
        "attachments": [{ "color": "good", "title": "Alerts", "title_link": link }],
    });
    let request = settings.http.post(webhook.expose()).json(&message);
    let answer = request.timeout(ANSWER_WITHIN).send().await;
    let mut answer = answer.map_err(|error| error.without_url().to_string())?;
    let status = answer.status();
    let mut body = Vec::new();
    // What it says may have no end.
    while body.len() < SHOWN_BYTES
        && let Ok(Some(bytes)) = answer.chunk().await
    {
        body.extend_from_slice(&bytes);
    }
    body.truncate(SHOWN_BYTES);
    let said = format!(
        "HTTP {}: {}",
        status.as_u16(),
        String::from_utf8_lossy(&body)
    );
    if status.is_success() {
        Ok(said)
    } else {
        Err(said)
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

fn message(alert: &Alert, dashboard: &str) -> Value {
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
        "attachments": [{
            "color": color,
            "title": rule,
            "title_link": format!("{dashboard}/alerts/{rule}"),
            "ts": since_ns / 1_000_000_000,
        }],
    })
}
