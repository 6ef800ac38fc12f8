//! Makes, changes and silences rules of alerts; adds, removes and tries who is told.

use api::telemetry::{AlertMeasure, AlertRule, RuleRefused, WebhookRefused};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{StatusCode, request::Parts};

use super::{Fields, Sent, failed};
use crate::{
    site::{Failure, Ports, render_again},
    url::Encoded,
};

const SECOND_NS: u64 = 1_000_000_000;
/// Nobody wants silence for longer, in minutes.
const MOST_SILENCE: u64 = 7 * 24 * 60;

/// What the form of a rule held, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AlertForm {
    pub(crate) name: String,
    /// As the API writes it.
    pub(crate) measure: String,
    pub(crate) agent: String,
    /// Seconds, or percent.
    pub(crate) threshold: String,
    pub(crate) window: String,
    pub(crate) lasts: String,
    /// Each with the id of its field; empty for what belongs to none.
    pub(crate) errors: Vec<(&'static str, String)>,
}

/// What came of a form about who is told.
#[derive(Clone, Debug)]
pub(crate) enum WebhookForm {
    /// What the webhook at a place answered to a test, or why it did not take it.
    Tested(usize, Result<String, String>),
    /// An address was not taken, and why.
    Refused { address: String, why: String },
}

/// What rules can be about, as the API writes it.
pub(crate) const MEASURES: [(AlertMeasure, &str); 3] = [
    (AlertMeasure::RequestLatency, "requestLatency"),
    (AlertMeasure::ErrorRate, "errorRate"),
    (AlertMeasure::ModelFailures, "modelFailures"),
];

impl AlertForm {
    /// The form of a rule as it is.
    pub(crate) fn of(rule: &AlertRule) -> Self {
        let word = MEASURES
            .iter()
            .find(|(measure, _)| *measure == rule.measure);
        let factor = factor(rule.measure);
        Self {
            name: rule.name.clone(),
            measure: word.map_or("", |(_, word)| word).to_owned(),
            agent: rule.agent.clone().unwrap_or_default(),
            threshold: format!("{}", rounded(rule.threshold * factor)),
            window: rule.window_seconds.to_string(),
            lasts: rule.for_seconds.to_string(),
            errors: Vec::new(),
        }
    }

    fn read(fields: &Fields) -> Self {
        Self {
            name: fields.text("name"),
            measure: fields.text("measure"),
            agent: fields.text("agent"),
            threshold: fields.text("threshold"),
            window: fields.text("window"),
            lasts: fields.text("lasts"),
            errors: Vec::new(),
        }
    }

    /// The rule that was filled in, or what is wrong.
    pub(crate) fn rule(&self) -> Result<AlertRule, Vec<(&'static str, String)>> {
        let mut errors = Vec::new();
        let measure = MEASURES.iter().find(|(_, word)| *word == self.measure);
        if measure.is_none() {
            errors.push(("measure", "Choose what to watch.".to_owned()));
        }
        let threshold = self.threshold.replace(',', ".").parse::<f64>();
        if threshold.is_err() {
            errors.push(("threshold", "Enter a number.".to_owned()));
        }
        let mut seconds = |id, text: &str| {
            let seconds = text.parse::<u64>();
            if seconds.is_err() {
                errors.push((id, "Enter whole seconds.".to_owned()));
            }
            seconds.unwrap_or_default()
        };
        let (window_seconds, for_seconds) = (
            seconds("window", &self.window),
            seconds("lasts", &self.lasts),
        );
        let measure = measure.map_or(AlertMeasure::RequestLatency, |(measure, _)| *measure);
        let rule = AlertRule {
            name: self.name.clone(),
            measure,
            threshold: rounded(threshold.unwrap_or_default() / factor(measure)),
            agent: Some(self.agent.clone()).filter(|agent| !agent.is_empty()),
            window_seconds,
            for_seconds,
            silenced_until_ns: None,
        };
        if errors.is_empty() {
            errors.extend(rule.fault().map(|fault| ("", fault.to_owned())));
        }
        if errors.is_empty() {
            Ok(rule)
        } else {
            Err(errors)
        }
    }
}

/// Shares are written in percent.
fn factor(measure: AlertMeasure) -> f64 {
    match measure {
        AlertMeasure::RequestLatency => 1.0,
        AlertMeasure::ErrorRate | AlertMeasure::ModelFailures => 100.0,
    }
}

/// Without what the change of units leaves at the end.
fn rounded(number: f64) -> f64 {
    (number * 1e9).round() / 1e9
}

/// `POST /alerts/new`.
pub(in crate::site) async fn create(
    State(ports): State<Ports>,
    Sent { head, fields }: Sent,
) -> Response {
    let mut form = AlertForm::read(&fields);
    let rules = match ports.alerts.alert_rules().await {
        Ok(rules) => rules,
        Err(error) => return failed(ports, head, Failure::Store(error)).await,
    };
    if rules.iter().any(|rule| rule.name == form.name) {
        form.errors = vec![("name", "Another rule is called so.".to_owned())];
        return render_again(ports, head, StatusCode::UNPROCESSABLE_ENTITY, form).await;
    }
    save(ports, head, &fields, form, None).await
}

/// `POST /alerts/{name}`.
pub(in crate::site) async fn change(
    State(ports): State<Ports>,
    Path(name): Path<String>,
    Sent { head, fields }: Sent,
) -> Response {
    let rule = match known(&ports, &name).await {
        Ok(rule) => rule,
        Err(error) => return failed(ports, head, error).await,
    };
    let form = AlertForm {
        name,
        ..AlertForm::read(&fields)
    };
    let silenced_until_ns = rule.and_then(|rule| rule.silenced_until_ns);
    save(ports, head, &fields, form, silenced_until_ns).await
}

async fn save(
    ports: Ports,
    head: Parts,
    fields: &Fields,
    mut form: AlertForm,
    silenced_until_ns: Option<u64>,
) -> Response {
    let rule = match form.rule() {
        Ok(rule) => rule,
        Err(errors) => {
            form.errors = errors;
            return render_again(ports, head, StatusCode::UNPROCESSABLE_ENTITY, form).await;
        }
    };
    // Only what it would have told was asked for.
    if fields.get("intent") == Some("test") {
        return render_again(ports, head, StatusCode::OK, form).await;
    }
    let page = format!("/alerts/{}", rule.name);
    let rule = AlertRule {
        silenced_until_ns,
        ..rule
    };
    match ports.alerts.save_alert_rule(rule).await {
        Ok(()) => Redirect::to(&page).into_response(),
        Err(refused) => {
            form.errors = vec![("", refused.to_string())];
            render_again(ports, head, status(&refused), form).await
        }
    }
}

/// `POST /alerts/{name}/delete`.
pub(in crate::site) async fn delete(
    State(ports): State<Ports>,
    Path(name): Path<String>,
    Sent { head, fields }: Sent,
) -> Response {
    match ports.alerts.delete_alert_rule(&name).await {
        Ok(()) => Redirect::to(&list(&fields)).into_response(),
        Err(refused) => refuse(ports, head, &refused).await,
    }
}

/// `POST /alerts/{name}/silence`: for some minutes; none end the silence.
pub(in crate::site) async fn silence(
    State(ports): State<Ports>,
    Path(name): Path<String>,
    Sent { head, fields }: Sent,
) -> Response {
    let rule = match known(&ports, &name).await {
        Ok(Some(rule)) => rule,
        Ok(None) => return Redirect::to(&list(&fields)).into_response(),
        Err(error) => return failed(ports, head, error).await,
    };
    let minutes = fields
        .text("minutes")
        .parse()
        .unwrap_or(0)
        .min(MOST_SILENCE);
    let now_ns = u64::try_from(ports.clock.now().as_nanosecond()).unwrap_or(0);
    let rule = AlertRule {
        silenced_until_ns: (minutes > 0).then(|| now_ns + minutes * 60 * SECOND_NS),
        ..rule
    };
    match ports.alerts.save_alert_rule(rule).await {
        Ok(()) => Redirect::to(&format!("/alerts/{name}")).into_response(),
        Err(refused) => refuse(ports, head, &refused).await,
    }
}

/// `POST /ns/{ns}/alerts`: adds a webhook, removes one, or tells one that this is a test.
pub(in crate::site) async fn webhooks(
    State(ports): State<Ports>,
    Path(namespace): Path<String>,
    Sent { head, fields }: Sent,
) -> Response {
    let place = fields.text("webhook").parse().unwrap_or(usize::MAX);
    let address = fields.text("address");
    let changed = match fields.get("intent") {
        Some("add") => ports.alerts.add_webhook(&address).await,
        Some("remove") => {
            let host = fields.text("host");
            ports.alerts.remove_webhook(place, &host).await
        }
        _ => {
            let outcome = ports.alerts.test_webhook(place).await;
            let form = WebhookForm::Tested(place, outcome);
            return render_again(ports, head, StatusCode::OK, form).await;
        }
    };
    let refused = match changed {
        Ok(()) => {
            return Redirect::to(&format!("/ns/{}/alerts", Encoded(&namespace))).into_response();
        }
        Err(refused) => refused,
    };
    let status = match refused {
        WebhookRefused::UseAddress(_) | WebhookRefused::TakeSoMany(_) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        WebhookRefused::Keep(_) | WebhookRefused::Unsupported(_) => StatusCode::BAD_GATEWAY,
    };
    let why = refused.to_string();
    render_again(ports, head, status, WebhookForm::Refused { address, why }).await
}

async fn known(ports: &Ports, name: &str) -> Result<Option<AlertRule>, Failure> {
    let rules = ports.alerts.alert_rules().await?;
    Ok(rules.into_iter().find(|rule| rule.name == name))
}

/// The list of the namespace that the form came from.
fn list(fields: &Fields) -> String {
    let namespace = fields.text("namespace");
    let is_name = api::validation::name_problem(&namespace, 63).is_none();
    let namespace = if is_name { &namespace } else { "default" };
    format!("/ns/{namespace}/alerts")
}

fn status(refused: &RuleRefused) -> StatusCode {
    match refused {
        RuleRefused::UseRule { .. } | RuleRefused::TakeSoMany(_) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        RuleRefused::Keep(_) | RuleRefused::Unsupported(_) => StatusCode::BAD_GATEWAY,
    }
}

async fn refuse(ports: Ports, head: Parts, refused: &RuleRefused) -> Response {
    let form = AlertForm {
        errors: vec![("", refused.to_string())],
        ..AlertForm::default()
    };
    render_again(ports, head, status(refused), form).await
}
