//! How many there were over time and by size, as a table of shades. Each field is a link to what it counts.

use leptos::prelude::*;

/// One line of fields, all of the same size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// Which size, such as "1 s to 2.5 s".
    pub label: String,
    /// From the oldest to the newest.
    pub fields: Vec<Heat>,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heat {
    /// How many.
    pub n: u64,
    /// When, in words.
    pub when: String,
    /// Where it leads.
    pub href: String,
}

/// The largest size is on top; a field that counts nothing leads nowhere.
#[component]
pub fn HeatMap(
    /// What is counted, and when.
    #[prop(into)]
    label: String,
    /// The lines, from above.
    bands: Vec<Band>,
    /// The words below the first and the last field.
    ends: (String, String),
) -> impl IntoView {
    let fields = bands.iter().flat_map(|band| &band.fields);
    let most = fields.map(|field| field.n).max().unwrap_or(0);
    let columns = bands.first().map_or(0, |band| band.fields.len());
    let band = |Band { label, fields }: Band| {
        let fields = fields.into_iter().map(|field| shade(&label, field, most));
        let fields = fields.collect_view();
        view! {
            <tr>
                <th scope="row">{label.clone()}</th>
                {fields}
            </tr>
        }
    };
    view! {
        <div class="heat-map" role="region" aria-label=label tabindex="0">
            <table>
                <tbody>{bands.into_iter().map(band).collect_view()}</tbody>
                <tfoot>
                    <tr>
                        <td></td>
                        <td colspan=columns>
                            <span class="heat-map-ends">
                                <span>{ends.0}</span>
                                <span>{ends.1}</span>
                            </span>
                        </td>
                    </tr>
                </tfoot>
            </table>
        </div>
    }
    .into_any()
}

fn shade(band: &str, field: Heat, most: u64) -> AnyView {
    if field.n == 0 {
        return view! { <td></td> }.into_any();
    }
    let words = format!("{}, {band}: {}", field.when, field.n);
    view! {
        <td>
            <a
                class=format!("heat-map-field heat-map-field--{}", level(field.n, most))
                href=field.href
                aria-label=words.clone()
                title=words
            ></a>
        </td>
    }
    .into_any()
}

/// One of five shades: one of a hundred is seen as well as one of two.
fn level(n: u64, most: u64) -> u32 {
    let (n, most) = (n.ilog2(), most.max(1).ilog2().max(1));
    1 + (4 * n).div_ceil(most).min(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_are_seen_and_the_most_are_strongest() {
        let levels = [1, 2, 10, 100, 1_000].map(|n| level(n, 1_000));
        assert_eq!(levels, [1, 2, 3, 4, 5]);
        assert_eq!(level(1, 1), 1);
    }
}
