//! What models cost: a table that comes with the program, and the user's own on top of it.
//!
//! A model that is in neither has no price, which is not the same as costing nothing.

use std::sync::{Arc, LazyLock};

use api::prices::{Price, PriceTable};

/// Who asks others, and names models as `provider/model`, as the table does.
pub(super) const RESELLERS: [&str; 2] = ["openrouter", "litellm"];

/// The table that comes with the program.
static BUILT_IN: LazyLock<Arc<PriceTable>> = LazyLock::new(|| {
    let table: PriceTable = serde_saphyr::from_str(include_str!("prices.yaml"))
        .expect("a test has read this very text");
    Arc::new(table)
});

/// The table that comes with the program.
pub fn built_in_prices() -> Arc<PriceTable> {
    Arc::clone(&BUILT_IN)
}

/// The prices of all models known.
#[derive(Clone, Debug, Default)]
pub(super) struct Prices(Option<Arc<PriceTable>>);

/// Why a table of prices cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the table of prices cannot be read: {0}")]
pub struct PricesError(String);

impl Prices {
    /// The table that comes with the program, with the user's own on top.
    pub(super) fn with(own: &str) -> Result<Self, PricesError> {
        let table: PriceTable =
            serde_saphyr::from_str(own).map_err(|error| PricesError(error.to_string()))?;
        if let Some(model) = table.unusable() {
            let message = format!("a price of {model} is below zero or no number");
            return Err(PricesError(message));
        }
        Ok(Self(Some(Arc::new(table))))
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
        let own = self.0.as_ref();
        let built_in = own.is_none_or(|own| own.built_in).then(|| &*BUILT_IN);
        own.into_iter()
            .chain(built_in)
            .find_map(|table| table.price(&full).or_else(|| table.price(resold?)))
    }
}

#[cfg(test)]
mod tests {
    use api::chat::Usage;

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

    fn own(yaml: &str, provider: &str, model: &str) -> Option<f64> {
        let price = Prices::with(yaml).unwrap().of(provider, model)?;
        Some(price.of(USAGE).dollars())
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
