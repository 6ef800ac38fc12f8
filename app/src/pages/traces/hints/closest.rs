//! The name that somebody probably meant.

/// The known name that is nearest to `wanted`; none that has little in common with it.
pub(super) fn closest<'a>(
    wanted: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted = wanted.to_lowercase();
    let distance = |name: &str| {
        let name = name.to_lowercase();
        // `analysis-lead` for `analyst`, and the other way round, are one word and more.
        let shared = name.chars().zip(wanted.chars());
        let shared = shared.take_while(|(one, other)| one == other).count();
        if shared >= 5 {
            1
        } else {
            edits(&wanted, &name)
        }
    };
    let nearest = known.into_iter().min_by_key(|name| distance(name))?;
    let longest = wanted.chars().count().max(nearest.chars().count());
    (distance(nearest) <= longest.div_ceil(2)).then_some(nearest)
}

/// Letters to add, take away or change to make one word of the other.
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (place, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = place + 1;
        for (column, same) in other.iter().enumerate() {
            let changed = diagonal + usize::from(*same != letter);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_strange_one_is_not() {
        let known = ["researcher", "analyst", "coordinator"];
        assert_eq!(closest("analyst-2", known), Some("analyst"));
        assert_eq!(closest("analysis-lead", known), Some("analyst"));
        assert_eq!(closest("resercher", known), Some("researcher"));
        assert_eq!(closest("x", known), None);
        assert_eq!(closest("analyst", []), None);
    }

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "ab"), 2);
    }
}
