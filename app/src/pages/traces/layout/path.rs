//! The critical path: the steps that made the run as long as it was.
//!
//! Walk back from the root's end. The child that finished last is what the parent waited for; before
//! it started, the child that had finished last by then; the gaps are the parent's own time. Children
//! count only as far as they lie inside their parents, so the sections tile the root exactly.

use super::tree::Tree;

/// A piece of the critical path and the node that was at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) node: usize,
    pub(super) length_ns: u64,
}

/// A node whose time is being divided, from its end backwards.
struct Open {
    node: usize,
    start_ns: u64,
    /// Everything after this is divided already.
    cursor_ns: u64,
    /// Children with their clipped times, the one that finished last at the end.
    children: Vec<(u64, u64, usize)>,
}

impl Open {
    fn new(tree: &Tree<'_>, node: usize, start_ns: u64, end_ns: u64) -> Self {
        let mut children: Vec<(u64, u64, usize)> = tree.children[node]
            .iter()
            .map(|child| {
                let end = tree.end(*child).min(end_ns);
                (end, tree.start(*child).max(start_ns), *child)
            })
            .filter(|(end, start, _)| start < end)
            .collect();
        children.sort_unstable();
        Self {
            node,
            start_ns,
            cursor_ns: end_ns,
            children,
        }
    }

    /// The child that finished last before the cursor.
    fn last_finished(&mut self) -> Option<(u64, u64, usize)> {
        while let Some(child) = self.children.pop() {
            if child.0 <= self.cursor_ns {
                return Some(child);
            }
        }
        None
    }
}

/// The sections of the critical path, latest first.
pub(super) fn critical_path(tree: &Tree<'_>) -> Vec<Section> {
    let Some(root) = tree.top.first().copied() else {
        return Vec::new();
    };
    let mut sections = Vec::new();
    let mut add = |node, from: u64, to: u64| {
        if from < to {
            let length_ns = to - from;
            sections.push(Section { node, length_ns });
        }
    };
    let mut stack = vec![Open::new(tree, root, tree.start(root), tree.end(root))];
    while let Some(open) = stack.last_mut() {
        if let Some((end, start, child)) = open.last_finished() {
            add(open.node, end, open.cursor_ns);
            open.cursor_ns = start;
            stack.push(Open::new(tree, child, start, end));
        } else {
            add(open.node, open.start_ns, open.cursor_ns);
            stack.pop();
        }
    }
    sections
}

/// Time each node spent at work on the critical path. Transport is counted for the step it serves.
pub(super) fn by_node(tree: &Tree<'_>, sections: &[Section]) -> Vec<u64> {
    let mut total = vec![0; tree.spans.len() + 1];
    for section in sections {
        total[tree.owner(section.node)] += section.length_ns;
    }
    total
}

/// Time of a node in which none of its children was at work.
pub(super) fn self_ns(tree: &Tree<'_>, node: usize) -> u64 {
    let (mut cursor, end) = (tree.start(node), tree.end(node));
    let mut own = 0;
    for child in &tree.children[node] {
        let start = tree.start(*child).clamp(cursor, end.max(cursor));
        own += start - cursor;
        cursor = tree.end(*child).clamp(start, end.max(start));
    }
    own + end.saturating_sub(cursor)
}

#[cfg(test)]
mod tests;
