//! The same rules for a Prometheus that looks at the metrics of agents, as a `PrometheusRule`.

use api::telemetry::{AlertMeasure, AlertRule};
use serde_json::{Value, json};

/// The object. JSON is YAML, too, so names need no other escaping than JSON's.
pub(super) fn rule(rules: &[AlertRule]) -> String {
    let rules: Vec<_> = rules.iter().map(of).collect();
    let object = json!({
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": { "name": "kaos", "labels": { "app.kubernetes.io/name": "kaos" } },
        "spec": { "groups": [{ "name": "kaos", "rules": rules }] },
    });
    format!("{object:#}\n")
}

fn of(rule: &AlertRule) -> Value {
    json!({
        "alert": rule.name,
        "expr": expression(rule),
        "for": format!("{}s", rule.for_seconds),
        "labels": { "severity": "warning" },
        "annotations": { "summary": summary(rule) },
    })
}

fn expression(rule: &AlertRule) -> String {
    let (window, threshold) = (rule.window_seconds, rule.threshold);
    let agent = rule
        .agent
        .as_deref()
        .map(|agent| format!("agent_name={agent:?}"));
    let select = |more: Option<&str>| {
        let labels: Vec<_> = agent.as_deref().into_iter().chain(more).collect();
        format!("{{{}}}[{window}s]", labels.join(","))
    };
    let share = |counter: &str| {
        let (failed, all) = (select(Some("success=\"false\"")), select(None));
        format!(
            "sum by (agent_name) (rate({counter}{failed})) / sum by (agent_name) (rate({counter}{all})) \
             > {threshold}"
        )
    };
    match rule.measure {
        AlertMeasure::RequestLatency => format!(
            "histogram_quantile(0.95, sum by (agent_name, le) \
             (rate(kaos_request_duration_milliseconds_bucket{}))) / 1000 > {threshold}",
            select(None)
        ),
        AlertMeasure::ErrorRate => share("kaos_requests_total"),
        AlertMeasure::ModelFailures => share("kaos_model_calls_total"),
    }
}

fn summary(rule: &AlertRule) -> String {
    let what = match rule.measure {
        AlertMeasure::RequestLatency => "95 % of the requests take longer than this many seconds",
        AlertMeasure::ErrorRate => "more than this share of the requests fail",
        AlertMeasure::ModelFailures => "more than this share of the calls of models fail",
    };
    format!("{{{{ $labels.agent_name }}}}: {what}: {}", rule.threshold)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_rules_are_expressions_of_prometheus() {
        let expressions: Vec<_> = AlertRule::defaults().iter().map(expression).collect();
        assert_eq!(
            expressions,
            [
                "histogram_quantile(0.95, sum by (agent_name, le) \
                 (rate(kaos_request_duration_milliseconds_bucket{}[300s]))) / 1000 > 30",
                "sum by (agent_name) (rate(kaos_requests_total{success=\"false\"}[300s])) / \
                 sum by (agent_name) (rate(kaos_requests_total{}[300s])) > 0.05",
                "sum by (agent_name) (rate(kaos_model_calls_total{success=\"false\"}[300s])) / \
                 sum by (agent_name) (rate(kaos_model_calls_total{}[300s])) > 0.01",
            ]
        );
    }

    #[test]
    fn an_agent_is_a_label() {
        let mut of_one = AlertRule::defaults().remove(1);
        of_one.agent = Some("a\"b".to_owned());
        let expression = expression(&of_one);
        let failed = "{agent_name=\"a\\\"b\",success=\"false\"}[300s]";
        assert!(expression.contains(failed), "{expression}");
    }
}
