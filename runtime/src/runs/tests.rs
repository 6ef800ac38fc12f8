use std::sync::{Arc, Mutex};

use api::{
    clock::Clock,
    plan::ResourceId,
    run::{Gap, RunEvent, RunEventKind, RunState},
};
use futures::{FutureExt, StreamExt, stream::BoxStream};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::{Bounds, Filter, Followed, Log, NewRun, Runs, TooManyRuns, Underway};

/// A clock that stands still until a test moves it.
#[derive(Default)]
struct Stopped(Mutex<Timestamp>);

impl Stopped {
    fn pass(&self, duration: SignedDuration) {
        *self.0.lock().unwrap() += duration;
    }
}

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

fn new_run(id: &str) -> NewRun {
    NewRun {
        id: id.to_owned(),
        agent: ResourceId::new("team", "coordinator"),
        session_id: format!("session of {id}"),
        trace_id: "ab".repeat(16),
        cancel: CancellationToken::new(),
    }
}

fn runs(bounds: Bounds) -> (Runs, Arc<Stopped>) {
    let clock = Arc::new(Stopped::default());
    let runs = Runs::bounded(Arc::clone(&clock) as Arc<dyn Clock>, bounds);
    (runs, clock)
}

fn begin(runs: &Runs, id: &str) -> Underway {
    runs.begin(new_run(id)).unwrap()
}

fn ids(runs: &Runs, filter: &Filter) -> Vec<String> {
    runs.list(filter).into_iter().map(|run| run.id).collect()
}

fn say(log: &Log, path: &[&str], text: &str) -> u64 {
    let path: Vec<String> = path.iter().map(|span| (*span).to_owned()).collect();
    let text = text.to_owned();
    log.push(event(path, RunEventKind::MessageDelta { text }))
}

fn step(log: &Log, step: u32) -> u64 {
    let (max_steps, span_id) = (5, String::new());
    let kind = RunEventKind::StepStarted {
        step,
        max_steps,
        span_id,
    };
    log.push(event(Vec::new(), kind))
}

fn event(path: Vec<String>, kind: RunEventKind) -> RunEvent {
    RunEvent {
        seq: 0,
        at_ms: 0,
        agent: "a".to_owned(),
        path,
        kind,
    }
}

/// What a reader has to read now, without waiting.
fn now(reader: &mut BoxStream<'_, Followed>) -> Vec<String> {
    let mut read = Vec::new();
    while let Some(Some(followed)) = reader.next().now_or_never() {
        read.push(match followed {
            Followed::Gap(Gap { after, next }) => format!("gap {after}-{next}"),
            Followed::Event(RunEvent { seq, kind, .. }) => match kind {
                RunEventKind::MessageDelta { text } => format!("{seq} {text}"),
                RunEventKind::StepStarted { step, .. } => format!("{seq} step {step}"),
                other => panic!("{other:?} was not told"),
            },
        });
    }
    read
}

fn follow(log: &Arc<Log>, after: u64) -> BoxStream<'static, Followed> {
    Arc::clone(log).follow(after).boxed()
}

#[test]
fn a_reader_gets_what_was_told_before_and_then_what_comes() {
    let log = Arc::new(Log::default());
    step(&log, 1);
    let mut reader = follow(&log, 0);
    assert_eq!(now(&mut reader), ["1 step 1"]);
    assert_eq!(now(&mut reader), [""; 0]);
    step(&log, 2);
    say(&log, &[], "hel");
    assert_eq!(now(&mut reader), ["2 step 2", "3 hel"]);
    say(&log, &[], "lo");
    assert_eq!(now(&mut reader), ["4 lo"]);
    log.close();
    assert_eq!(reader.next().now_or_never(), Some(None), "the stream ends");
}

#[test]
fn words_in_a_row_reach_a_late_reader_as_one_and_none_twice() {
    let log = Arc::new(Log::default());
    for word in ["one ", "two ", "three"] {
        say(&log, &[], word);
    }
    say(&log, &["span"], "below");
    say(&log, &[], "four");
    assert_eq!(
        now(&mut follow(&log, 0)),
        ["3 one two three", "4 below", "5 four"]
    );
    assert_eq!(now(&mut follow(&log, 1))[0], "3 two three");
    assert_eq!(now(&mut follow(&log, 2))[0], "3 three");
    assert_eq!(now(&mut follow(&log, 3)), ["4 below", "5 four"]);
}

#[test]
fn a_reader_that_asks_for_what_is_gone_is_told_so() {
    let log = Arc::new(Log::default());
    let mut slow = follow(&log, 0);
    for number in 1..=5_000 {
        step(&log, number);
    }
    let read = now(&mut slow);
    let next = 5_000 + 2 - read.len();
    assert_eq!(read[0], format!("gap 0-{next}"));
    assert_eq!(read[1], format!("{next} step {next}"));
    assert_eq!(read.last().unwrap(), "5000 step 5000");
    assert!(
        (1_000..=2_048).contains(&(read.len() - 1)),
        "{}",
        read.len()
    );
    assert_eq!(now(&mut follow(&log, 4_999)), ["5000 step 5000"]);
}

#[test]
fn a_log_keeps_half_a_megabyte_however_much_is_said() {
    let log = Arc::new(Log::default());
    for _ in 0..4_000 {
        say(&log, &[], &"x".repeat(500));
    }
    assert!(log.bytes() <= 512 * 1024, "{} bytes", log.bytes());
    assert!(now(&mut follow(&log, 0))[0].starts_with("gap 0-"));
    say(&log, &[], &"x".repeat(1024 * 1024));
    assert_eq!(log.bytes(), 0, "what is too large is not kept at all");
    step(&log, 1);
    let read = now(&mut follow(&log, 4_000));
    assert_eq!(read, ["gap 4000-4002", "4002 step 1"]);
}

#[test]
fn a_run_is_listed_with_its_state_until_some_minutes_after_its_end() {
    let (runs, clock) = runs(Bounds::default());
    let first = begin(&runs, "first");
    clock.pass(SignedDuration::from_secs(1));
    let second = begin(&runs, "second");
    assert_eq!(ids(&runs, &Filter::default()), ["second", "first"]);
    first.end(RunState::Finished);
    let running = Filter {
        state: Some(RunState::Running),
        ..Filter::default()
    };
    assert_eq!(ids(&runs, &running), ["second"]);
    drop(second);
    let state = |id: &str| runs.find(id).unwrap().summary().state;
    assert_eq!(state("first"), RunState::Finished);
    assert_eq!(state("second"), RunState::Cancelled, "nobody ended it");
    let of_session = Filter {
        session: Some("session of first".to_owned()),
        ..Filter::default()
    };
    assert_eq!(ids(&runs, &of_session), ["first"]);
    clock.pass(SignedDuration::from_mins(6));
    assert_eq!((runs.kept(), runs.running()), (0, 0));
}

#[test]
fn runs_are_bounded_while_they_go_on_and_afterwards() {
    let bounds = Bounds {
        running: 2,
        ended: 3,
        ended_bytes: 20_000,
    };
    let (runs, _clock) = runs(bounds);
    let (one, two) = (begin(&runs, "1"), begin(&runs, "2"));
    let refused = runs.begin(new_run("3")).err();
    assert_eq!(refused, Some(TooManyRuns { limit: 2 }));
    drop((one, two));
    for id in ["3", "4"] {
        begin(&runs, id).end(RunState::Finished);
    }
    assert_eq!(ids(&runs, &Filter::default()), ["4", "3", "2"]);
    for id in ["5", "6"] {
        let long = begin(&runs, id);
        say(long.log(), &[], &"x".repeat(15_000));
        long.end(RunState::Finished);
    }
    assert_eq!(ids(&runs, &Filter::default()), ["6"], "both are too long");
    assert_eq!(runs.running(), 0);
}

#[test]
fn a_run_says_what_it_waits_for_and_nothing_when_it_has_ended() {
    let (runs, _) = runs(Bounds::default());
    let run = begin(&runs, "a");
    let doing = || {
        let run = runs.list(&Filter::default()).remove(0);
        run.doing.map(|doing| doing.what)
    };
    let tell = |kind| run.log().push(event(Vec::new(), kind));
    let started = |name: &str| RunEventKind::ToolStarted {
        name: name.to_owned(),
        arguments: serde_json::Value::Null,
        span_id: name.to_owned(),
    };
    let finished = |name: &str| RunEventKind::ToolFinished {
        name: name.to_owned(),
        span_id: name.to_owned(),
        result: String::new(),
        duration_ms: 1,
    };
    assert_eq!(doing(), None);
    tell(started("search"));
    tell(started("add"));
    assert_eq!(doing().as_deref(), Some("add"));
    tell(finished("add"));
    assert_eq!(doing().as_deref(), Some("search"));
    tell(finished("search"));
    assert_eq!(doing(), None);
    tell(started("search"));
    run.end(RunState::Finished);
    assert_eq!(doing(), None);
}
