//! Writes the user's own prices of models.

use std::collections::BTreeMap;

use api::prices::{Price, PriceTable};
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;

use super::{Fields, Refused, Sent};
use crate::{
    components::instead::Why,
    site::{
        Ports,
        prices::{self, Own},
        render_again,
    },
};

/// A line of the form, as it was filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PriceLine {
    pub(crate) model: String,
    /// Dollars for a million tokens: input, output, cached, cache write, reasoning.
    pub(crate) prices: [String; 5],
}

/// What the form held, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PriceForm {
    pub(crate) built_in: bool,
    pub(crate) lines: Vec<PriceLine>,
    pub(crate) problems: Vec<String>,
}

impl PriceForm {
    /// The form of a table.
    pub(crate) fn of(table: &PriceTable) -> Self {
        let text = |price: Option<f64>| price.map(|price| price.to_string()).unwrap_or_default();
        let line = |(model, price): (&String, &Price)| PriceLine {
            model: model.clone(),
            prices: [
                Some(price.input),
                Some(price.output),
                price.cached,
                price.cache_write,
                price.reasoning,
            ]
            .map(text),
        };
        Self {
            built_in: table.built_in,
            lines: table.models.iter().map(line).collect(),
            problems: Vec::new(),
        }
    }

    fn read(fields: &Fields) -> Self {
        let columns = ["input", "output", "cached", "cacheWrite", "reasoning"];
        let columns = columns.map(|column| fields.all(column));
        let models = fields.all("model").into_iter().enumerate();
        let lines = models.map(|(at, model)| PriceLine {
            model: model.trim().to_owned(),
            prices: columns.each_ref().map(|column| {
                column
                    .get(at)
                    .map(|text| text.trim().to_owned())
                    .unwrap_or_default()
            }),
        });
        Self {
            built_in: fields.get("builtIn").is_some(),
            lines: lines.collect(),
            problems: Vec::new(),
        }
    }

    /// The table it makes of `before`, whose fields it does not show are kept; or all that is wrong.
    fn table(&self, before: &PriceTable) -> Result<PriceTable, Vec<String>> {
        let mut table = PriceTable {
            built_in: self.built_in,
            models: BTreeMap::default(),
            ..before.clone()
        };
        let mut problems = Vec::new();
        for line in self.lines.iter().filter(|line| !line.model.is_empty()) {
            let model = &line.model;
            let mut number = |at: usize, what: &str| {
                let text = &line.prices[at];
                match text.parse::<f64>() {
                    Ok(number) if number.is_finite() && number >= 0.0 => Some(number),
                    _ if text.is_empty() => None,
                    _ => {
                        problems.push(format!("{model}: {what} is no number of dollars: {text}"));
                        None
                    }
                }
            };
            let price = Price {
                input: number(0, "input").unwrap_or_default(),
                output: number(1, "output").unwrap_or_default(),
                cached: number(2, "cached input"),
                cache_write: number(3, "cache write"),
                reasoning: number(4, "reasoning"),
                above: before.models.get(model).and_then(|price| price.above),
            };
            if line.prices[0].is_empty() {
                problems.push(format!(
                    "{model}: input is missing; 0 means that it costs nothing"
                ));
            }
            if table.models.insert(model.clone(), price).is_some() {
                problems.push(format!("{model} is there twice"));
            }
        }
        if problems.is_empty() {
            Ok(table)
        } else {
            Err(problems)
        }
    }
}

/// `POST /settings/prices`.
pub(in crate::site) async fn post(
    State(ports): State<Ports>,
    Sent { head, fields }: Sent,
) -> Response {
    let mut form = PriceForm::read(&fields);
    let before = match prices::own(&ports.kube).await {
        Ok(Own::Table(table)) => table,
        Ok(Own::Unreadable(message)) => {
            let what = "The table that is there".to_owned();
            let why = Why::Failed { what, message };
            let refused = Refused::Failure(why);
            return render_again(ports, head, StatusCode::CONFLICT, refused).await;
        }
        Err(failure) => return super::failed(ports, head, failure).await,
    };
    let table = match form.table(&before) {
        Ok(table) => table,
        Err(problems) => {
            form.problems = problems;
            return render_again(ports, head, StatusCode::UNPROCESSABLE_ENTITY, form).await;
        }
    };
    match prices::write(&ports.kube, &table).await {
        Ok(()) => Redirect::to("/settings/prices?saved=1").into_response(),
        Err(failure) => super::failed(ports, head, failure).await,
    }
}

#[cfg(test)]
mod tests {
    use api::prices::Above;

    use super::*;

    fn line(model: &str, input: &str, output: &str) -> PriceLine {
        let prices = [input, output, "", "", ""].map(str::to_owned);
        PriceLine {
            model: model.to_owned(),
            prices,
        }
    }

    fn form(lines: Vec<PriceLine>) -> PriceForm {
        PriceForm {
            built_in: true,
            lines,
            problems: Vec::new(),
        }
    }

    #[test]
    fn what_the_form_does_not_show_is_kept() {
        let above = Above {
            tokens: 200_000,
            input: Some(5.0),
            output: None,
            cached: None,
            cache_write: None,
            reasoning: None,
        };
        let price = Price {
            input: 2.5,
            output: 10.0,
            above: Some(above),
            ..Price::default()
        };
        let before = PriceTable {
            models: [("house/large".to_owned(), price)].into(),
            ..PriceTable::default()
        };
        assert_eq!(PriceForm::of(&before).table(&before), Ok(before.clone()));
        let changed = form(vec![line("house/large", "3", "10")]);
        let table = changed.table(&before).unwrap();
        let expected = Price {
            input: 3.0,
            ..price
        };
        assert_eq!(table.models["house/large"], expected);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let lines = vec![
            line("a/b", "much", "1"),
            line("a/c", "", "-1"),
            line("", "", ""),
        ];
        let problems = form(lines).table(&PriceTable::default()).unwrap_err();
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[0].contains("a/b: input"), "{problems:?}");
    }
}
