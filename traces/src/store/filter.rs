//! Which terms a part of the index certainly does not have.
//!
//! A question about one trace looks into every part of the index; nearly all of them can say no from
//! memory, without a look at the disk. This is a Bloom filter.

use super::terms::Term;

/// Bits for each term: one of about a hundred terms that are missing is not known to be.
const BITS_PER_TERM: usize = 10;

/// Bits that a term sets.
const PROBES: u64 = 5;

/// The filter, as it is stored.
#[derive(Debug)]
pub(super) struct Filter(Vec<u8>);

impl Filter {
    pub(super) fn new(terms: &[Term]) -> Self {
        let mut bytes = vec![0; (terms.len() * BITS_PER_TERM).div_ceil(8).max(8)];
        for term in terms {
            for bit in bits(*term, bytes.len()) {
                bytes[bit / 8] |= 1 << (bit % 8);
            }
        }
        Self(bytes)
    }

    pub(super) fn read(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the part may have the term.
    pub(super) fn may_have(&self, term: Term) -> bool {
        let is_set = |bit: usize| self.0[bit / 8] & 1 << (bit % 8) != 0;
        // What is damaged says nothing.
        self.0.is_empty() || bits(term, self.0.len()).all(is_set)
    }
}

/// Terms are hashes already; two halves of a product make as many more as are needed.
fn bits(term: Term, n_bytes: usize) -> impl Iterator<Item = usize> {
    let mixed = term.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (first, step) = (mixed >> 32, mixed & 0xffff_ffff | 1);
    let n_bits = n_bytes as u64 * 8;
    (0..PROBES).map(move |probe| {
        let bit = first.wrapping_add(probe.wrapping_mul(step)) % n_bits.max(1);
        usize::try_from(bit).unwrap_or(0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_term_is_missed_and_few_others_are_found() {
        let term = |n: u64| Term::attribute("k", &n.to_string());
        let terms: Vec<_> = (0..10_000).map(term).collect();
        let filter = Filter::read(Filter::new(&terms).bytes().to_vec());
        assert!(terms.iter().all(|term| filter.may_have(*term)));
        let wrong = (10_000..20_000).filter(|n| filter.may_have(term(*n)));
        assert!(wrong.count() < 300);
        assert!(!Filter::new(&[]).may_have(term(1)));
        assert!(Filter::read(Vec::new()).may_have(term(1)));
    }
}
