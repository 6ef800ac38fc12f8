//! How fast the mock model talks. The same request always gets the same rhythm.

use std::time::Duration;

/// The longest a whole answer that is not streamed takes.
const MAX_WHOLE: Duration = Duration::from_secs(2);

/// When the pieces of an answer come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// All at once.
    Instant,
    /// A while until the first, then one after the other.
    Timed {
        /// Time to the first piece.
        first: Duration,
        /// Makes the rhythm of this answer.
        seed: u64,
    },
}

impl Pace {
    /// The first word after 150 to 300 ms, then 30 to 60 words a second.
    pub(super) fn human(seed: u64) -> Self {
        Self::Timed {
            first: Duration::from_millis(150 + seed % 150),
            seed,
        }
    }

    /// The first word after half a minute.
    pub(super) fn slow(seed: u64) -> Self {
        Self::Timed {
            first: Duration::from_secs(30),
            seed,
        }
    }

    /// How long to wait before piece `index`.
    pub(super) fn before(self, index: usize) -> Duration {
        match self {
            Self::Instant => Duration::ZERO,
            Self::Timed { first, .. } if index == 0 => first,
            Self::Timed { seed, .. } => {
                // Any number will do that differs from piece to piece.
                let step = (seed >> (index % 32)).wrapping_add(index as u64 * 7);
                Duration::from_millis(17 + step % 16)
            }
        }
    }

    /// How long to wait for all `pieces` at once.
    pub(super) fn whole(self, pieces: usize) -> Duration {
        let words: Duration = (1..pieces).map(|index| self.before(index)).sum();
        self.before(0) + words.min(MAX_WHOLE)
    }
}
