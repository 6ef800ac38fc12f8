//! The tab's one WebSocket to `/api/live`.
//!
//! After every connection all topics are subscribed again; the server answers each with a snapshot,
//! so nothing that happened in between is lost.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

use api::live::{LiveMessage, LiveRequest};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{MessageEvent, WebSocket};

use super::{Connection, backoff, poll};

type Listener = Rc<dyn Fn(&LiveMessage)>;

struct Socket {
    open: Option<WebSocket>,
    listeners: BTreeMap<String, Vec<Listener>>,
    state: ArcRwSignal<Connection>,
    n_failures: u32,
    /// When it last followed, on the reader's clock.
    last_live: Option<String>,
    next_try: Option<TimeoutHandle>,
}

thread_local! {
    static SOCKET: RefCell<Option<Socket>> = const { RefCell::new(None) };
}

/// Runs `with` on the tab's socket; the first call connects it.
fn with_socket<T>(with: impl FnOnce(&mut Socket) -> T) -> T {
    SOCKET.with_borrow_mut(|socket| {
        let socket = socket.get_or_insert_with(|| {
            // Connects once the islands that wake together have subscribed.
            set_timeout(connect, Duration::ZERO);
            Socket {
                open: None,
                listeners: BTreeMap::new(),
                state: ArcRwSignal::new(Connection::Connecting),
                n_failures: 0,
                last_live: None,
                next_try: None,
            }
        });
        with(socket)
    })
}

pub(super) fn connection() -> ArcReadSignal<Connection> {
    with_socket(|socket| socket.state.read_only())
}

pub(super) fn subscribe(topic: String, on: impl Fn(&LiveMessage) + 'static) {
    with_socket(|socket| {
        let is_new = !socket.listeners.contains_key(&topic);
        let listeners = socket.listeners.entry(topic.clone()).or_default();
        listeners.push(Rc::new(on));
        if let Some(open) = &socket.open
            && is_new
        {
            send(open, &LiveRequest::Subscribe { topic });
        }
    });
}

pub(super) fn retry() {
    let next_try = with_socket(|socket| socket.next_try.take());
    if let Some(next_try) = next_try {
        next_try.clear();
        connect();
    }
}

fn connect() {
    let location = window().location();
    let (Ok(protocol), Ok(host)) = (location.protocol(), location.host()) else {
        return;
    };
    let scheme = if protocol == "https:" { "wss" } else { "ws" };
    let Ok(socket) = WebSocket::new(&format!("{scheme}://{host}/api/live")) else {
        lost();
        return;
    };
    let opened = {
        let socket = socket.clone();
        Closure::<dyn FnMut()>::new(move || opened(socket.clone()))
    };
    let received = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| {
        if let Some(text) = event.data().as_string() {
            received(&text);
        }
    });
    let closed = Closure::<dyn FnMut()>::new(lost);
    socket.set_onopen(Some(opened.into_js_value().unchecked_ref()));
    socket.set_onmessage(Some(received.into_js_value().unchecked_ref()));
    socket.set_onclose(Some(closed.into_js_value().unchecked_ref()));
}

fn opened(open: WebSocket) {
    let state = with_socket(|socket| {
        for topic in socket.listeners.keys().cloned() {
            send(&open, &LiveRequest::Subscribe { topic });
        }
        socket.open = Some(open);
        socket.n_failures = 0;
        socket.next_try = None;
        socket.state.clone()
    });
    state.set(Connection::Live);
}

fn received(text: &str) {
    if let Ok(message) = serde_json::from_str::<LiveMessage>(text) {
        tell(&message);
    }
}

/// Hands a message to everybody who listens to its topic.
pub(super) fn tell(message: &LiveMessage) {
    // Listeners may subscribe themselves, so the socket is not borrowed while they run.
    let listeners = with_socket(|socket| socket.listeners.get(&message.topic).cloned());
    for listener in listeners.into_iter().flatten() {
        listener(message);
    }
}

fn lost() {
    let (state, retry_seconds, since, is_refused) = with_socket(|socket| {
        if socket.open.take().is_some() {
            socket.last_live = Some(clock());
        }
        socket.n_failures += 1;
        let seconds = backoff::seconds(socket.n_failures);
        let since = socket.last_live.clone();
        // A socket that was open once can be opened again; one that never was, may never be.
        let is_refused = since.is_none() && socket.n_failures >= poll::AFTER_FAILURES;
        (socket.state.clone(), seconds, since, is_refused)
    });
    state.set(if is_refused {
        let topics = with_socket(|socket| socket.listeners.keys().cloned().collect());
        poll::ask(topics);
        Connection::Polling
    } else {
        Connection::Paused {
            retry_seconds,
            since,
        }
    });
    let next_try = set_timeout_with_handle(connect, Duration::from_secs(retry_seconds.into()));
    with_socket(|socket| socket.next_try = next_try.ok());
}

/// The time on the reader's clock.
fn clock() -> String {
    let now = js_sys::Date::new_0();
    let parts = [now.get_hours(), now.get_minutes(), now.get_seconds()];
    let parts = parts.map(|part| format!("{part:02}"));
    parts.join(":")
}

fn send(socket: &WebSocket, request: &LiveRequest) {
    if let Ok(text) = serde_json::to_string(request) {
        // A socket that fails to send closes, and `lost` connects again.
        drop(socket.send_with_str(&text));
    }
}
