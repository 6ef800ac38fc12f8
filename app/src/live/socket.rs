//! The tab's one WebSocket to `/api/live`.
//!
//! After every connection all topics are subscribed again; the server answers each with a snapshot,
//! so nothing that happened in between is lost.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

use api::live::{LiveMessage, LiveRequest};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{MessageEvent, WebSocket};

use super::{Connection, backoff};

type Listener = Rc<dyn Fn(&LiveMessage)>;

struct Socket {
    open: Option<WebSocket>,
    listeners: BTreeMap<String, Vec<Listener>>,
    state: ArcRwSignal<Connection>,
    n_failures: u32,
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
        socket.state.clone()
    });
    state.set(Connection::Live);
}

fn received(text: &str) {
    let Ok(message) = serde_json::from_str::<LiveMessage>(text) else {
        return;
    };
    // Listeners may subscribe themselves, so the socket is not borrowed while they run.
    let listeners = with_socket(|socket| socket.listeners.get(&message.topic).cloned());
    for listener in listeners.into_iter().flatten() {
        listener(&message);
    }
}

fn lost() {
    let (state, retry_seconds) = with_socket(|socket| {
        socket.open = None;
        socket.n_failures += 1;
        (socket.state.clone(), backoff::seconds(socket.n_failures))
    });
    state.set(Connection::Paused { retry_seconds });
    set_timeout(connect, Duration::from_secs(retry_seconds.into()));
}

fn send(socket: &WebSocket, request: &LiveRequest) {
    if let Ok(text) = serde_json::to_string(request) {
        // A socket that fails to send closes, and `lost` connects again.
        drop(socket.send_with_str(&text));
    }
}
