//! The index of a segment, in parts.
//!
//! Each transaction adds a small part; when many small ones lie side by side they become a larger one, so
//! that a question looks into few parts and a record's terms are written a handful of times at most.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::filter::Filter;
use super::postings::{self, ChunkWriter, Lists, Runs};
use super::request::integer;
use super::segment::SegmentError;
use super::terms::{TERM_BITS, Term};

/// Parts of a level that become one of the next.
const PARTS_PER_MERGE: usize = 16;

/// Records after which a part stays as it is.
const SEALED_RECORDS: u64 = 1 << 16;

/// The level of parts that stay as they are.
const SEALED_LEVEL: i64 = 100;

/// Parts a segment can number: their ids share an integer with terms.
pub(super) const MAX_PARTS: i64 = (1 << (i64::BITS - 1 - TERM_BITS)) - 1;

/// The chunk that a term is in, if it is in the part at all.
pub(super) const LOOK_UP: &str =
    "SELECT key, chunk FROM terms WHERE key BETWEEN ?1 AND ?2 ORDER BY key DESC LIMIT 1";

pub(super) const FILTER: &str = "SELECT bits FROM filters WHERE part = ?1";

/// What is numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Spans = 0,
    Logs = 1,
}

/// The index of the `n` records from `first` on.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) id: i64,
    pub(super) level: i64,
    pub(super) first: u64,
    pub(super) n: u64,
    /// The earliest and the latest start, or time.
    pub(super) time_ns: (u64, u64),
}

/// The parts of a stream, in the order of their records.
pub(super) fn parts(db: &Connection, stream: Stream) -> rusqlite::Result<Vec<Part>> {
    let sql =
        "SELECT id, level, first, n, min_ns, max_ns FROM parts WHERE stream = ?1 ORDER BY first";
    let mut select = db.prepare_cached(sql)?;
    let parts = select.query_map([stream as i64], |row| {
        Ok(Part {
            id: row.get(0)?,
            level: row.get(1)?,
            first: unsigned(row, 2)?,
            n: unsigned(row, 3)?,
            time_ns: (unsigned(row, 4)?, unsigned(row, 5)?),
        })
    })?;
    parts.collect()
}

/// The records of a part that have a term.
pub(super) fn look_up(db: &Connection, part: &Part, term: Term) -> Result<Runs, SegmentError> {
    let mut select = db.prepare_cached(LOOK_UP)?;
    let keys = params![key(part.id, Term(0)), key(part.id, term)];
    let mut rows = select.query(keys)?;
    let Some(row) = rows.next()? else {
        return Ok(Runs::new());
    };
    let first = term_of(row.get(0)?);
    let chunk = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
    match Lists::new(first, chunk).find(term)? {
        Some(list) => Ok(postings::runs(list, part.first)?),
        None => Ok(Runs::new()),
    }
}

/// Adds a part and merges those that are many. `sorted` holds [`Term::at`]s. The new part's id is made here.
pub(super) fn add(
    db: &Connection,
    stream: Stream,
    parts: &mut Vec<Part>,
    new: Part,
    sorted: &[u64],
) -> Result<(), SegmentError> {
    parts.push(write(db, stream, new, postings::chunks(sorted))?);
    let mut level = 0;
    while level < SEALED_LEVEL {
        let n_small = parts
            .iter()
            .rev()
            .take_while(|part| part.level <= level)
            .count();
        if n_small < PARTS_PER_MERGE {
            break;
        }
        let small = parts.split_off(parts.len() - n_small);
        level += 1;
        parts.push(merge(db, stream, &small, level)?);
    }
    Ok(())
}

fn write(
    db: &Connection,
    stream: Stream,
    mut part: Part,
    chunks: Vec<(Term, Vec<u8>)>,
) -> Result<Part, SegmentError> {
    if part.n >= SEALED_RECORDS {
        part.level = SEALED_LEVEL;
    }
    let sql = "INSERT INTO parts (stream, level, first, n, min_ns, max_ns)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    part.id = db.prepare_cached(sql)?.insert(params![
        stream as i64,
        part.level,
        integer(part.first),
        integer(part.n),
        integer(part.time_ns.0),
        integer(part.time_ns.1),
    ])?;
    let mut insert = db.prepare_cached("INSERT INTO terms (key, chunk) VALUES (?1, ?2)")?;
    for (term, chunk) in chunks {
        insert.execute(params![key(part.id, term), chunk])?;
    }
    Ok(part)
}

fn merge(
    db: &Connection,
    stream: Stream,
    small: &[Part],
    level: i64,
) -> Result<Part, SegmentError> {
    let chunks = small
        .iter()
        .map(|part| read_chunks(db, part))
        .collect::<Result<Vec<_>, _>>()?;
    let mut lists = Vec::new();
    for (part, chunks) in small.iter().zip(&chunks) {
        for (first, chunk) in chunks {
            let mut of_chunk = Lists::new(*first, chunk);
            while let Some((term, list)) = of_chunk.next()? {
                lists.push((term, part.first, list));
            }
        }
    }
    lists.sort_unstable_by_key(|(term, part_first, _)| (*term, *part_first));
    let first = small.iter().map(|part| part.first).min().unwrap_or(0);
    let mut writer = ChunkWriter::default();
    let mut joined = Vec::new();
    let mut terms = Vec::new();
    for of_term in lists.chunk_by(|left, right| left.0 == right.0) {
        postings::join(
            of_term.iter().map(|(_, at, list)| (*at, *list)),
            first,
            &mut joined,
        )?;
        writer.push(of_term[0].0, &joined);
        terms.push(of_term[0].0);
    }
    for part in small {
        let keys = params![key(part.id, Term(0)), key(part.id + 1, Term(0))];
        db.prepare_cached("DELETE FROM terms WHERE key >= ?1 AND key < ?2")?
            .execute(keys)?;
        db.prepare_cached("DELETE FROM parts WHERE id = ?1")?
            .execute([part.id])?;
        db.prepare_cached("DELETE FROM filters WHERE part = ?1")?
            .execute([part.id])?;
    }
    let merged = Part {
        id: 0,
        level,
        first,
        n: small.iter().map(|part| part.n).sum(),
        time_ns: small.iter().fold((u64::MAX, 0), |(min, max), part| {
            (min.min(part.time_ns.0), max.max(part.time_ns.1))
        }),
    };
    let merged = write(db, stream, merged, writer.finish())?;
    db.prepare_cached("INSERT INTO filters (part, bits) VALUES (?1, ?2)")?
        .execute(params![merged.id, Filter::new(&terms).bytes()])?;
    Ok(merged)
}

/// What a part certainly does not have; small parts do not say.
pub(super) fn filter(db: &Connection, part: i64) -> rusqlite::Result<Option<Filter>> {
    let mut select = db.prepare_cached(FILTER)?;
    let bits = select.query_row([part], |row| row.get(0)).optional()?;
    Ok(bits.map(Filter::read))
}

fn read_chunks(db: &Connection, part: &Part) -> rusqlite::Result<Vec<(Term, Vec<u8>)>> {
    let sql = "SELECT key, chunk FROM terms WHERE key >= ?1 AND key < ?2 ORDER BY key";
    let mut select = db.prepare_cached(sql)?;
    let keys = params![key(part.id, Term(0)), key(part.id + 1, Term(0))];
    let chunks = select.query_map(keys, |row| Ok((term_of(row.get(0)?), row.get(1)?)))?;
    chunks.collect()
}

/// The highest id of a part so far.
pub(super) fn last_id(db: &Connection) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT id FROM parts ORDER BY id DESC LIMIT 1";
    db.prepare_cached(sql)?
        .query_row([], |row| row.get(0))
        .optional()
}

fn key(part: i64, term: Term) -> i64 {
    part << TERM_BITS | term.0.cast_signed()
}

fn term_of(key: i64) -> Term {
    Term((key & ((1 << TERM_BITS) - 1)).cast_unsigned())
}

/// Reads a time or a count; those we wrote are never negative.
pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    Ok(u64::try_from(value).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::{super::schema, *};

    fn database() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        for sql in schema::MIGRATIONS {
            db.execute_batch(sql).unwrap();
        }
        db
    }

    fn part(first: u64, n: u64) -> Part {
        Part {
            id: 0,
            level: 0,
            first,
            n,
            time_ns: (first, first + n),
        }
    }

    #[test]
    fn parts_merge_and_every_record_is_still_found() {
        let db = database();
        let mut list = Vec::new();
        let (common, n_parts) = (Term(5), 16 * 16 + 3);
        for n in 0..n_parts {
            // Two records each: both have the common term, the second one of its own.
            let sorted = [common.at(0), common.at(1), Term(100 + n).at(1)];
            add(&db, Stream::Spans, &mut list, part(2 * n, 2), &sorted).unwrap();
        }
        let levels: Vec<_> = list.iter().map(|part| part.level).collect();
        assert_eq!(levels, [2, 0, 0, 0]);
        let stored = parts(&db, Stream::Spans).unwrap();
        assert_eq!(stored.len(), list.len());
        let find = |term| -> Runs {
            let found = stored.iter().map(|part| look_up(&db, part, term).unwrap());
            found.flatten().collect()
        };
        assert_eq!(find(common)[0], 0..512);
        assert_eq!(
            find(common)
                .iter()
                .map(|run| run.end - run.start)
                .sum::<u64>(),
            2 * n_parts
        );
        for n in 0..n_parts {
            assert_eq!(find(Term(100 + n)), postings::all(2 * n + 1, 1));
        }
        assert!(find(Term(99)).is_empty());
        assert!(parts(&db, Stream::Logs).unwrap().is_empty());
    }

    #[test]
    fn large_parts_stay_as_they_are() {
        let db = database();
        let mut list = Vec::new();
        for n in 0..40 {
            let new = part(n * SEALED_RECORDS, SEALED_RECORDS);
            add(&db, Stream::Logs, &mut list, new, &[Term(1).at(0)]).unwrap();
        }
        assert_eq!(list.len(), 40);
    }
}
