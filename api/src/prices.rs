//! What models cost: tables of prices, as they are written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{chat::Usage, money::Usd};

/// Namespace of the `ConfigMap` with the user's own prices.
pub const NAMESPACE: &str = "kaos-system";
/// Its name.
pub const NAME: &str = "kaos-prices";
/// Its key that holds a [`PriceTable`] as YAML.
pub const KEY: &str = "prices.yaml";

/// Tokens that a price is for.
const PER: f64 = 1e6;

/// A table as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PriceTable {
    /// Where the prices are from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Of which day they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Whether the table that comes with the program counts where this one says nothing.
    #[serde(default = "yes")]
    pub built_in: bool,
    /// By `provider/model`. A name that ends in `*` is for all that begin like it.
    pub models: BTreeMap<String, Price>,
}

impl Default for PriceTable {
    fn default() -> Self {
        Self {
            source: None,
            date: None,
            built_in: true,
            models: BTreeMap::new(),
        }
    }
}

impl PriceTable {
    /// The first model whose price makes no sense.
    pub fn unusable(&self) -> Option<&str> {
        let mut models = self.models.iter();
        let wrong = models.find(|(_, price)| !price.is_usable());
        wrong.map(|(model, _)| model.as_str())
    }

    /// The price of the name, or of the longest pattern that fits it.
    pub fn price(&self, name: &str) -> Option<Price> {
        let exact = self.models.get(name);
        exact.or_else(|| self.price_of_those_like(name)).copied()
    }

    /// Looks each pattern up that could fit, longest first: there are fewer of them than models.
    fn price_of_those_like(&self, name: &str) -> Option<&Price> {
        let mut pattern = String::with_capacity(name.len() + 1);
        let ends = name.char_indices().map(|(end, _)| end).rev();
        [name.len()].into_iter().chain(ends).find_map(|end| {
            pattern.clear();
            pattern.push_str(&name[..end]);
            pattern.push('*');
            self.models.get(&pattern)
        })
    }
}

/// US dollars for a million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Price {
    /// Tokens sent.
    pub input: f64,
    /// Tokens answered.
    #[serde(default)]
    pub output: f64,
    /// Tokens read from the provider's cache; like `input` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<f64>,
    /// Tokens written into it; like `input` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<f64>,
    /// Tokens thought; like `output` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<f64>,
    /// What a call with many tokens costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<Above>,
}

/// What a call costs that sends more tokens than this; like a shorter one where absent.
#[expect(missing_docs, reason = "the same as in `Price`")]
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Above {
    pub tokens: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<f64>,
}

impl Price {
    /// What this much costs.
    #[expect(clippy::cast_precision_loss, reason = "nobody counts so many tokens")]
    pub fn of(&self, usage: Usage) -> Usd {
        let price = self.at(usage.prompt_tokens);
        let cached = usage.cached_tokens.min(usage.prompt_tokens);
        let kept = usage.cache_write_tokens.min(usage.prompt_tokens - cached);
        let reasoning = usage.reasoning_tokens.min(usage.completion_tokens);
        let parts = [
            (usage.prompt_tokens - cached - kept, price.input),
            (cached, price.cached.unwrap_or(price.input)),
            (kept, price.cache_write.unwrap_or(price.input)),
            (usage.completion_tokens - reasoning, price.output),
            (reasoning, price.reasoning.unwrap_or(price.output)),
        ];
        let dollars: f64 = parts
            .iter()
            .map(|(tokens, price)| *tokens as f64 * price)
            .sum();
        Usd::from_dollars(dollars / PER)
    }

    /// The price of a call that sends so many tokens.
    fn at(&self, sent: u64) -> Self {
        match self.above {
            Some(above) if sent > above.tokens => Self {
                input: above.input.unwrap_or(self.input),
                output: above.output.unwrap_or(self.output),
                cached: above.cached.or(self.cached),
                cache_write: above.cache_write.or(self.cache_write),
                reasoning: above.reasoning.or(self.reasoning),
                above: None,
            },
            _ => *self,
        }
    }

    /// Whether all of it are numbers that somebody can pay.
    pub fn is_usable(&self) -> bool {
        let above = self.above.map(|_| self.at(u64::MAX));
        let parts = |price: &Self| {
            let Self {
                input,
                output,
                cached,
                cache_write,
                reasoning,
                above: _,
            } = *price;
            let optional = [cached, cache_write, reasoning].into_iter().flatten();
            optional
                .chain([input, output])
                .all(|part| part.is_finite() && part >= 0.0)
        };
        parts(self) && above.as_ref().is_none_or(parts)
    }
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const USAGE: Usage = Usage {
        prompt_tokens: 1_000,
        completion_tokens: 500,
        total_tokens: 1_500,
        cached_tokens: 0,
        cache_write_tokens: 0,
        reasoning_tokens: 0,
        cost: None,
    };

    fn cost(price: Price, usage: Usage) -> f64 {
        price.of(usage).dollars()
    }

    #[test]
    fn cached_kept_and_reasoning_tokens_have_prices_of_their_own() {
        let price = Price {
            input: 10.0,
            output: 100.0,
            cached: Some(1.0),
            cache_write: Some(12.5),
            reasoning: Some(200.0),
            above: None,
        };
        assert_eq!(cost(price, USAGE).to_string(), "0.06");
        let cached = Usage {
            cached_tokens: 600,
            cache_write_tokens: 200,
            ..USAGE
        };
        // 200 × 10 + 600 × 1 + 200 × 12.5 + 500 × 100
        assert_eq!(cost(price, cached).to_string(), "0.0551");
        let thoughtful = Usage {
            reasoning_tokens: 400,
            ..USAGE
        };
        assert_eq!(cost(price, thoughtful).to_string(), "0.1");
        let garbage = Usage {
            cached_tokens: u64::MAX,
            reasoning_tokens: u64::MAX,
            ..USAGE
        };
        assert_eq!(cost(price, garbage).to_string(), "0.101");
    }

    #[test]
    fn the_longest_pattern_that_fits_counts_after_the_name_itself() {
        let price = |input| Price {
            input,
            ..Price::default()
        };
        let models = [("a/*", 1.0), ("a/b*", 2.0), ("a/bc", 3.0)];
        let table = PriceTable {
            models: models
                .map(|(name, input)| (name.to_owned(), price(input)))
                .into(),
            ..PriceTable::default()
        };
        let of = |name| table.price(name).map(|price| price.input);
        assert_eq!(
            (of("a/x"), of("a/bx"), of("a/bc")),
            (Some(1.0), Some(2.0), Some(3.0))
        );
        assert_eq!(of("b"), None);
    }
}
