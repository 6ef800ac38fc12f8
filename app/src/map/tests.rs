//! The graph and where it is drawn.

use serde_json::json;

use super::*;

fn agent(name: &str, access: &[&str], servers: &[&str]) -> Thing {
    let object = json!({
        "metadata": {"name": name, "namespace": "team"},
        "spec": {
            "modelAPI": "llm", "model": "openai/gpt-4o", "mcpServers": servers,
            "agentNetwork": {"access": access}
        },
        "status": {"phase": "Ready"}
    });
    Thing::of(Kind::Agent, &object).unwrap()
}

fn other(kind: Kind, name: &str) -> Thing {
    let object = json!({"metadata": {"name": name, "namespace": "team"}});
    Thing::of(kind, &object).unwrap()
}

fn team() -> Vec<Thing> {
    vec![
        agent("coordinator", &["researcher", "analyst"], &[]),
        agent("researcher", &[], &["search"]),
        agent("analyst", &[], &["calculator"]),
        other(Kind::McpServer, "search"),
        other(Kind::McpServer, "calculator"),
        other(Kind::ModelApi, "llm"),
    ]
}

fn place_of(graph: &Graph, layout: &Layout, name: &str) -> Place {
    let node = graph.nodes.iter().position(|node| node.id.name == name);
    layout.places[node.unwrap()]
}

#[test]
fn what_is_mentioned_and_does_not_exist_is_a_ghost() {
    let graph = Graph::of(&[agent("a", &["analyst-9"], &[])]);
    let ghosts: Vec<_> = graph
        .nodes
        .iter()
        .filter(|node| node.state.is_none())
        .collect();
    let names: Vec<_> = ghosts.iter().map(|node| node.id.name.as_str()).collect();
    assert_eq!(names, ["analyst-9", "llm"]);
    assert_eq!(graph.edges.len(), 2);
}

#[test]
fn callers_stand_left_of_whom_they_call() {
    let graph = Graph::of(&team());
    let layout = lay_out(&graph);
    let x = |name| place_of(&graph, &layout, name).x;
    assert!(x("coordinator") < x("researcher"));
    assert_eq!(x("researcher"), x("analyst"));
    assert!(x("analyst") < x("calculator") && x("calculator") == x("llm"));
}

#[test]
fn no_two_nodes_touch_and_no_edge_runs_through_one() {
    let graph = Graph::of(&team());
    let layout = lay_out(&graph);
    let touches = |one: &Place, two: &Place| {
        (one.x - two.x).abs() < NODE_WIDTH && (one.y - two.y).abs() < NODE_HEIGHT
    };
    for (index, one) in layout.places.iter().enumerate() {
        assert!(
            layout.places[index + 1..]
                .iter()
                .all(|two| !touches(one, two))
        );
    }
    for ((from, to), route) in graph.edges.iter().zip(&layout.routes) {
        for pair in route.windows(2) {
            for (node, place) in layout.places.iter().enumerate() {
                if node != *from && node != *to {
                    assert!(
                        !runs_through(pair, *place),
                        "edge {from} to {to} through {node}"
                    );
                }
            }
        }
    }
}

fn runs_through(pair: &[Place], node: Place) -> bool {
    let (left, right) = (pair[0].x.min(pair[1].x), pair[0].x.max(pair[1].x));
    let (top, bottom) = (pair[0].y.min(pair[1].y), pair[0].y.max(pair[1].y));
    left < node.x + NODE_WIDTH && right > node.x && top < node.y + NODE_HEIGHT && bottom > node.y
}

#[test]
fn everything_is_inside_the_picture_and_the_picture_is_always_the_same() {
    let graph = Graph::of(&team());
    let layout = lay_out(&graph);
    assert!(layout.places.iter().all(|place| {
        place.x >= 0
            && place.y >= 0
            && place.x + NODE_WIDTH <= layout.width
            && place.y + NODE_HEIGHT <= layout.height
    }));
    let mut shuffled = team();
    shuffled.reverse();
    assert_eq!(lay_out(&Graph::of(&shuffled)), layout);
}

#[test]
fn agents_that_call_each_other_are_drawn_too() {
    let things = [
        agent("a", &["b"], &[]),
        agent("b", &["a"], &[]),
        agent("c", &["c"], &[]),
    ];
    let graph = Graph::of(&things);
    let layout = lay_out(&graph);
    assert_eq!(layout.places.len(), 4);
    assert!(layout.routes.iter().all(|route| route.len() >= 2));
}

#[test]
fn five_hundred_nodes_are_laid_out() {
    let names: Vec<_> = (0..450).map(|number| format!("agent-{number}")).collect();
    let things: Vec<_> = (0..450)
        .map(|number| {
            let peers: Vec<_> = [number * 2 + 1, number * 2 + 2, number + 7]
                .into_iter()
                .filter_map(|peer| names.get(peer).map(String::as_str))
                .collect();
            agent(&names[number], &peers, &[])
        })
        .collect();
    let layout = lay_out(&Graph::of(&things));
    assert_eq!(layout.places.len(), 451);
}

#[test]
fn a_change_moves_a_thing_and_a_deletion_removes_it() {
    let mut things = team();
    let message = |op, data| LiveMessage {
        topic: String::new(),
        seq: 0,
        op,
        data,
    };
    let gone = json!({"metadata": {"name": "analyst", "namespace": "team"}});
    apply(&mut things, Kind::Agent, &message(LiveOp::Delete, gone));
    let graph = Graph::of(&things);
    let analyst = graph
        .nodes
        .iter()
        .find(|node| node.id.name == "analyst")
        .unwrap();
    assert_eq!(analyst.state, None, "coordinator still mentions it");
}
