//! What models cost: what was used, the user's own prices, and the table that comes with the program.

use api::{
    prices::{KEY, NAME, NAMESPACE, Price, PriceTable},
    telemetry::{UsageKey, UsageQuery, UsageRow, Window},
};
use futures::join;
use leptos::prelude::*;

use crate::{
    components::{
        button::{SubmitButton, Weight},
        filter_form::{FilterForm, FilterText},
        instead::{Instead, Why},
        page_head::{PageHead, Panel},
        table::{Heading, Table},
    },
    format,
    frame::{Crumb, CsrfField, Frame, Section, loaded},
    pages::params::{DAY_NS, now_ns, ports, query_param},
    site::{
        Failure, Ports,
        price_form::{PriceForm, PriceLine},
        prices::{Own, own},
    },
    untrusted::visible,
};

/// Lines of the built-in table that are shown at once.
const MOST: usize = 50;
/// Lines of the form for models that are not there yet.
const MORE: usize = 2;
/// Name in the form, and heading.
const PARTS: [(&str, &str); 5] = [
    ("input", "Input"),
    ("output", "Output"),
    ("cached", "Cached input"),
    ("cacheWrite", "Cache write"),
    ("reasoning", "Reasoning"),
];

/// `/settings/prices?q=`.
#[component]
pub(crate) fn PricesPage() -> impl IntoView {
    let ports = ports();
    let crumbs = vec![Crumb::link("settings", "/settings"), Crumb::here("prices")];
    let posted = use_context::<PriceForm>();
    let saved = query_param("saved").map(|_| {
        view! {
            <p class="panel-note" role="status">
                "Saved. Answers from now on are counted with these prices."
            </p>
        }
    });
    let found = {
        let ports = ports.clone();
        async move {
            let (own, used) = join!(own(&ports.kube), used(&ports));
            Ok((own?, used))
        }
    };
    view! {
        <Frame section=Section::Aside title="Prices" crumbs>
            <PageHead title="Prices" />
            {saved}
            {loaded("Prices", found, move |(own, used)| {
                view! {
                    <Panel title="Used in the last 24 hours">{usage(used)}</Panel>
                    <Panel title="Your own prices">{own_prices(own, posted)}</Panel>
                    <Panel title="Prices that come with KAOS">{built_in(&ports.prices)}</Panel>
                }
            })}
        </Frame>
    }
}

async fn used(ports: &Ports) -> Result<Vec<UsageRow>, Failure> {
    let until = now_ns();
    let query = UsageQuery {
        window: Window {
            from_ns: until.saturating_sub(DAY_NS),
            to_ns: until,
        },
        by: vec![UsageKey::Model],
        ..UsageQuery::default()
    };
    Ok(ports.telemetry.usage(&query).await?)
}

/// Each model that was asked, and whether what it did could be priced.
fn usage(used: Result<Vec<UsageRow>, Failure>) -> AnyView {
    let rows = match used {
        Ok(rows) => rows,
        Err(failure) => return view! { <Instead why=failure.why("What was used") /> }.into_any(),
    };
    if rows.is_empty() {
        return view! { <p class="panel-note">"No model was asked."</p> }.into_any();
    }
    let line = |row: UsageRow| {
        let model = row.keys.first().cloned().unwrap_or_default();
        let cost = match row.n_without_price {
            0 => format!("${:.4}", row.cost.dollars()),
            n if n == row.n_calls => "no price set".to_owned(),
            n => format!(
                "${:.4}, {} without a price",
                row.cost.dollars(),
                format::count(n)
            ),
        };
        view! {
            <tr>
                <th scope="row">{visible(&model).into_owned()}</th>
                <td class="table-number">{format::count(row.n_calls)}</td>
                <td class="table-number">{format::count(row.input_tokens)}</td>
                <td class="table-number">{format::count(row.output_tokens)}</td>
                <td class="table-number">{format::count(row.cached_tokens)}</td>
                <td class="table-number">{cost}</td>
            </tr>
        }
    };
    let headings = [
        Heading::Words("Model"),
        Heading::Number("Calls"),
        Heading::Number("Input tokens"),
        Heading::Number("Output tokens"),
        Heading::Number("Cached"),
        Heading::Number("Cost"),
    ];
    let lines = rows.into_iter().map(line).collect_view();
    view! {
        <Table label="Models used" headings>
            {lines}
        </Table>
    }
    .into_any()
}

fn own_prices(own: Own, posted: Option<PriceForm>) -> AnyView {
    let form = match own {
        Own::Table(table) => posted.unwrap_or_else(|| PriceForm::of(&table)),
        Own::Unreadable(message) => {
            let what = format!("The table in ConfigMap {NAME} of {NAMESPACE}");
            return view! {
                <Instead why=Why::Failed { what, message }>
                    <p>
                        "It is not used, and the prices before it stay. Put it right with "
                        <code>{format!("kubectl edit configmap {NAME} -n {NAMESPACE}")}</code> "."
                    </p>
                </Instead>
            }
            .into_any();
        }
    };
    let problems = (!form.problems.is_empty()).then(|| {
        let line = |problem: &String| view! { <li>{problem.clone()}</li> };
        view! {
            <div class="instead instead--failed" role="alert" tabindex="-1" autofocus>
                <div class="instead-words">
                    <strong>"The prices were not saved"</strong>
                    <ul>{form.problems.iter().map(line).collect_view()}</ul>
                </div>
            </div>
        }
    });
    let empty = (0..MORE).map(|_| PriceLine::default());
    let lines = form.lines.into_iter().chain(empty).enumerate();
    let headings: Vec<_> = [Heading::Words("Model")]
        .into_iter()
        .chain(PARTS.map(|(_, heading)| Heading::Number(heading)))
        .collect();
    let lines = lines.map(|(at, line)| price_line(at, line)).collect_view();
    view! {
        <form method="post">
            <CsrfField />
            {problems}
            <Table label="Your own prices" headings>
                {lines}
            </Table>
            <div class="panel-body">
                <label>
                    <input type="checkbox" name="builtIn" value="true" checked=form.built_in />
                    " Use the prices that come with KAOS for all other models"
                </label>
                <p class="field-hint">
                    "US dollars per million tokens, by provider/model; a name that ends in * is for all \
                     that begin like it. A line without a model is removed. Kept in key " {KEY}
                    " of ConfigMap " {NAME} " in " {NAMESPACE} "; comments in it are not kept."
                </p>
                <div class="form-actions">
                    <SubmitButton weight=Weight::Primary>"Save prices"</SubmitButton>
                </div>
            </div>
        </form>
    }
    .into_any()
}

fn price_line(at: usize, line: PriceLine) -> AnyView {
    let PriceLine { model, prices } = line;
    let of = match model.as_str() {
        "" => format!("new model {}", at + 1),
        model => model.to_owned(),
    };
    let cell = |((name, heading), price): ((&'static str, &'static str), String)| {
        view! {
            <td class="table-number">
                <input
                    class="prices-number"
                    name=name
                    inputmode="decimal"
                    autocomplete="off"
                    aria-label=format!("{heading} of {of}")
                    value=price
                />
            </td>
        }
    };
    let cells = PARTS.into_iter().zip(prices).map(cell).collect_view();
    view! {
        <tr>
            <td>
                <input
                    class="prices-model"
                    name="model"
                    autocomplete="off"
                    spellcheck="false"
                    placeholder="provider/model"
                    aria-label=format!("Model, line {}", at + 1)
                    value=model
                />
            </td>
            {cells}
        </tr>
    }
    .into_any()
}

fn built_in(table: &PriceTable) -> AnyView {
    let words = query_param("q").unwrap_or_default();
    let wanted = words.trim().to_lowercase();
    let fits = |(model, _): &(&String, &Price)| model.to_lowercase().contains(&wanted);
    let found: Vec<_> = table.models.iter().filter(fits).collect();
    let n_found = found.len();
    let line = |(model, price): (&String, &Price)| {
        let number = |price: Option<f64>| price.map(|price| price.to_string());
        let parts = [
            Some(price.input),
            Some(price.output),
            price.cached,
            price.cache_write,
            price.reasoning,
        ];
        let cell = |price| view! { <td class="table-number">{number(price)}</td> };
        view! {
            <tr>
                <th scope="row">{model.clone()}</th>
                {parts.map(cell).into_iter().collect_view()}
            </tr>
        }
    };
    let lines = found.into_iter().take(MOST).map(line).collect_view();
    let headings: Vec<_> = [Heading::Words("Model")]
        .into_iter()
        .chain(PARTS.map(|(_, heading)| Heading::Number(heading)))
        .collect();
    let count = match n_found {
        0 => format!("No model has \"{words}\" in its name."),
        n if n > MOST => format!("{MOST} of {n} models are shown; search for the others."),
        n => format::counted(n as u64, "model", "models"),
    };
    let source = table.source.clone().unwrap_or_default();
    let date = table.date.clone().unwrap_or_default();
    view! {
        <p class="panel-note">
            "US dollars per million tokens. Source: " {source} ", " {date} "."
        </p>
        <FilterForm label="Search prices">
            <FilterText name="q" label="Model" value=words />
        </FilterForm>
        <Table label="Prices that come with KAOS" headings>
            {lines}
        </Table>
        <p class="panel-note">{count}</p>
    }
    .into_any()
}
