//! How durations are spread, in little memory and within 5 %.

/// A bucket reaches from its lower bound to 1.1 times that.
const GROWTH: f64 = 1.1;

/// Counts durations by their order of magnitude.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sketch {
    /// By exponent of [`GROWTH`].
    counts: Vec<u64>,
    n: u64,
}

impl Sketch {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "the exponent of a 64-bit number is between 0 and 465"
    )]
    pub(crate) fn add(&mut self, ns: u64) {
        let bucket = (ns.max(1) as f64).log(GROWTH).floor() as usize;
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += 1;
        self.n += 1;
    }

    /// Adds what another one counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.n += other.n;
    }

    pub(crate) fn n(&self) -> u64 {
        self.n
    }

    /// What so many of a hundred do not exceed; 0 when nothing was added.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "such a cast ends at the bounds of the type, as it is meant to"
    )]
    pub(crate) fn percentile(&self, percent: u64) -> u64 {
        let rank = (self.n * percent).div_ceil(100).max(1);
        let mut below = 0;
        for (bucket, count) in (0..).zip(&self.counts) {
            below += count;
            if below >= rank {
                return GROWTH.powf(f64::from(bucket) + 0.5) as u64;
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_five_percent() {
        let mut sketch = Sketch::default();
        assert_eq!(sketch.percentile(95), 0);
        for ms in 1..=1_000 {
            sketch.add(ms * 1_000_000);
        }
        let check = |percent, ms: u64| {
            let (found, exact) = (sketch.percentile(percent), ms * 1_000_000);
            assert!(found.abs_diff(exact) * 20 <= exact, "{percent}: {found}");
        };
        check(50, 500);
        check(95, 950);
        check(100, 1_000);
    }

    #[test]
    fn every_duration_has_a_bucket() {
        let mut sketch = Sketch::default();
        sketch.add(0);
        sketch.add(u64::MAX);
        assert_eq!(sketch.n(), 2);
        assert!(sketch.percentile(100) > u64::MAX / 2);
    }
}
