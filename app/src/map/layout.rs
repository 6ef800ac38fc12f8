//! Where each node stands and how each edge runs: columns from left to right, edges in right angles.
//!
//! An edge that passes a column gets a place in it like a node, so that it runs between the nodes and
//! never through one.

use super::{
    Graph,
    order::{columns, order},
};

/// Width of a node, in pixels.
pub const NODE_WIDTH: i32 = 200;
/// Height of a node.
pub const NODE_HEIGHT: i32 = 56;
/// Between two nodes of a column.
const GAP: i32 = 24;
/// Height of the place where an edge passes a column.
const LANE: i32 = 8;
/// Between two columns, beside what the edges there need.
const CHANNEL: i32 = 56;
/// What each edge with a corner of its own needs.
const TRACK: i32 = 8;
const MOST_TRACKS: i32 = 16;
const MARGIN: i32 = 24;

/// The top left corner of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From the left.
    pub x: i32,
    /// From the top.
    pub y: i32,
}

/// Where everything is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Of each node of the graph.
    pub places: Vec<Place>,
    /// Of each edge of the graph, as the points of its corners.
    pub routes: Vec<Vec<Place>>,
    /// Of the whole picture.
    pub width: i32,
    /// See `width`.
    pub height: i32,
}

/// A node, or the place where an edge passes a column.
#[derive(Clone, Copy)]
struct Slot {
    column: usize,
    height: i32,
}

/// Lays a graph out; the same graph always alike.
pub fn lay_out(graph: &Graph) -> Layout {
    if graph.nodes.is_empty() {
        return Layout::default();
    }
    let (slots, chains) = slots(graph);
    let n_columns = slots
        .iter()
        .map(|slot| slot.column)
        .max()
        .map_or(0, |last| last + 1);
    let mut by_column = vec![Vec::new(); n_columns];
    for (index, slot) in slots.iter().enumerate() {
        by_column[slot.column].push(index);
    }
    let steps = chains.iter().flat_map(|chain| chain.windows(2));
    let steps: Vec<_> = steps.map(|pair| (pair[0], pair[1])).collect();
    order(&mut by_column, &steps, slots.len());
    let tops = tops(&by_column, &slots, &steps);
    let lefts = lefts(n_columns, &slots, &steps);
    let place = |slot: usize| Place {
        x: lefts[slots[slot].column],
        y: tops[slot],
    };
    let places: Vec<_> = (0..graph.nodes.len()).map(place).collect();
    let middle = |slot: usize| tops[slot] + slots[slot].height / 2;
    let routes = chains
        .iter()
        .map(|chain| route(chain, &slots, &lefts, middle))
        .collect();
    let bottom = (0..slots.len())
        .map(|slot| tops[slot] + slots[slot].height)
        .max();
    Layout {
        places,
        routes,
        width: lefts.last().map_or(0, |left| left + NODE_WIDTH + MARGIN),
        height: bottom.map_or(0, |bottom| bottom + MARGIN),
    }
}

/// All places in columns: the nodes first, then where edges pass. Each edge is a chain of them.
fn slots(graph: &Graph) -> (Vec<Slot>, Vec<Vec<usize>>) {
    let columns = columns(graph);
    let mut slots: Vec<_> = columns
        .iter()
        .map(|column| Slot {
            column: *column,
            height: NODE_HEIGHT,
        })
        .collect();
    let mut chains = Vec::new();
    for (from, to) in &graph.edges {
        let (first, last) = (columns[*from], columns[*to]);
        let mut chain = vec![*from];
        for column in first + 1..last {
            chain.push(slots.len());
            slots.push(Slot {
                column,
                height: LANE,
            });
        }
        chain.push(*to);
        chains.push(chain);
    }
    (slots, chains)
}

/// The top of every slot: below one another, and then towards their neighbours as far as there is
/// room.
fn tops(by_column: &[Vec<usize>], slots: &[Slot], steps: &[(usize, usize)]) -> Vec<i32> {
    const ROUNDS: usize = 8;
    let mut tops = vec![0; slots.len()];
    for column in by_column {
        let mut y = MARGIN;
        for slot in column {
            tops[*slot] = y;
            y += slots[*slot].height + GAP;
        }
    }
    let mut neighbours = vec![Vec::new(); slots.len()];
    for (from, to) in steps {
        neighbours[*from].push(*to);
        neighbours[*to].push(*from);
    }
    for _ in 0..ROUNDS {
        for column in by_column {
            settle(column, slots, &neighbours, &mut tops);
        }
    }
    let highest = tops.iter().copied().min().unwrap_or(0);
    for top in &mut tops {
        *top += MARGIN - highest;
    }
    tops
}

/// Moves the slots of a column to the middle of their neighbours, in order and without touching.
fn settle(column: &[usize], slots: &[Slot], neighbours: &[Vec<usize>], tops: &mut [i32]) {
    let wanted = |slot: usize, tops: &[i32]| {
        let others = &neighbours[slot];
        let sum: i32 = others
            .iter()
            .map(|other| tops[*other] + slots[*other].height / 2)
            .sum();
        let count = i32::try_from(others.len()).unwrap_or(i32::MAX);
        let middle = sum.checked_div(count);
        middle.map_or(tops[slot], |middle| middle - slots[slot].height / 2)
    };
    let wishes: Vec<_> = column.iter().map(|slot| wanted(*slot, tops)).collect();
    // Down as far as wished, then up again where that pushed too far.
    let mut least = i32::MIN;
    for (slot, wish) in column.iter().zip(&wishes) {
        tops[*slot] = (*wish).max(least);
        least = tops[*slot] + slots[*slot].height + GAP;
    }
    let pushed: i32 = column
        .iter()
        .zip(&wishes)
        .map(|(slot, wish)| tops[*slot] - wish)
        .sum();
    let by = pushed / i32::try_from(column.len()).unwrap_or(1).max(1);
    for slot in column {
        tops[*slot] -= by;
    }
}

/// The left side of every column: as far apart as the edges between them need.
fn lefts(n_columns: usize, slots: &[Slot], steps: &[(usize, usize)]) -> Vec<i32> {
    let mut lefts = Vec::with_capacity(n_columns);
    let mut x = MARGIN;
    for column in 0..n_columns {
        lefts.push(x);
        x += NODE_WIDTH + CHANNEL + TRACK * n_tracks(column, slots, steps);
    }
    lefts
}

fn n_tracks(column: usize, slots: &[Slot], steps: &[(usize, usize)]) -> i32 {
    let leaving = steps
        .iter()
        .filter(|(from, _)| slots[*from].column == column);
    let mut sources: Vec<_> = leaving.map(|(from, _)| *from).collect();
    sources.sort_unstable();
    sources.dedup();
    i32::try_from(sources.len())
        .unwrap_or(MOST_TRACKS)
        .min(MOST_TRACKS)
}

/// The corners of an edge. Edges of one node share their corner; edges of others have their own.
fn route(
    chain: &[usize],
    slots: &[Slot],
    lefts: &[i32],
    middle: impl Fn(usize) -> i32,
) -> Vec<Place> {
    let mut points = Vec::new();
    for pair in chain.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let right = lefts[slots[from].column] + NODE_WIDTH;
        let left = lefts[slots[to].column];
        let (start, end) = (middle(from), middle(to));
        if right > left {
            return around((right, start), (left, end));
        }
        let track = i32::try_from(from).unwrap_or(0) % MOST_TRACKS;
        let corner = (right + CHANNEL / 2 + track * TRACK).min(left - CHANNEL / 4);
        points.extend([
            Place { x: right, y: start },
            Place {
                x: corner,
                y: start,
            },
            Place { x: corner, y: end },
            Place { x: left, y: end },
        ]);
    }
    points.dedup();
    points
}

/// An edge that does not lead to the right, as in a cycle: out at the right, below, in at the left.
fn around((right, start): (i32, i32), (left, end): (i32, i32)) -> Vec<Place> {
    const OUT: i32 = 14;
    let below = start.max(end) + NODE_HEIGHT / 2 + GAP / 2;
    vec![
        Place { x: right, y: start },
        Place {
            x: right + OUT,
            y: start,
        },
        Place {
            x: right + OUT,
            y: below,
        },
        Place {
            x: left - OUT,
            y: below,
        },
        Place {
            x: left - OUT,
            y: end,
        },
        Place { x: left, y: end },
    ]
}
