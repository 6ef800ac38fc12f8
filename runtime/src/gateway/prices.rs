//! What models cost: a table that comes with the program, and the user's own on top of it.
//!
//! A model that is in neither has no price, which is not the same as costing nothing.

use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use api::{chat::Usage, money::Usd};
use serde::Deserialize;

/// Tokens that a price is for.
const PER: f64 = 1e6;
/// Who asks others, and names models as `provider/model`, as the table does.
pub(super) const RESELLERS: [&str; 2] = ["openrouter", "litellm"];

/// The table that comes with the program.
static BUILT_IN: LazyLock<Table> = LazyLock::new(|| {
    let written: Written = serde_saphyr::from_str(include_str!("prices.yaml"))
        .expect("a test has read this very text");
    written.into()
});

/// The prices of all models known.
#[derive(Clone, Debug, Default)]
pub(super) struct Prices(Arc<Option<Table>>);

/// Why a table of prices cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the table of prices cannot be read: {0}")]
pub struct PricesError(String);

/// A table as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    /// Whether the table that comes with the program counts where this one says nothing.
    #[serde(default = "yes")]
    built_in: bool,
    models: HashMap<String, Price>,
}

/// A table as it is read for every answer.
#[derive(Debug)]
struct Table {
    built_in: bool,
    models: HashMap<String, Price>,
    /// By what names start with, longest first.
    patterns: Vec<(String, Price)>,
}

/// US dollars for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Price {
    input: f64,
    #[serde(default)]
    output: f64,
    cached: Option<f64>,
    cache_write: Option<f64>,
    reasoning: Option<f64>,
    above: Option<Above>,
}

/// What a call costs that sends more tokens than this.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Above {
    tokens: u64,
    input: Option<f64>,
    output: Option<f64>,
    cached: Option<f64>,
    cache_write: Option<f64>,
    reasoning: Option<f64>,
}

impl Prices {
    /// The table that comes with the program, with the user's own on top.
    pub(super) fn with(own: &str) -> Result<Self, PricesError> {
        let written: Written =
            serde_saphyr::from_str(own).map_err(|error| PricesError(error.to_string()))?;
        let wrong = written.models.iter().find(|(_, price)| !price.is_usable());
        if let Some((model, _)) = wrong {
            let message = format!("a price of {model} is below zero or no number");
            return Err(PricesError(message));
        }
        Ok(Self(Arc::new(Some(written.into()))))
    }

    /// The price of a provider's model, by the name the provider knows.
    pub(super) fn of(&self, provider: &str, model: &str) -> Option<Price> {
        // Azure serves OpenAI's models.
        let provider = if provider == super::provider::AZURE {
            "openai"
        } else {
            provider
        };
        let full = format!("{provider}/{model}");
        let resold = RESELLERS.contains(&provider).then_some(model);
        let own = self.0.as_ref().as_ref();
        let built_in = own.is_none_or(|own| own.built_in).then(|| &*BUILT_IN);
        own.into_iter()
            .chain(built_in)
            .find_map(|table| table.price(&full).or_else(|| table.price(resold?)))
    }
}

impl From<Written> for Table {
    fn from(written: Written) -> Self {
        let Written { built_in, models } = written;
        let start =
            |(name, price): (&String, &Price)| Some((name.strip_suffix('*')?.to_owned(), *price));
        let mut patterns: Vec<_> = models.iter().filter_map(start).collect();
        patterns.sort_by_key(|(start, _)| Reverse(start.len()));
        Self {
            built_in,
            models,
            patterns,
        }
    }
}

impl Table {
    /// The price of the name, or of the longest pattern that fits it.
    fn price(&self, name: &str) -> Option<Price> {
        let like = || {
            let mut patterns = self.patterns.iter();
            let fits = patterns.find(|(start, _)| name.starts_with(start.as_str()))?;
            Some(&fits.1)
        };
        self.models.get(name).or_else(like).copied()
    }
}

impl Price {
    /// What this much costs.
    #[expect(clippy::cast_precision_loss, reason = "nobody counts so many tokens")]
    pub(super) fn of(&self, usage: Usage) -> Usd {
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

    fn is_usable(&self) -> bool {
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

    fn own(yaml: &str, provider: &str, model: &str) -> Option<f64> {
        let price = Prices::with(yaml).unwrap().of(provider, model)?;
        Some(cost(price, USAGE))
    }

    #[test]
    fn the_table_that_comes_with_the_program_is_read_and_all_of_it_makes_sense() {
        assert!(BUILT_IN.models.len() > 500);
        for (model, price) in &BUILT_IN.models {
            assert!(price.is_usable(), "{model}");
        }
        let prices = Prices::default();
        let known = |provider: &str, model| prices.of(provider, model).is_some();
        assert!(known("openai", "gpt-4o") && known("azure", "gpt-4o"));
        assert!(known("anthropic", "claude-sonnet-4-5") && known("gemini", "gemini-2.5-flash"));
        assert!(
            known("openrouter", "openai/gpt-4o"),
            "it sells others' models"
        );
        assert!(!known("mock", "openai/gpt-4o") && !known("openai", "gpt-none"));
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
    fn a_long_question_may_cost_more() {
        let yaml = "models: {a/b: {input: 1, output: 2, above: {tokens: 999, input: 4}}}";
        assert_eq!(own(yaml, "a", "b"), Some(0.005));
        let yaml = "models: {a/b: {input: 1, output: 2, above: {tokens: 1000, input: 4}}}";
        assert_eq!(own(yaml, "a", "b"), Some(0.002));
    }

    #[test]
    fn the_users_table_comes_first_or_alone() {
        let yaml = "models: {openai/gpt-4o: {input: 1}, house/*: {input: 0}}";
        assert_eq!(own(yaml, "openai", "gpt-4o"), Some(0.001));
        assert_eq!(
            own(yaml, "house", "any"),
            Some(0.0),
            "known to cost nothing"
        );
        assert!(own(yaml, "openai", "gpt-4o-mini").is_some());
        let alone = "builtIn: false\nmodels: {house/*: {input: 1}}";
        assert_eq!(own(alone, "openai", "gpt-4o-mini"), None);
    }

    #[test]
    fn a_table_that_makes_no_sense_says_why() {
        for (wrong, why) in [
            ("models: {a/b: {input: -1}}", "a/b"),
            ("models: {a/b: {output: 1}}", "input"),
            ("models: {a/b: {inptu: 1}}", "inptu"),
            ("models: [1]", "models"),
        ] {
            let error = Prices::with(wrong).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
