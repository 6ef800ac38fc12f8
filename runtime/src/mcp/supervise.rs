//! Keeps an MCP server connected, its process running if it has one, and its state true.

use std::{future::pending, time::Duration};

use api::{plan::McpRuntime, resources::mcp_server::McpTransport};
use tokio::time::{Instant, interval_at, sleep, timeout};

use super::{
    McpError, McpState, Open, Server, Shared,
    client::{Connection, Event, Remote},
    process::{Process, Reach},
    tool::Tools,
};

/// The wait before the first restart; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// How often a process that is to serve HTTP is asked whether it does yet.
const KNOCK: Duration = Duration::from_millis(100);
/// How often a server elsewhere is looked at, which may have gone without a word.
const LOOK: Duration = Duration::from_mins(1);
/// How soon to look again at a server that says all the time that its tools have changed.
const CALM: Duration = Duration::from_millis(200);

/// How a connection ended, or why there is none.
enum End {
    /// It was to.
    Stopped,
    /// The next attempt may fare better.
    Failed(String),
    /// The server wants to know who calls.
    NeedsCredentials(String),
    /// It says that it cannot work as it is; only another plan helps.
    Refused(String),
    /// A call was not answered in its time, and who does not answer is not asked to leave.
    Overdue(String),
}

/// Keeps the server up until it is stopped, again and again.
pub(super) async fn run(server: &Server, shared: &Shared) {
    let mut wait = FIRST_WAIT;
    loop {
        let started = Instant::now();
        match run_once(server, shared).await {
            End::Stopped | End::Refused(_) => return,
            End::Failed(_) | End::NeedsCredentials(_) | End::Overdue(_) => {}
        }
        if started.elapsed() > MAX_WAIT {
            wait = FIRST_WAIT;
        }
        tokio::select! {
            () = server.stop.cancelled() => return,
            () = sleep(wait) => wait = (wait * 2).min(MAX_WAIT),
        }
    }
}

/// Starts what is to be started, connects, and stays with it. Whatever the end, nothing is left.
async fn run_once(server: &Server, shared: &Shared) -> End {
    let (mut process, reach) = match &server.plan.runtime {
        McpRuntime::Url { url, .. } => (None, Reach::Url(url.clone(), McpTransport::Http)),
        McpRuntime::PythonString(_) | McpRuntime::Command { .. } => {
            match Process::start(server, shared).await {
                Ok((process, reach)) => (Some(process), reach),
                Err(error) => {
                    let end = End::Failed(error.to_string());
                    report(server, &end);
                    return end;
                }
            }
        }
    };
    let end = match connect(server, shared, reach, process.as_mut()).await {
        Ok((connection, tools)) => attend(server, connection, tools, process.as_mut()).await,
        Err(end) => end,
    };
    // Whoever waits is told before a process takes its time to end.
    report(server, &end);
    match (process, &end) {
        (Some(process), End::Overdue(_)) => process.kill().await,
        (Some(process), _) => process.end().await,
        (None, _) => {}
    }
    end
}

/// Waits until the server answers and says which tools it has.
async fn connect(
    server: &Server,
    shared: &Shared,
    reach: Reach,
    mut process: Option<&mut Process>,
) -> Result<(Connection, Tools), End> {
    let words = process.as_ref().map(|process| process.words().clone());
    let connecting = async {
        let connection = match reach {
            Reach::Streams(stdout, stdin) => {
                let hear = move |line: &[u8]| words.iter().for_each(|words| words.hear(line));
                Connection::to_process(&server.name(), (stdout, stdin), hear).await?
            }
            Reach::Url(url, transport) => connect_url(server, shared, &url, transport).await?,
        };
        let tools = connection.client.tools().await?;
        Ok((connection, tools))
    };
    let limit = shared.settings.connect_timeout;
    let connected = tokio::select! {
        () = server.stop.cancelled() => return Err(End::Stopped),
        // A process that ends by itself says more than one that is silent.
        how = ended(process.as_deref_mut()), if !speaks(server) => return Err(End::Failed(how)),
        connected = timeout(limit, connecting) => connected,
    };
    match connected {
        Ok(Ok(connected)) => Ok(connected),
        Ok(Err(error)) => Err(why(server, process, error).await),
        Err(_) => {
            let how = format!("it did not answer within {} s", limit.as_secs_f32());
            Err(End::Failed(match process {
                Some(process) => process.with_last_words(how),
                None => how,
            }))
        }
    }
}

/// Whether the server answers on its standard output: then the end of that says that it has ended.
fn speaks(server: &Server) -> bool {
    match &server.plan.runtime {
        McpRuntime::PythonString(_) => true,
        McpRuntime::Command { transport, .. } => *transport == McpTransport::Stdio,
        McpRuntime::Url { .. } => false,
    }
}

async fn connect_url(
    server: &Server,
    shared: &Shared,
    url: &str,
    transport: McpTransport,
) -> Result<Connection, McpError> {
    let remote = Remote {
        server: &server.name(),
        http: &shared.settings.http,
        url,
        headers: &server.headers,
    };
    loop {
        let connected = match transport {
            McpTransport::Sse => Connection::to_event_stream(&remote).await,
            McpTransport::Http | McpTransport::Stdio => Connection::to_url(&remote).await,
        };
        match (connected, &server.plan.runtime) {
            // It may still be on its way up.
            (Err(McpError::Connect { .. }), McpRuntime::Command { .. }) => sleep(KNOCK).await,
            (connected, _) => return connected,
        }
    }
}

/// Keeps the list of tools true until the connection ends.
async fn attend(
    server: &Server,
    mut connection: Connection,
    tools: Tools,
    mut process: Option<&mut Process>,
) -> End {
    let name = server.name();
    tracing::info!(mcp.server = name, tools = tools.len(), "MCP server runs");
    let words = process.as_ref().map(|process| process.words().clone());
    let client = connection.client.clone();
    server.enter(McpState::Running { tools }, Some(Open { client, words }));
    let is_local = process.is_some();
    let mut look = interval_at(Instant::now() + LOOK, LOOK);
    loop {
        tokio::select! {
            () = server.stop.cancelled() => return End::Stopped,
            how = ended(process.as_deref_mut()) => return End::Failed(how),
            event = connection.event() => match event {
                Event::Closed => {
                    let closed = McpError::Connect {
                        server: name,
                        reason: "it closed the connection".to_owned(),
                    };
                    return why(server, process, closed).await;
                }
                Event::Overdue if is_local => {
                    let seconds = server.plan.call_timeout.as_secs_f32();
                    return End::Overdue(format!(
                        "a call took longer than {seconds} s, so the process was ended"
                    ));
                }
                // One elsewhere may have been busy with that call alone.
                Event::Overdue | Event::Look => {}
            },
            _ = look.tick(), if !is_local => {}
        }
        let looking = timeout(server.plan.call_timeout, connection.client.tools());
        let Some(looked) = server.stop.run_until_cancelled(looking).await else {
            return End::Stopped;
        };
        match looked {
            Ok(Ok(tools)) => server.change_tools(tools),
            Ok(Err(error)) => return why(server, process, error).await,
            Err(_) => return End::Failed("it does not say any more which tools it has".to_owned()),
        }
        sleep(CALM).await;
    }
}

async fn ended(process: Option<&mut Process>) -> String {
    match process {
        Some(process) => process.ended().await,
        None => pending().await,
    }
}

/// What an error means for the server. How a process ended, if it did, says more than that it is
/// silent.
async fn why(server: &Server, process: Option<&mut Process>, error: McpError) -> End {
    let said = match error {
        McpError::Refuse { message } if is_ours(server) => return End::Refused(message),
        McpError::NeedsCredentials { reason, .. } => {
            let message = format!("it needs credentials: {reason}; give them in spec.headers");
            return End::NeedsCredentials(message);
        }
        McpError::Connect { reason, .. } => reason,
        other => other.to_string(),
    };
    let Some(process) = process else {
        return End::Failed(said);
    };
    match timeout(FIRST_WAIT, process.ended()).await {
        Ok(how) => End::Failed(how),
        Err(_) => End::Failed(process.with_last_words(said)),
    }
}

/// Whether what answers is our own, which does not refuse for no reason.
fn is_ours(server: &Server) -> bool {
    matches!(server.plan.runtime, McpRuntime::PythonString(_))
}

/// Says in the server's state how it ended, unless it was to.
fn report(server: &Server, end: &End) {
    let message = match end {
        End::Stopped => return,
        End::Failed(message)
        | End::Overdue(message)
        | End::Refused(message)
        | End::NeedsCredentials(message) => server.without_secrets(message),
    };
    tracing::warn!(mcp.server = server.name(), "MCP server failed: {message}");
    let state = match end {
        End::NeedsCredentials(_) => McpState::NeedsCredentials { message },
        End::Stopped | End::Failed(_) | End::Overdue(_) | End::Refused(_) => {
            McpState::Failed { message }
        }
    };
    server.enter(state, None);
}
