//! How the measurements of histograms are spread over buckets.

/// Buckets by their upper bounds, which rise; the last one's may be infinite.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Spread(Vec<(f64, u64)>);

impl Spread {
    /// Of a histogram's point: every bucket but the last has a bound.
    pub(super) fn new(bounds: &[f64], counts: &[u64]) -> Self {
        let bounds = bounds.iter().copied().chain([f64::INFINITY]);
        Self(bounds.zip(counts.iter().copied()).collect())
    }

    /// Adds what another one has.
    pub(super) fn add(&mut self, other: &Self) {
        for (bound, n) in &other.0 {
            match self.0.binary_search_by(|(known, _)| known.total_cmp(bound)) {
                Ok(place) => self.0[place].1 = self.0[place].1.saturating_add(*n),
                Err(place) => self.0.insert(place, (*bound, *n)),
            }
        }
    }

    /// What was measured since an earlier state of the same histogram.
    ///
    /// Its buckets may have been joined in between, as exponential histograms do it.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let mut grown = self.clone();
        for (bound, n) in &earlier.0 {
            let place = grown.0.partition_point(|(known, _)| known < bound);
            if let Some((_, count)) = grown.0.get_mut(place) {
                *count = count.saturating_sub(*n);
            }
        }
        grown
    }

    /// The value that a share of the measurements does not exceed, estimated between the bounds of its
    /// bucket, as Prometheus does. None without measurements.
    #[expect(
        clippy::cast_precision_loss,
        reason = "it is an estimate, and counts above 2^53 are not to be expected"
    )]
    pub(super) fn quantile(&self, share: f64) -> Option<f64> {
        let total: u64 = self.0.iter().map(|(_, n)| n).sum();
        if total == 0 {
            return None;
        }
        let rank = share.clamp(0.0, 1.0) * total as f64;
        let mut lower = None;
        let mut below = 0;
        for (upper, n) in &self.0 {
            let before = below;
            below += n;
            if *n > 0 && below as f64 >= rank {
                // Of what is beyond all bounds nothing more is known.
                if upper.is_infinite() {
                    return lower;
                }
                // Most measure what is never negative.
                let lower = lower.unwrap_or(upper.min(0.0));
                let within = (rank - before as f64) / *n as f64;
                return Some(lower + (upper - lower) * within.max(0.0));
            }
            lower = Some(*upper);
        }
        lower.filter(|bound| bound.is_finite())
    }

    /// How many measurements are certainly not above `bound`.
    pub(super) fn at_most(&self, bound: f64) -> u64 {
        let below = self.0.iter().take_while(|(upper, _)| *upper <= bound);
        below.map(|(_, n)| n).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_the_bounds_of_their_bucket() {
        let spread = Spread::new(&[10.0, 20.0, 40.0], &[10, 80, 10, 0]);
        assert_eq!(spread.quantile(0.5), Some(15.0));
        assert_eq!(spread.quantile(0.05), Some(5.0));
        assert_eq!(spread.quantile(1.0), Some(40.0));
        assert_eq!(spread.quantile(0.0), Some(0.0));
        assert_eq!(Spread::new(&[10.0], &[0, 0]).quantile(0.5), None);
        assert_eq!(Spread::new(&[10.0], &[1, 9]).quantile(0.9), Some(10.0));
        assert_eq!(Spread::new(&[], &[9]).quantile(0.9), None);
    }

    #[test]
    fn buckets_that_reach_beyond_a_bound_are_not_below_it() {
        let spread = Spread::new(&[10.0, 20.0, 40.0], &[1, 2, 3, 4]);
        assert_eq!(spread.at_most(20.0), 3);
        assert_eq!(spread.at_most(39.0), 3);
        assert_eq!(spread.at_most(5.0), 0);
    }

    #[test]
    fn what_was_measured_since_then_is_the_difference() {
        let earlier = Spread::new(&[1.0, 2.0, 3.0, 4.0], &[1, 2, 3, 4, 0]);
        let joined = Spread::new(&[2.0, 4.0], &[4, 9, 1]);
        assert_eq!(joined.since(&earlier), Spread::new(&[2.0, 4.0], &[1, 2, 1]));
    }

    #[test]
    fn spreads_with_other_bounds_are_added() {
        let mut sum = Spread::new(&[1.0, 3.0], &[1, 1, 1]);
        sum.add(&Spread::new(&[2.0, 3.0], &[5, 5, 5]));
        assert_eq!(sum, Spread::new(&[1.0, 2.0, 3.0], &[1, 5, 6, 6]));
    }
}
