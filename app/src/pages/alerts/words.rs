//! Rules of alerts and how it stands with them, in words.

use api::telemetry::{Alert, AlertMeasure, AlertRule, AlertState};

use crate::{components::status_mark::Mark, format};

const SECOND_NS: u64 = 1_000_000_000;

/// What a rule can be about.
pub(super) fn measure(measure: AlertMeasure) -> &'static str {
    match measure {
        AlertMeasure::RequestLatency => "How long 95 % of runs take",
        AlertMeasure::ErrorRate => "Share of runs that fail",
        AlertMeasure::ModelFailures => "Share of model calls that fail",
    }
}

/// How a value of it is written.
pub(super) fn show(measure: AlertMeasure) -> fn(f64) -> String {
    match measure {
        AlertMeasure::RequestLatency => |seconds| format!("{seconds:.2} s"),
        AlertMeasure::ErrorRate | AlertMeasure::ModelFailures => {
            |share| format!("{:.1} %", share * 100.0)
        }
    }
}

/// The rule as a sentence without its end.
pub(super) fn rule(rule: &AlertRule) -> String {
    let seconds = |seconds: u64| format::duration(seconds.saturating_mul(SECOND_NS));
    let of = rule.agent.as_deref().unwrap_or("each agent");
    format!(
        "{}, for {of}, over {}: above {} for {}",
        measure(rule.measure),
        seconds(rule.window_seconds),
        show(rule.measure)(rule.threshold),
        seconds(rule.for_seconds),
    )
}

/// The state of an alert; with none, all is well.
pub(super) fn state(rule: &AlertRule, alert: Option<&Alert>, now_ns: u64) -> (Mark, &'static str) {
    let state = alert.map_or(AlertState::Inactive, |alert| alert.state);
    match state {
        AlertState::Firing if rule.is_silenced(now_ns) => (Mark::Cancelled, "Firing, silenced"),
        AlertState::Firing => (Mark::Failed, "Firing"),
        AlertState::Pending => (Mark::Degraded, "Pending"),
        AlertState::Inactive | AlertState::Resolved if rule.is_silenced(now_ns) => {
            (Mark::Cancelled, "Silenced")
        }
        AlertState::Resolved => (Mark::Ready, "Resolved"),
        AlertState::Inactive => (Mark::Ready, "OK"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reads_as_a_sentence() {
        let rules = AlertRule::defaults();
        assert_eq!(
            rule(&rules[0]),
            "How long 95 % of runs take, for each agent, over 5 m 00 s: above 30.00 s for 2 m 00 s"
        );
    }

    #[test]
    fn a_silence_shows_whatever_the_state() {
        let mut rule = AlertRule::defaults().remove(0);
        let mut alert = Alert::new(&rule, "a");
        alert.state = AlertState::Firing;
        assert_eq!(state(&rule, Some(&alert), 5).1, "Firing");
        rule.silenced_until_ns = Some(6);
        assert_eq!(state(&rule, Some(&alert), 5).1, "Firing, silenced");
        assert_eq!(state(&rule, None, 5).1, "Silenced");
        assert_eq!(state(&rule, None, 6).1, "OK");
    }
}
