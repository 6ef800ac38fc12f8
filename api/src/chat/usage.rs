//! What answers used: tokens and money.
//!
//! The field names on the wire are OpenAI's; `cost` is that of `OpenRouter`. Other providers have
//! words of their own for what was cached, which are understood.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::money::Usd;

/// What an answer used, or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Wire", into = "Wire")]
pub struct Usage {
    /// Tokens sent to the model.
    pub prompt_tokens: u64,
    /// Tokens the model wrote.
    pub completion_tokens: u64,
    /// Both.
    pub total_tokens: u64,
    /// Those of the tokens sent that the provider had kept from an earlier question.
    pub cached_tokens: u64,
    /// Those of the tokens sent that the provider keeps for later questions.
    pub cache_write_tokens: u64,
    /// Those of the tokens written that were the model's reasoning.
    pub reasoning_tokens: u64,
    /// The price of it; `None` when it is not known. A sum is that of all prices known.
    pub cost: Option<Usd>,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        // Models are known to send anything, and numbers are no exception.
        let add = u64::saturating_add;
        self.prompt_tokens = add(self.prompt_tokens, other.prompt_tokens);
        self.completion_tokens = add(self.completion_tokens, other.completion_tokens);
        self.total_tokens = add(self.total_tokens, other.total_tokens);
        self.cached_tokens = add(self.cached_tokens, other.cached_tokens);
        self.cache_write_tokens = add(self.cache_write_tokens, other.cache_write_tokens);
        self.reasoning_tokens = add(self.reasoning_tokens, other.reasoning_tokens);
        self.cost = match (self.cost, other.cost) {
            (Some(cost), Some(more)) => Some(cost + more),
            (cost, more) => cost.or(more),
        };
    }
}

/// How providers say it.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Wire {
    prompt_tokens: Count,
    completion_tokens: Count,
    total_tokens: Count,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_tokens_details: Option<PromptDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_tokens_details: Option<CompletionDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Usd>,
    /// The word of `DeepSeek` for `cached_tokens`.
    #[serde(skip_serializing)]
    prompt_cache_hit_tokens: Count,
    /// Anthropic's words, which `LiteLLM` passes on.
    #[serde(skip_serializing)]
    cache_read_input_tokens: Count,
    #[serde(skip_serializing)]
    cache_creation_input_tokens: Count,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct PromptDetails {
    cached_tokens: Count,
    #[serde(skip_serializing_if = "is_default")]
    cache_write_tokens: Count,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct CompletionDetails {
    reasoning_tokens: Count,
}

/// A number of tokens, read from whatever number it is, or from null.
#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Option<Number>")]
struct Count(u64);

/// Whether a field says no more than its absence would.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Whole(u64),
    Other(f64),
}

impl From<Option<Number>> for Count {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "such a cast ends at the bounds of the type, as it is meant to"
    )]
    fn from(number: Option<Number>) -> Self {
        Self(match number {
            Some(Number::Whole(tokens)) => tokens,
            Some(Number::Other(tokens)) => tokens as u64,
            None => 0,
        })
    }
}

impl From<Wire> for Usage {
    fn from(wire: Wire) -> Self {
        let prompt = wire.prompt_tokens_details.unwrap_or_default();
        let completion = wire.completion_tokens_details.unwrap_or_default();
        let most = |counts: [Count; 3]| counts.map(|count| count.0).into_iter().max();
        let cached = [
            prompt.cached_tokens,
            wire.prompt_cache_hit_tokens,
            wire.cache_read_input_tokens,
        ];
        let (sent, written) = (wire.prompt_tokens.0, wire.completion_tokens.0);
        // Some providers leave the reasoning out of what was written, but not out of the total.
        let left_out = match sent {
            0 => 0,
            _ => wire
                .total_tokens
                .0
                .saturating_sub(sent.saturating_add(written)),
        };
        Self {
            prompt_tokens: sent,
            completion_tokens: written.saturating_add(left_out),
            total_tokens: wire.total_tokens.0,
            cached_tokens: most(cached).unwrap_or_default(),
            cache_write_tokens: prompt
                .cache_write_tokens
                .0
                .max(wire.cache_creation_input_tokens.0),
            reasoning_tokens: completion.reasoning_tokens.0.max(left_out),
            cost: wire.cost,
        }
    }
}

impl From<Usage> for Wire {
    fn from(usage: Usage) -> Self {
        let has_cache = usage.cached_tokens > 0 || usage.cache_write_tokens > 0;
        Self {
            prompt_tokens: Count(usage.prompt_tokens),
            completion_tokens: Count(usage.completion_tokens),
            total_tokens: Count(usage.total_tokens),
            prompt_tokens_details: has_cache.then_some(PromptDetails {
                cached_tokens: Count(usage.cached_tokens),
                cache_write_tokens: Count(usage.cache_write_tokens),
            }),
            completion_tokens_details: (usage.reasoning_tokens > 0).then_some(CompletionDetails {
                reasoning_tokens: Count(usage.reasoning_tokens),
            }),
            cost: usage.cost,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(wire: Value) -> Usage {
        serde_json::from_value(wire).unwrap()
    }

    #[test]
    fn openais_words_and_openrouters_cost_come_and_go_as_they_are() {
        let wire = json!({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,
            "prompt_tokens_details": {"cached_tokens": 64},
            "completion_tokens_details": {"reasoning_tokens": 16}, "cost": 0.0012});
        let usage = read(wire.clone());
        assert_eq!((usage.cached_tokens, usage.reasoning_tokens), (64, 16));
        assert_eq!(usage.cost, Some(Usd::from_dollars(0.0012)));
        assert_eq!(serde_json::to_value(usage).unwrap(), wire);
    }

    #[test]
    fn an_answer_without_details_or_price_has_none() {
        let wire = json!({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3});
        assert_eq!(serde_json::to_value(read(wire.clone())).unwrap(), wire);
    }

    #[test]
    fn other_words_for_cached_tokens_are_understood() {
        let deepseek = json!({"prompt_tokens": 9, "prompt_cache_hit_tokens": 8});
        assert_eq!(read(deepseek).cached_tokens, 8);
        let anthropic = json!({"prompt_tokens": 9, "cache_read_input_tokens": 4,
            "cache_creation_input_tokens": 5, "prompt_tokens_details": null});
        let usage = read(anthropic);
        assert_eq!((usage.cached_tokens, usage.cache_write_tokens), (4, 5));
    }

    #[test]
    fn reasoning_that_is_only_in_the_total_was_written_too() {
        let wire = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 45});
        let usage = read(wire);
        assert_eq!((usage.completion_tokens, usage.reasoning_tokens), (35, 30));
    }

    #[test]
    fn numbers_are_read_however_they_are_written() {
        let wire = json!({"prompt_tokens": 12.0, "completion_tokens": -3, "total_tokens": null});
        let usage = read(wire);
        assert_eq!((usage.prompt_tokens, usage.completion_tokens), (12, 0));
    }

    #[test]
    fn a_sum_has_all_prices_that_are_known() {
        let cost = |dollars| Usage {
            cost: Some(Usd::from_dollars(dollars)),
            ..Usage::default()
        };
        let mut sum = Usage::default();
        sum += Usage::default();
        assert_eq!(sum.cost, None, "unknown is not nothing");
        sum += cost(0.1);
        sum += Usage::default();
        sum += cost(0.2);
        assert_eq!(sum.cost, cost(0.3).cost);
    }
}
