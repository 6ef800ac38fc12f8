//! What answers use, tokens and money: on their spans, and summed up over a run.

use api::plan::{AgentPlan, ResourceId};
use opentelemetry_proto::tonic::{common::v1::any_value::Value as AnyValue, trace::v1::Span};
use serde_json::json;

use crate::support::{House, Model, Reply, peer, plan, question, with};

fn number(span: &Span, key: &str) -> f64 {
    let found = span.attributes.iter().find(|pair| pair.key == key);
    let value = found.and_then(|pair| pair.value.as_ref()?.value.clone());
    match value {
        Some(AnyValue::DoubleValue(number)) => number,
        Some(AnyValue::IntValue(number)) => f64::from(i32::try_from(number).unwrap()),
        other => panic!("{key} is {other:?}"),
    }
}

/// An agent that delegates once; its model and the other's say what an answer uses.
async fn delegating() -> (House, [Model; 2]) {
    let call = Reply::delegates(r#"{"agent": "other", "task": "look"}"#);
    let asking = Model::with(vec![call, Reply::says("done")]).await;
    let asked = Model::with(vec![Reply::says("found")]).await;
    let house = House::with(AgentPlan {
        peers: vec![peer("other")],
        ..plan(&asking)
    });
    house.agents.apply(AgentPlan {
        id: ResourceId::new("team", "other"),
        ..plan(&asked)
    });
    (house, [asking, asked])
}

#[tokio::test]
async fn the_price_of_each_answer_is_on_its_span_and_that_of_all_on_the_runs() {
    let (house, _models) = delegating().await;
    let got = house.ask(question("hi")).await;
    let usage = &got.json()["usage"];
    assert_eq!(usage["cost"], json!(0.003), "two answers here, one there");
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 12);
    house.ended(2).await;

    let answers = house.recorder.spans("model.inference");
    assert_eq!(answers.len(), 3);
    for span in &answers {
        for key in ["kaos.usage.cost_usd", "gen_ai.usage.cost"] {
            assert!((number(span, key) - 0.001).abs() < 1e-12);
        }
        let cached = number(span, "gen_ai.usage.cache_read.input_tokens");
        let reasoning = number(span, "gen_ai.usage.reasoning.output_tokens");
        assert!((cached, reasoning) == (4.0, 2.0));
    }
    let runs = house.recorder.spans("agent.agentic_loop");
    let totals = |key| runs.iter().map(|run| number(run, key)).fold(0.0, f64::max);
    assert!((totals("kaos.usage.total_cost_usd") - 0.003).abs() < 1e-12);
    assert!((totals("kaos.usage.total_cached_tokens") - 12.0).abs() < 1e-12);
    assert!((totals("kaos.usage.total_reasoning_tokens") - 6.0).abs() < 1e-12);
}

#[tokio::test]
async fn a_streamed_answer_ends_with_the_price_of_its_run() {
    let (house, _models) = delegating().await;
    let body = json!({"stream": true, "stream_options": {"include_usage": true}});
    let got = house.ask(with(question("hi"), body)).await;
    let last = got.pieces().pop().unwrap();
    assert_eq!(last["usage"]["cost"], json!(0.003), "{last:#}");
    let details = &last["usage"]["completion_tokens_details"];
    assert_eq!(details["reasoning_tokens"], 6);
}
