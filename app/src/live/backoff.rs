//! How long to wait before the next try.

/// Seconds before the try after `n_failures` failures in a row: 1, 2, 4, 8, then 15.
pub fn seconds(n_failures: u32) -> u32 {
    match n_failures {
        0 | 1 => 1,
        2 => 2,
        3 => 4,
        4 => 8,
        _ => 15,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_quarter_of_a_minute() {
        let waits: Vec<_> = (1..=7).map(seconds).collect();
        assert_eq!(waits, [1, 2, 4, 8, 15, 15, 15]);
    }
}
