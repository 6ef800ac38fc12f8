//! What a request says about its own run: lower limits, and wishes we refuse.

use std::{
    num::{NonZeroU32, NonZeroU64},
    time::Duration,
};

use api::{
    money::Usd,
    plan::{AgentPlan, Limits},
    replay::OWN_FIELD,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::ChatError;
use crate::turn::Bounds;

/// The steps may be said at the top of the body, too.
const STEPS_FIELD: &str = "max_steps";

/// The limits a request may lower.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lowered {
    #[serde(rename = "max_steps")]
    steps: Option<NonZeroU32>,
    #[serde(rename = "max_runtime_seconds")]
    seconds: Option<NonZeroU32>,
    #[serde(rename = "max_tool_calls")]
    calls: Option<u32>,
    #[serde(rename = "max_tokens_total")]
    tokens: Option<NonZeroU64>,
    #[serde(rename = "max_cost_usd")]
    cost: Option<Usd>,
}

/// The agent's own bounds.
pub(super) fn own(plan: &AgentPlan) -> Bounds {
    let Limits {
        runtime,
        tool_calls,
        tokens,
        cost,
    } = plan.limits;
    Bounds {
        steps: plan.max_steps,
        runtime,
        calls: tool_calls,
        tokens,
        cost,
    }
}

/// The bounds of a run: the agent's own, lowered by the request and never raised. Takes our fields
/// out of the body, so that the model does not see them.
pub(super) fn lower(own: Bounds, rest: &mut Map<String, Value>) -> Result<Bounds, ChatError> {
    refuse(rest)?;
    let steps: Option<NonZeroU32> = parse(rest.remove(STEPS_FIELD), STEPS_FIELD)?;
    let lowered: Option<Lowered> = parse(rest.remove(OWN_FIELD), OWN_FIELD)?;
    let lowered = lowered.unwrap_or_default();
    if lowered.cost == Some(Usd::ZERO) {
        return Err(ChatError::Refuse {
            param: OWN_FIELD,
            message: format!("{OWN_FIELD} cannot be used: max_cost_usd must be more than 0"),
        });
    }
    let steps = [steps, lowered.steps].into_iter().flatten();
    let seconds = lowered.seconds.map(NonZeroU32::get);
    let runtime = seconds.map(|seconds| Duration::from_secs(u64::from(seconds)));
    let tokens = lowered.tokens.map(NonZeroU64::get);
    Ok(Bounds {
        steps: steps.fold(own.steps, |least, steps| least.min(steps.get())),
        runtime: runtime.map_or(own.runtime, |runtime| runtime.min(own.runtime)),
        calls: lowered
            .calls
            .map_or(own.calls, |calls| calls.min(own.calls)),
        tokens: own.tokens.into_iter().chain(tokens).min(),
        cost: own.cost.into_iter().chain(lowered.cost).min(),
    })
}

fn parse<T: for<'de> Deserialize<'de>>(
    value: Option<Value>,
    param: &'static str,
) -> Result<Option<T>, ChatError> {
    let parsed = value.map_or(Ok(None), serde_json::from_value);
    parsed.map_err(|error| ChatError::Refuse {
        param,
        message: format!("{param} cannot be used: {error}"),
    })
}

/// What would be ignored without a word is refused.
fn refuse(rest: &Map<String, Value>) -> Result<(), ChatError> {
    let refused = |param, message: &str| {
        Err(ChatError::Refuse {
            param,
            message: message.to_owned(),
        })
    };
    if rest.get("n").is_some_and(|n| !n.is_null() && *n != 1) {
        return refused("n", "an agent gives one answer; leave n out or set it to 1");
    }
    if rest.contains_key("functions") {
        return refused(
            "functions",
            "functions are not supported; send tools instead",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWN: Bounds = Bounds {
        steps: 5,
        runtime: Duration::from_mins(1),
        calls: 10,
        tokens: None,
        cost: None,
    };

    fn lowered(mut body: Value) -> Result<(Bounds, Value), ChatError> {
        let rest = body.as_object_mut().expect("a body is an object");
        let bounds = lower(OWN, rest)?;
        Ok((bounds, body))
    }

    #[test]
    fn a_request_lowers_limits_and_never_raises_them() {
        let low = json!({"seed": 7, "kaos": {"max_steps": 2, "max_runtime_seconds": 3,
            "max_tool_calls": 0, "max_tokens_total": 9, "max_cost_usd": 0.5}});
        let (bounds, rest) = lowered(low).unwrap();
        let expected = Bounds {
            steps: 2,
            runtime: Duration::from_secs(3),
            calls: 0,
            tokens: Some(9),
            cost: Some(Usd::from_dollars(0.5)),
        };
        assert_eq!(bounds, expected);
        assert_eq!(rest, json!({"seed": 7}), "the model sees the rest only");
        let high =
            json!({"max_steps": 20, "kaos": {"max_runtime_seconds": 600, "max_tool_calls": 99}});
        assert_eq!(lowered(high).unwrap().0, OWN);
        assert_eq!(lowered(json!({"max_steps": 1})).unwrap().0.steps, 1);
    }

    #[test]
    fn what_would_be_ignored_is_refused_with_its_name() {
        for (body, wrong) in [
            (json!({"n": 2}), "n"),
            (json!({"functions": []}), "functions"),
            (json!({"max_steps": 0}), "max_steps"),
            (json!({"kaos": {"max_step": 1}}), "kaos"),
            (json!({"kaos": {"max_cost_usd": 0}}), "kaos"),
            (json!({"kaos": 5}), "kaos"),
        ] {
            let Err(ChatError::Refuse { param, message }) = lowered(body) else {
                panic!("{wrong} is taken")
            };
            assert_eq!(param, wrong);
            assert!(message.contains(wrong), "{message}");
        }
        assert!(lowered(json!({"n": 1})).is_ok());
        assert!(lowered(json!({"n": null})).is_ok());
    }
}
