//! What stood in the messages where their template has `‹*›`.

use std::collections::BTreeMap;

/// What a template has in place of what changes.
const ANY: &str = "‹*›";

/// For each place of the template, the values that the messages have there, the most frequent first. A
/// message that is not of the template's shape is left out.
pub(super) fn values(template: &str, messages: &[&str]) -> Vec<Vec<(String, u64)>> {
    let parts: Vec<&str> = template.split(ANY).collect();
    let mut places = vec![BTreeMap::<&str, u64>::new(); parts.len() - 1];
    for message in messages {
        for (place, value) in places
            .iter_mut()
            .zip(filled(&parts, message).unwrap_or_default())
        {
            *place.entry(value).or_default() += 1;
        }
    }
    let sorted = |place: BTreeMap<&str, u64>| {
        let mut values: Vec<_> = place
            .into_iter()
            .map(|(value, n)| (value.to_owned(), n))
            .collect();
        values.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        values
    };
    places.into_iter().map(sorted).collect()
}

/// What stands between the parts of a template; each part is looked for as early as possible, the last
/// one at the end.
fn filled<'m>(parts: &[&str], message: &'m str) -> Option<Vec<&'m str>> {
    let (first, others) = parts.split_first()?;
    let mut rest = message.strip_prefix(first)?;
    let mut values = Vec::with_capacity(others.len());
    for (at, part) in others.iter().enumerate() {
        let is_last = at + 1 == others.len();
        let end = if is_last {
            rest.len()
                .checked_sub(part.len())
                .filter(|_| rest.ends_with(part))?
        } else if part.is_empty() {
            0
        } else {
            rest.find(part)?
        };
        values.push(&rest[..end]);
        rest = &rest[end + part.len()..];
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_place_by_place() {
        let template = "Sub-agent ‹*› not found. Available: ‹*›";
        let messages = [
            "Sub-agent analyst-2 not found. Available: [a, b]",
            "Sub-agent lead not found. Available: [a, b]",
            "Sub-agent lead not found. Available: []",
            "something else",
        ];
        let [agents, available] = &values(template, &messages)[..] else {
            panic!("two places");
        };
        let known = |value: &str, n| (value.to_owned(), n);
        assert_eq!(*agents, [known("lead", 2), known("analyst-2", 1)]);
        assert_eq!(*available, [known("[a, b]", 2), known("[]", 1)]);
    }

    #[test]
    fn any_template_and_message_are_taken() {
        assert_eq!(values("plain", &["plain"]), Vec::<Vec<_>>::new());
        assert_eq!(values("‹*›", &["ä"]), [[("ä".to_owned(), 1)]]);
        assert_eq!(values("‹*›‹*›", &["ab"])[1], [("ab".to_owned(), 1)]);
        assert_eq!(values("a‹*›b", &["ab", "b", ""])[0], [(String::new(), 1)]);
    }
}
