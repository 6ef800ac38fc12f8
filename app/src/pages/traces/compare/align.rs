//! Which step of one run is which of another.
//!
//! Steps are matched level by level, by agent, kind and name: those below matched steps are matched with
//! each other. On each level the longest common sequence is matched first; of what is left, equal steps
//! are matched whatever their order, because parallel calls begin in any.

use std::collections::HashMap;

use api::{
    money::Usd,
    traces::{SpanId, StepKind},
};

/// Two lists of siblings are compared step by step up to this many pairs; beyond, equal steps are
/// matched in their order.
const MOST_PAIRS: usize = 1_000_000;

/// A step of a run with the steps below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) span: Option<SpanId>,
    pub(super) agent: String,
    pub(super) kind: Option<StepKind>,
    /// `web_search`.
    pub(super) title: String,
    pub(super) duration_ns: u64,
    /// Of a call of a model.
    pub(super) usage: Option<Usage>,
    pub(super) failed: bool,
    pub(super) below: Vec<Step>,
}

/// Tokens and money of one call of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) tokens: u64,
    pub(super) cost: Option<Usd>,
}

/// What makes two steps the same: calls of models are matched whatever the model, so that two models can
/// be compared.
type Key<'s> = (&'s str, Option<StepKind>, &'s str);

impl Step {
    fn key(&self) -> Key<'_> {
        let name = match self.kind {
            Some(StepKind::Model) => "",
            Some(StepKind::Agent | StepKind::Tool | StepKind::Delegate | StepKind::Http) | None => {
                self.title.as_str()
            }
        };
        (&self.agent, self.kind, name)
    }
}

/// A step of both runs, or of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pair<'s> {
    Both(&'s Step, &'s Step),
    OnlyA(&'s Step),
    OnlyB(&'s Step),
}

impl<'s> Pair<'s> {
    /// The step in A, else that in B.
    pub(super) fn step(self) -> &'s Step {
        match self {
            Self::Both(step, _) | Self::OnlyA(step) | Self::OnlyB(step) => step,
        }
    }

    pub(super) fn a(self) -> Option<&'s Step> {
        match self {
            Self::Both(step, _) | Self::OnlyA(step) => Some(step),
            Self::OnlyB(_) => None,
        }
    }

    pub(super) fn b(self) -> Option<&'s Step> {
        match self {
            Self::Both(_, step) | Self::OnlyB(step) => Some(step),
            Self::OnlyA(_) => None,
        }
    }

    /// Whether no step hangs below it.
    pub(super) fn is_leaf(self) -> bool {
        let is_leaf = |step: Option<&Step>| step.is_none_or(|step| step.below.is_empty());
        is_leaf(self.a()) && is_leaf(self.b())
    }

    /// The pairs right below it.
    fn below(self) -> Vec<Pair<'s>> {
        match self {
            Self::Both(a, b) => siblings(&a.below, &b.below),
            Self::OnlyA(step) => step.below.iter().map(Pair::OnlyA).collect(),
            Self::OnlyB(step) => step.below.iter().map(Pair::OnlyB).collect(),
        }
    }
}

/// All pairs with their depth, in the order of the tree; what only B has stands where B has it.
pub(super) fn align<'s>(a: &'s [Step], b: &'s [Step]) -> Vec<(usize, Pair<'s>)> {
    let mut pairs = Vec::new();
    let mut stack: Vec<(usize, Pair<'s>)> = Vec::new();
    let push = |stack: &mut Vec<_>, depth, pairs: Vec<Pair<'s>>| {
        stack.extend(pairs.into_iter().rev().map(|pair| (depth, pair)));
    };
    push(&mut stack, 0, siblings(a, b));
    while let Some((depth, pair)) = stack.pop() {
        pairs.push((depth, pair));
        push(&mut stack, depth + 1, pair.below());
    }
    pairs
}

/// Matches two lists of siblings.
fn siblings<'s>(a: &'s [Step], b: &'s [Step]) -> Vec<Pair<'s>> {
    let mut partner: Vec<Option<usize>> = vec![None; a.len()];
    if a.len().saturating_mul(b.len()) <= MOST_PAIRS {
        for (i, j) in common(a, b) {
            partner[i] = Some(j);
        }
    }
    match_the_rest(a, b, &mut partner);
    let mut of_b: Vec<Option<usize>> = vec![None; b.len()];
    for (i, j) in partner.iter().enumerate() {
        if let Some(j) = j {
            of_b[*j] = Some(i);
        }
    }
    // In the order of A; before a step of A come those that only B has and that B has before its partner.
    let mut pairs = Vec::with_capacity(a.len().max(b.len()));
    let mut next_b = 0;
    for (i, step) in a.iter().enumerate() {
        match partner[i] {
            None => pairs.push(Pair::OnlyA(step)),
            Some(j) => {
                while next_b < j {
                    if of_b[next_b].is_none() {
                        pairs.push(Pair::OnlyB(&b[next_b]));
                    }
                    next_b += 1;
                }
                pairs.push(Pair::Both(step, &b[j]));
                next_b = next_b.max(j + 1);
            }
        }
    }
    let rest = (next_b..b.len()).filter(|j| of_b[*j].is_none());
    pairs.extend(rest.map(|j| Pair::OnlyB(&b[j])));
    pairs
}

/// The longest common sequence, as places in both.
fn common(a: &[Step], b: &[Step]) -> Vec<(usize, usize)> {
    let width = b.len() + 1;
    let mut longest = vec![0_u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            longest[i * width + j] = if a[i].key() == b[j].key() {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while i < a.len() && j < b.len() {
        if a[i].key() == b[j].key() {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// Matches equal steps that are left, the first with the first.
fn match_the_rest(a: &[Step], b: &[Step], partner: &mut [Option<usize>]) {
    let taken: std::collections::HashSet<usize> = partner.iter().copied().flatten().collect();
    let mut free: HashMap<Key<'_>, std::collections::VecDeque<usize>> = HashMap::new();
    for (j, step) in b.iter().enumerate() {
        if !taken.contains(&j) {
            free.entry(step.key()).or_default().push_back(j);
        }
    }
    for (i, step) in a.iter().enumerate() {
        if partner[i].is_none()
            && let Some(of_key) = free.get_mut(&step.key())
        {
            partner[i] = of_key.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn step(kind: StepKind, title: &str, below: Vec<Step>) -> Step {
        Step {
            span: None,
            agent: "coordinator".to_owned(),
            kind: Some(kind),
            title: title.to_owned(),
            duration_ns: 1,
            usage: None,
            failed: false,
            below,
        }
    }

    fn tool(title: &str) -> Step {
        step(StepKind::Tool, title, Vec::new())
    }

    fn model(title: &str) -> Step {
        step(StepKind::Model, title, Vec::new())
    }

    fn written(a: &[Step], b: &[Step]) -> String {
        let one = |(depth, pair): (usize, Pair<'_>)| {
            let sign = match pair {
                Pair::Both(..) => '=',
                Pair::OnlyA(_) => '-',
                Pair::OnlyB(_) => '+',
            };
            format!("{}{sign}{} ", ">".repeat(depth), pair.step().title)
        };
        align(a, b).into_iter().map(one).collect()
    }

    #[test]
    fn steps_of_equal_runs_are_matched_one_by_one() {
        let run = [step(
            StepKind::Agent,
            "loop",
            vec![model("gpt"), tool("search"), model("gpt")],
        )];
        assert_eq!(written(&run, &run), "=loop >=gpt >=search >=gpt ");
    }

    #[test]
    fn calls_of_models_are_matched_whatever_the_model() {
        assert_eq!(written(&[model("gpt-4o")], &[model("mini")]), "=gpt-4o ");
    }

    #[test]
    fn what_only_one_run_has_stands_where_it_has_it() {
        let a = [model("m"), tool("search"), model("m")];
        let b = [
            model("m"),
            tool("search"),
            tool("search"),
            tool("add"),
            model("m"),
        ];
        assert_eq!(written(&a, &b), "=m =search +search +add =m ");
        assert_eq!(written(&b, &a), "=m =search -search -add =m ");
        assert_eq!(written(&[], &a[..1]), "+m ");
    }

    #[test]
    fn parallel_calls_are_matched_in_any_order() {
        let a = [tool("search"), tool("add")];
        let b = [tool("add"), tool("search")];
        assert_eq!(written(&a, &b), "=search =add ");
    }

    #[test]
    fn what_hangs_below_an_unmatched_step_is_unmatched_too() {
        let a = [step(StepKind::Delegate, "→ x", vec![tool("add")])];
        let b = [step(StepKind::Delegate, "→ y", vec![tool("add")])];
        assert_eq!(written(&a, &b), "-→ x >-add +→ y >+add ");
    }

    fn forest() -> impl Strategy<Value = Vec<Step>> {
        let title = prop::sample::select(&["a", "b", "c"][..]);
        let leaf = title.prop_map(tool);
        let tree = leaf.prop_recursive(3, 24, 4, |below| {
            prop::collection::vec(below, 0..4)
                .prop_map(|below| step(StepKind::Agent, "loop", below))
        });
        prop::collection::vec(tree, 0..5)
    }

    fn count(steps: &[Step]) -> usize {
        steps.iter().map(|step| 1 + count(&step.below)).sum()
    }

    proptest! {
        #[test]
        fn every_step_is_in_exactly_one_pair_and_swapping_swaps(a in forest(), b in forest()) {
            let pairs = align(&a, &b);
            prop_assert_eq!(pairs.iter().filter(|(_, pair)| pair.a().is_some()).count(), count(&a));
            prop_assert_eq!(pairs.iter().filter(|(_, pair)| pair.b().is_some()).count(), count(&b));
            let both = |pairs: &[(usize, Pair<'_>)]| {
                pairs.iter().filter(|(_, pair)| matches!(pair, Pair::Both(..))).count()
            };
            prop_assert_eq!(both(&align(&a, &a)), count(&a));
            for (_, pair) in &pairs {
                if let Pair::Both(a, b) = pair {
                    prop_assert_eq!(a.key(), b.key());
                }
            }
        }
    }
}
