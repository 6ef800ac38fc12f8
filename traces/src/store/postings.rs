//! Which records have a term, as bytes.
//!
//! Records are known by their ordinal in the segment. A list of ordinals is a sequence of runs, each as
//! the gap before it and its length, so that what all records share costs next to nothing. Lists lie in
//! chunks, sorted by term; a chunk is a row.

use std::ops::Range;

use super::terms::{PLACE_BITS, Term};
use super::varint::{Cursor, Damaged, put};

/// Bytes of a chunk, give or take a list; three or so fit one of SQLite's pages.
const CHUNK_BYTES: usize = 1_300;

/// Ordinals in rising order, as disjoint runs.
pub(super) type Runs = Vec<Range<u64>>;

/// Takes sorted lists and makes chunks of them.
#[derive(Default)]
pub(super) struct ChunkWriter {
    chunks: Vec<(Term, Vec<u8>)>,
    /// The term of the list written last.
    last: u64,
}

impl ChunkWriter {
    /// Terms must rise.
    pub(super) fn push(&mut self, term: Term, list: &[u8]) {
        let is_full = self
            .chunks
            .last()
            .is_none_or(|(_, bytes)| bytes.len() + list.len() > CHUNK_BYTES);
        if is_full {
            self.chunks.push((term, Vec::with_capacity(CHUNK_BYTES)));
            self.last = term.0;
        }
        if let Some((_, bytes)) = self.chunks.last_mut() {
            put(bytes, term.0 - self.last);
            put(bytes, list.len() as u64);
            bytes.extend_from_slice(list);
        }
        self.last = term.0;
    }

    /// The chunks, each with its first term.
    pub(super) fn finish(self) -> Vec<(Term, Vec<u8>)> {
        self.chunks
    }
}

/// The lists of a chunk, whose first term is `first`.
pub(super) struct Lists<'a> {
    cursor: Cursor<'a>,
    term: u64,
}

impl<'a> Lists<'a> {
    pub(super) fn new(first: Term, chunk: &'a [u8]) -> Self {
        Self {
            cursor: Cursor(chunk),
            term: first.0,
        }
    }

    /// The next term and its list, which [`runs`] reads.
    pub(super) fn next(&mut self) -> Result<Option<(Term, &'a [u8])>, Damaged> {
        if self.cursor.is_empty() {
            return Ok(None);
        }
        self.term = self
            .term
            .checked_add(self.cursor.number()?)
            .ok_or(Damaged)?;
        let length = self.cursor.count()?;
        Ok(Some((Term(self.term), self.cursor.bytes(length)?)))
    }

    /// The list of one term.
    pub(super) fn find(mut self, term: Term) -> Result<Option<&'a [u8]>, Damaged> {
        while let Some((found, list)) = self.next()? {
            if found >= term {
                return Ok((found == term).then_some(list));
            }
        }
        Ok(None)
    }
}

/// Makes chunks of sorted [`Term::at`]s; places count from the part's first ordinal.
pub(super) fn chunks(sorted: &[u64]) -> Vec<(Term, Vec<u8>)> {
    let mut writer = ChunkWriter::default();
    let mut list = Vec::new();
    for of_term in sorted.chunk_by(|left, right| left >> PLACE_BITS == right >> PLACE_BITS) {
        list.clear();
        let mut end = 0;
        let places = of_term.iter().map(|at| at & ((1 << PLACE_BITS) - 1));
        let mut run: Option<Range<u64>> = None;
        for place in places {
            match &mut run {
                Some(run) if place < run.end => {}
                Some(run) if place == run.end => run.end += 1,
                _ => {
                    end = put_run(&mut list, end, run.take());
                    run = Some(place..place + 1);
                }
            }
        }
        put_run(&mut list, end, run);
        writer.push(Term(of_term[0] >> PLACE_BITS), &list);
    }
    writer.finish()
}

/// Returns where the run ends, for the next one.
fn put_run(list: &mut Vec<u8>, previous_end: u64, run: Option<Range<u64>>) -> u64 {
    let Some(run) = run else {
        return previous_end;
    };
    let length = run.end - run.start;
    put(
        list,
        (run.start - previous_end) << 1 | u64::from(length > 1),
    );
    if length > 1 {
        put(list, length - 2);
    }
    run.end
}

/// The ordinals of a list in a part that begins at `first`.
pub(super) fn runs(list: &[u8], first: u64) -> Result<Runs, Damaged> {
    let mut cursor = Cursor(list);
    let mut runs = Runs::new();
    let mut end = first;
    while !cursor.is_empty() {
        let run = next_run(&mut cursor, end)?;
        end = run.end;
        match runs.last_mut() {
            Some(before) if before.end == run.start => before.end = run.end,
            _ => runs.push(run),
        }
    }
    Ok(runs)
}

fn next_run(cursor: &mut Cursor<'_>, previous_end: u64) -> Result<Range<u64>, Damaged> {
    let gap = cursor.number()?;
    let length = match gap & 1 {
        0 => 1,
        _ => cursor.number()?.checked_add(2).ok_or(Damaged)?,
    };
    let start = previous_end.checked_add(gap >> 1).ok_or(Damaged)?;
    Ok(start..start.checked_add(length).ok_or(Damaged)?)
}

/// Makes one list of those of several parts, each with its part's first ordinal, in rising order. The new
/// list counts from `first`.
pub(super) fn join<'a>(
    lists: impl Iterator<Item = (u64, &'a [u8])>,
    first: u64,
    joined: &mut Vec<u8>,
) -> Result<(), Damaged> {
    joined.clear();
    let mut joined_end = first;
    for (part_first, list) in lists {
        let mut cursor = Cursor(list);
        let mut end = part_first;
        if cursor.is_empty() {
            continue;
        }
        // Only the first run counts from the part's beginning; the others count from each other.
        let run = next_run(&mut cursor, end)?;
        end = run.end;
        put_run(joined, joined_end, Some(run));
        joined.extend_from_slice(cursor.0);
        while !cursor.is_empty() {
            end = next_run(&mut cursor, end)?.end;
        }
        joined_end = end;
    }
    Ok(())
}

/// A run of `n` ordinals from `first` on.
pub(super) fn all(first: u64, n: u64) -> Runs {
    std::iter::once(first..first.saturating_add(n)).collect()
}

/// What is in both.
pub(super) fn intersect(left: &[Range<u64>], right: &[Range<u64>]) -> Runs {
    let mut both = Runs::new();
    let (mut l, mut r) = (left.iter().peekable(), right.iter().peekable());
    while let (Some(a), Some(b)) = (l.peek(), r.peek()) {
        let common = a.start.max(b.start)..a.end.min(b.end);
        if !common.is_empty() {
            both.push(common);
        }
        if a.end <= b.end {
            l.next();
        } else {
            r.next();
        }
    }
    both
}

#[cfg(test)]
#[expect(
    clippy::single_range_in_vec_init,
    reason = "runs are ranges, also when there is one"
)]
mod tests {
    use super::*;

    fn sorted(pairs: &[(u64, u64)]) -> Vec<u64> {
        let mut keys: Vec<u64> = pairs.iter().map(|(term, at)| Term(*term).at(*at)).collect();
        keys.sort_unstable();
        keys
    }

    fn look_up(chunks: &[(Term, Vec<u8>)], term: u64, first: u64) -> Option<Runs> {
        let (chunk_first, bytes) = chunks.iter().rfind(|(first, _)| first.0 <= term)?;
        let list = Lists::new(*chunk_first, bytes).find(Term(term)).unwrap()?;
        Some(runs(list, first).unwrap())
    }

    #[test]
    fn each_term_finds_its_records() {
        let chunks = chunks(&sorted(&[(7, 0), (7, 1), (7, 2), (7, 9), (7, 9), (3, 4)]));
        assert_eq!(look_up(&chunks, 7, 100), Some(vec![100..103, 109..110]));
        assert_eq!(look_up(&chunks, 3, 100), Some(vec![104..105]));
        assert_eq!(look_up(&chunks, 5, 100), None);
        assert_eq!(look_up(&chunks, 1, 100), None);
    }

    #[test]
    fn many_terms_make_many_chunks() {
        let pairs: Vec<_> = (0..5_000).map(|n| (n * 1_000, n)).collect();
        let chunks = chunks(&sorted(&pairs));
        assert!(chunks.len() > 10);
        assert!(
            chunks
                .iter()
                .all(|(_, bytes)| bytes.len() <= CHUNK_BYTES + 20)
        );
        for (term, at) in pairs {
            assert_eq!(look_up(&chunks, term, 0), Some(vec![at..at + 1]));
        }
    }

    #[test]
    fn joined_lists_count_from_the_new_beginning() {
        let list = |places: &[u64]| {
            let keys: Vec<_> = places.iter().map(|place| (1, *place)).collect();
            let chunks = chunks(&sorted(&keys));
            Lists::new(Term(1), &chunks[0].1)
                .find(Term(1))
                .unwrap()
                .unwrap()
                .to_vec()
        };
        let (left, right) = (list(&[2, 3, 9]), list(&[0, 1, 5]));
        let mut joined = Vec::new();
        let lists = [(10, left.as_slice()), (20, right.as_slice())];
        join(lists.into_iter(), 10, &mut joined).unwrap();
        assert_eq!(
            runs(&joined, 10).unwrap(),
            vec![12..14, 19..22, 25..26],
            "the runs that meet are one"
        );
    }

    #[test]
    fn damage_is_an_error() {
        assert_eq!(runs(&[0x80], 0), Err(Damaged));
        assert_eq!(Lists::new(Term(0), &[0, 9, 1]).find(Term(0)), Err(Damaged));
    }

    #[test]
    fn an_intersection_holds_what_both_hold() {
        let both = intersect(&[0..5, 8..9, 20..30], &[3..10, 25..40]);
        assert_eq!(both, vec![3..5, 8..9, 25..30]);
        assert!(intersect(&[0..5], &[5..9]).is_empty());
    }
}
