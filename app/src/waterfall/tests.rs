use api::traces::StepKind;
use proptest::prelude::*;

use super::{
    Action, Filter, Flags, Fold, Head, Label, NONE, Node, Press, Rows, Skeleton, Zoom, action,
};

/// Parent, title and flags of each span.
fn skeleton(spans: &[(u32, &str, Flags)]) -> Skeleton {
    let mut head = Head::of_length(1_000_000_000);
    let mut nodes = Vec::new();
    for (place, (parent, title, flags)) in spans.iter().enumerate() {
        let kind = Some(StepKind::Tool);
        let place = u32::try_from(place).unwrap();
        head.labels.push(Label {
            title: (*title).to_owned(),
            service: "researcher".to_owned(),
            color: 0,
            kind,
        });
        let mut span = [0; 8];
        span[4..].copy_from_slice(&(place + 1).to_be_bytes());
        nodes.push(Node {
            span,
            parent: *parent,
            label: place,
            flags: *flags,
            start: 0,
            length: head.units(u64::from(place) * 100_000_000),
        });
    }
    Skeleton { head, nodes }
}

/// A loop with a step, a delegation that folds a loop, and transport between them.
fn run() -> Skeleton {
    let plain = Flags::default();
    let transport = plain.and(Flags::TRANSPORT, true);
    skeleton(&[
        (NONE, "POST", transport),
        (0, "agent loop", plain),
        (1, "step 1", plain),
        (2, "→ researcher", plain.and(Flags::CRITICAL, true)),
        (3, "POST", transport),
        (4, "agent loop", plain.and(Flags::FOLDED, true)),
        (5, "web_search", plain.and(Flags::ERROR, true)),
        (1, "step 2", plain.and(Flags::OPEN, true)),
    ])
}

fn outline(skeleton: &Skeleton, fold: &Fold) -> Vec<String> {
    let rows = Rows::of(skeleton, fold);
    let line = |row: &super::Place| {
        let title = &skeleton.label(row.node).unwrap().title;
        let siblings = rows.siblings(row);
        let depth = "  ".repeat(row.depth.into());
        format!(
            "{depth}{title} {}/{siblings} {}",
            row.position, row.children
        )
    };
    rows.places.iter().map(line).collect()
}

#[test]
fn transport_and_folded_loops_have_no_rows_and_their_children_take_their_place() {
    let run = run();
    let fold = Fold::open(run.nodes.len(), false);
    let expected = [
        "agent loop 1/1 2",
        "  step 1 1/2 1",
        "    → researcher 1/1 1",
        "      web_search 1/1 0",
        "  step 2 2/2 0",
    ];
    assert_eq!(outline(&run, &fold), expected);
    let all = Fold::open(run.nodes.len(), true);
    assert_eq!(Rows::of(&run, &all).places.len(), run.nodes.len());
}

#[test]
fn a_closed_row_still_says_how_many_are_right_below_it() {
    let run = run();
    let mut fold = Fold::open(run.nodes.len(), false);
    fold.close_from(&run, 1);
    let expected = ["agent loop 1/1 2", "  step 1 1/2 1", "  step 2 2/2 0"];
    assert_eq!(outline(&run, &fold), expected);
    fold.reveal(&run, 6);
    assert_eq!(outline(&run, &fold).len(), 5);
}

#[test]
fn what_matches_keeps_the_rows_above_it() {
    let run = run();
    let mut fold = Fold::open(run.nodes.len(), false);
    fold.leave_out(&run, &Filter::parse("SEARCH status:error").matches(&run));
    let expected = [
        "agent loop 1/1 1",
        "  step 1 1/1 1",
        "    → researcher 1/1 1",
        "      web_search 1/1 0",
    ];
    assert_eq!(outline(&run, &fold), expected);
}

#[test]
fn a_span_without_a_row_is_stood_for_by_the_row_above_it() {
    let run = run();
    let mut fold = Fold::open(run.nodes.len(), false);
    fold.close_from(&run, 2);
    let rows = Rows::of(&run, &fold);
    assert_eq!(rows.row_of(&run, 6), Some(2));
    assert_eq!(rows.row_of(&run, 0), None);
}

#[test]
fn what_was_closed_stays_closed_when_spans_arrive() {
    let old = run();
    let mut fold = Fold::open(old.nodes.len(), false);
    fold.closed[2] = true;
    let mut new = run();
    // A span arrives between the others.
    new.nodes.insert(
        2,
        Node {
            parent: 1,
            span: [9; 8],
            ..new.nodes[6]
        },
    );
    for node in &mut new.nodes[3..] {
        if node.parent != NONE && node.parent >= 2 {
            node.parent += 1;
        }
    }
    let moved = fold.moved(&old, &new);
    let closed: Vec<_> = (moved.closed.iter().enumerate())
        .filter_map(|(place, closed)| closed.then_some(place))
        .collect();
    assert_eq!(closed, [3]);
}

#[track_caller]
fn matching(words: &str, expected: &[&str]) {
    let run = run();
    let matches = Filter::parse(words).matches(&run);
    let found: Vec<_> = (0..run.nodes.len())
        .filter(|place| matches[*place])
        .map(|place| run.head.labels[place].title.as_str())
        .collect();
    assert_eq!(found, expected, "{words}");
}

#[test]
fn words_kinds_states_and_durations_are_searched_for() {
    matching("web_search", &["web_search"]);
    matching("kind:model", &[]);
    matching("status:running", &["step 2"]);
    matching("is:critical service:research", &["→ researcher"]);
    matching("duration:>0.5s", &["web_search", "step 2"]);
    matching("duration:<150ms step", &[]);
    matching("duration:<250ms step", &["step 1"]);
    // A form that nobody knows is looked for as it is.
    matching("duration:long", &[]);
}

#[test]
fn what_is_looked_at_stays_inside_the_trace() {
    let close = |one: f64, other: f64| (one - other).abs() < 1e-9;
    let half = Zoom::between(0.5, 0.0);
    assert!(close(half.to - half.from, 0.5));
    let wide = half.scaled(10.0);
    assert!(wide.is_whole(), "{wide:?}");
    let edge = Zoom::between(0.8, 1.0).scaled(2.0);
    assert!(close(edge.from, 0.6) && close(edge.to, 1.0), "{edge:?}");
    assert!(close(half.place(half.across(0.25)), 0.25));
}

#[test]
fn what_is_looked_at_is_in_the_address() {
    let length = 20_000_000_000;
    let zoom = Zoom::parse("4.7s-11s", length).unwrap();
    assert_eq!(zoom.written(length).as_deref(), Some("4.7s-11s"));
    assert_eq!(Zoom::default().written(length), None);
    for wrong in ["", "4.7s", "11s-4s", "a-b", "NaNs-1s"] {
        assert_eq!(Zoom::parse(wrong, length), None, "{wrong}");
    }
}

#[test]
fn keys_do_what_the_list_of_shortcuts_says() {
    let of = |key| action(Press { key, shift: false });
    assert_eq!(of("ArrowDown"), Some(Action::Move(1)));
    assert_eq!(of("3"), Some(Action::Depth(3)));
    assert_eq!(of("0"), None);
    assert_eq!(of("E"), Some(Action::Error(-1)));
    assert_eq!(of("q"), None);
    // Shift and an arrow changes the width of a column.
    let shifted = Press {
        key: "ArrowLeft",
        shift: true,
    };
    assert_eq!(action(shifted), None);
}

#[test]
fn logs_are_found_by_their_span() {
    let mut run = run();
    run.head.ticks = vec![(2, 7), (6, 1), (6, 9), (7, 3)];
    assert_eq!(run.ticks(6).collect::<Vec<_>>(), [1, 9]);
    assert_eq!(run.ticks(3).count(), 0);
}

#[test]
fn bytes_that_are_no_skeleton_are_refused() {
    let bytes = run().encode();
    assert!(Skeleton::decode(&bytes[..bytes.len() - 1]).is_err());
    assert!(Skeleton::decode(&bytes[..3]).is_err());
    assert!(Skeleton::decode(&[255; 40]).is_err());
}

#[test]
fn a_span_takes_24_bytes() {
    let one = skeleton(&[(NONE, "a", Flags::default())]);
    let mut two = one.clone();
    two.nodes.push(Node {
        parent: 0,
        ..one.nodes[0]
    });
    assert_eq!(two.encode().len() - one.encode().len(), 24);
}

fn any_node(place: u32) -> impl Strategy<Value = Node> {
    let parent = if place == 0 {
        Just(NONE).boxed()
    } else {
        prop_oneof![Just(NONE), 0..place].boxed()
    };
    let flags = proptest::collection::vec(any::<bool>(), 6);
    (
        any::<[u8; 8]>(),
        parent,
        0..4_u32,
        flags,
        any::<(u32, u32)>(),
    )
        .prop_map(|(span, parent, label, bits, (start, length))| {
            let known = [
                Flags::ERROR,
                Flags::CRITICAL,
                Flags::TRANSPORT,
                Flags::FOLDED,
                Flags::OPEN,
                Flags::SKEWED,
            ];
            let flags = known.into_iter().zip(bits);
            Node {
                span,
                parent,
                label,
                flags: flags.fold(Flags::default(), |flags, (flag, is_so)| {
                    flags.and(flag, is_so)
                }),
                start,
                length,
            }
        })
}

fn any_skeleton() -> impl Strategy<Value = Skeleton> {
    let nodes = (0..60_u32).prop_flat_map(|n| (0..n).map(any_node).collect::<Vec<_>>());
    let label = ("\\PC{0,12}", "[a-z]{0,8}").prop_map(|(title, service)| Label {
        title,
        service,
        color: 3,
        kind: Some(StepKind::Model),
    });
    let labels = proptest::collection::vec(label, 4);
    (any::<u64>(), nodes, labels, any::<bool>()).prop_map(
        |(length_ns, nodes, labels, is_running)| Skeleton {
            head: Head {
                labels,
                is_running,
                slowest: (!nodes.is_empty()).then_some(0),
                ..Head::of_length(length_ns)
            },
            nodes,
        },
    )
}

proptest! {
    #[test]
    fn a_skeleton_is_read_as_it_was_written(skeleton in any_skeleton()) {
        prop_assert_eq!(Skeleton::decode(&skeleton.encode()), Ok(skeleton));
    }

    #[test]
    fn a_time_is_told_to_the_unit(length_ns: u64, part in 0.0..1.0_f64) {
        let head = Head::of_length(length_ns);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "any time within the trace will do")]
        let ns = (length_ns as f64 * part) as u64;
        let skeleton = Skeleton { head, nodes: Vec::new() };
        let told = skeleton.ns(skeleton.head.units(ns));
        prop_assert!(ns - told < skeleton.head.unit_ns);
    }
}
