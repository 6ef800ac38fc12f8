//! In which column each node stands, and in which order the nodes of a column do.

use super::Graph;
use crate::kinds::Kind;

/// The column of every node: agents by how many delegations lead to them, then everything that only
/// is used.
pub(super) fn columns(graph: &Graph) -> Vec<usize> {
    let n_nodes = graph.nodes.len();
    let is_agent = |node: usize| graph.nodes[node].kind == Kind::Agent;
    let mut peers = vec![Vec::new(); n_nodes];
    let mut is_called = vec![false; n_nodes];
    for (from, to) in &graph.edges {
        if from != to && is_agent(*from) && is_agent(*to) {
            peers[*from].push(*to);
            is_called[*to] = true;
        }
    }
    // Who is called by nobody comes first; in a cycle somebody has to.
    let mut starts: Vec<_> = (0..n_nodes).filter(|node| is_agent(*node)).collect();
    starts.sort_by_key(|node| is_called[*node]);
    let mut depth = vec![0_usize; n_nodes];
    for node in callers_first(&starts, &mut peers) {
        for peer in &peers[node] {
            depth[*peer] = depth[*peer].max(depth[node] + 1);
        }
    }
    let deepest = starts.iter().map(|node| depth[*node]).max();
    let last = deepest.map_or(0, |deepest| deepest + 1);
    (0..n_nodes)
        .map(|node| if is_agent(node) { depth[node] } else { last })
        .collect()
}

/// All nodes, each after everybody who calls it. What would close a cycle is taken out of `peers`.
fn callers_first(starts: &[usize], peers: &mut [Vec<usize>]) -> Vec<usize> {
    #[derive(Clone, Copy, PartialEq)]
    enum Visit {
        No,
        Open,
        Done,
    }
    let mut visits = vec![Visit::No; peers.len()];
    let mut callees_first = Vec::new();
    for start in starts {
        // A node and how many of its peers have been looked at.
        let mut path = vec![(*start, 0)];
        if visits[*start] != Visit::No {
            continue;
        }
        visits[*start] = Visit::Open;
        while let Some((node, looked_at)) = path.last_mut() {
            let Some(peer) = peers[*node].get(*looked_at).copied() else {
                visits[*node] = Visit::Done;
                callees_first.push(*node);
                path.pop();
                continue;
            };
            match visits[peer] {
                Visit::Open => drop(peers[*node].remove(*looked_at)),
                Visit::Done => *looked_at += 1,
                Visit::No => {
                    *looked_at += 1;
                    visits[peer] = Visit::Open;
                    path.push((peer, 0));
                }
            }
        }
    }
    callees_first.reverse();
    callees_first
}

/// How often the columns are put in order from both sides.
const SWEEPS: usize = 6;

/// Orders the nodes of each column so that edges cross little: each by where its neighbours are.
/// Equal ones stay in the order they came in, so the same graph is always drawn alike.
pub(super) fn order(columns: &mut [Vec<usize>], edges: &[(usize, usize)], n_nodes: usize) {
    let mut place = vec![0_usize; n_nodes];
    let note = |columns: &[Vec<usize>], place: &mut [usize]| {
        for column in columns {
            for (at, node) in column.iter().enumerate() {
                place[*node] = at;
            }
        }
    };
    let mut before = vec![Vec::new(); n_nodes];
    let mut after = vec![Vec::new(); n_nodes];
    for (from, to) in edges {
        after[*from].push(*to);
        before[*to].push(*from);
    }
    note(columns, &mut place);
    for sweep in 0..SWEEPS {
        let forward = sweep % 2 == 0;
        let neighbours = if forward { &before } else { &after };
        let mut indices: Vec<_> = (0..columns.len()).collect();
        if !forward {
            indices.reverse();
        }
        for index in indices {
            let centre = |node: &usize| centre(&neighbours[*node], &place, place[*node]);
            columns[index].sort_by_key(centre);
            for (at, node) in columns[index].iter().enumerate() {
                place[*node] = at;
            }
        }
    }
}

/// The middle of the neighbours, in parts of a place; without any, where the node is.
fn centre(neighbours: &[usize], place: &[usize], own: usize) -> usize {
    const PARTS: usize = 1_000;
    let sum: usize = neighbours.iter().map(|node| place[*node] * PARTS).sum();
    sum.checked_div(neighbours.len()).unwrap_or(own * PARTS)
}
