//! Which spans have a row, and how they stand under each other.

use super::skeleton::{NONE, Skeleton, SpanKey};

/// What of a trace is folded away; the rest has rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fold {
    /// Whether transport and folded loops have rows of their own.
    pub shows_all: bool,
    /// For each span whether those below it are folded away.
    pub closed: Vec<bool>,
    /// For each span whether it is left out, unless one below it is not; empty when none is.
    pub left_out: Vec<bool>,
}

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Its span.
    pub node: u32,
    /// Rows above it in the tree.
    pub depth: u16,
    /// Its number among the rows with the same parent, from 1.
    pub position: u32,
    /// Place of the parent's row.
    pub parent: u32,
    /// Rows right below it, or that would be there were it open.
    pub children: u32,
    /// Whether they are shown.
    pub is_open: bool,
    /// Spans below it, with or without rows.
    pub below: u32,
}

/// All rows, in the order of the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// From top to bottom.
    pub places: Vec<Place>,
    /// Rows without a parent.
    pub n_top: u32,
}

/// Spans below each span.
fn sizes(skeleton: &Skeleton) -> Vec<u32> {
    let mut sizes = vec![1; skeleton.nodes.len()];
    for (place, node) in skeleton.nodes.iter().enumerate().rev() {
        if node.parent != NONE {
            sizes[node.parent as usize] += sizes[place];
        }
    }
    sizes
}

impl Fold {
    /// Everything open, of a trace of so many spans.
    pub fn open(n_spans: usize, shows_all: bool) -> Self {
        Self {
            shows_all,
            closed: vec![false; n_spans],
            left_out: Vec::new(),
        }
    }

    /// Leaves out what matches nothing, but nothing above what does.
    pub fn leave_out(&mut self, skeleton: &Skeleton, matches: &[bool]) {
        self.left_out = matches.iter().map(|matches| !matches).collect();
        for (place, node) in skeleton.nodes.iter().enumerate().rev() {
            if node.parent != NONE && !self.left_out[place] {
                self.left_out[node.parent as usize] = false;
            }
        }
    }

    /// Closes what is at this depth or deeper, and opens the rest.
    pub fn close_from(&mut self, skeleton: &Skeleton, depth: u16) {
        let everything = Self {
            closed: vec![false; skeleton.nodes.len()],
            ..self.clone()
        };
        self.closed = vec![false; skeleton.nodes.len()];
        for place in Rows::of(skeleton, &everything).places {
            self.closed[place.node as usize] = place.depth >= depth && place.children > 0;
        }
    }

    /// The same for a newer skeleton of the same trace.
    #[must_use]
    pub fn moved(&self, old: &Skeleton, new: &Skeleton) -> Self {
        let closed: Vec<SpanKey> = (old.nodes.iter().zip(&self.closed))
            .filter(|(_, closed)| **closed)
            .map(|(node, _)| node.span)
            .collect();
        let mut moved = Self::open(new.nodes.len(), self.shows_all);
        for span in closed {
            if let Some(place) = new.place_of(span) {
                moved.closed[place as usize] = true;
            }
        }
        moved
    }

    /// Opens everything above a span.
    pub fn reveal(&mut self, skeleton: &Skeleton, node: u32) {
        let mut above = skeleton.nodes.get(node as usize).map(|node| node.parent);
        while let Some(node) = above.filter(|above| *above != NONE) {
            if let Some(closed) = self.closed.get_mut(node as usize) {
                *closed = false;
            }
            above = skeleton.nodes.get(node as usize).map(|node| node.parent);
        }
    }

    fn is_shown(&self, skeleton: &Skeleton, node: usize) -> bool {
        self.shows_all || !skeleton.nodes[node].flags.is_hidden()
    }
}

impl Rows {
    /// The rows of a trace that is folded like this.
    pub fn of(skeleton: &Skeleton, fold: &Fold) -> Self {
        let sizes = sizes(skeleton);
        let mut rows = Self::default();
        // Rows whose subtrees are being walked, with the place where each ends.
        let mut open: Vec<(usize, u32)> = Vec::new();
        // Subtrees that are folded away are walked too, to count the rows right below.
        let mut closed_until = 0;
        let mut node = 0;
        while node < skeleton.nodes.len() {
            while open.last().is_some_and(|(end, _)| *end <= node) {
                open.pop();
            }
            let end = node + sizes[node] as usize;
            if fold.left_out.get(node).is_some_and(|left_out| *left_out) {
                node = end;
                continue;
            }
            if !fold.is_shown(skeleton, node) {
                node += 1;
                continue;
            }
            let parent = open.last().map(|(_, row)| *row);
            let position = rows.count(parent);
            if node < closed_until {
                node = end;
                continue;
            }
            let is_closed = fold.closed.get(node).is_some_and(|closed| *closed);
            let row = u32::try_from(rows.places.len()).unwrap_or(NONE);
            rows.places.push(Place {
                node: u32::try_from(node).unwrap_or(NONE),
                depth: u16::try_from(open.len()).unwrap_or(u16::MAX),
                position,
                parent: parent.unwrap_or(NONE),
                children: 0,
                is_open: !is_closed,
                below: sizes[node] - 1,
            });
            if is_closed {
                closed_until = end;
            }
            open.push((end, row));
            node += 1;
        }
        rows
    }

    /// One more row below `parent`: its number.
    fn count(&mut self, parent: Option<u32>) -> u32 {
        let counter = match parent {
            None => &mut self.n_top,
            Some(parent) => &mut self.places[parent as usize].children,
        };
        *counter += 1;
        *counter
    }

    /// The row of a span, or of the nearest span above it that has one.
    pub fn row_of(&self, skeleton: &Skeleton, node: u32) -> Option<u32> {
        let mut wanted = node;
        loop {
            let found = self.places.binary_search_by_key(&wanted, |row| row.node);
            if let Ok(row) = found {
                return u32::try_from(row).ok();
            }
            wanted = skeleton.nodes.get(wanted as usize)?.parent;
            if wanted == NONE {
                return None;
            }
        }
    }

    /// Rows with the same parent as this one.
    pub fn siblings(&self, row: &Place) -> u32 {
        let parent = self.places.get(row.parent as usize);
        parent.map_or(self.n_top, |parent| parent.children)
    }
}
