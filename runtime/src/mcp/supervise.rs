//! Keeps the process of an MCP server running, and its state true.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::{
    McpSettings, McpState, Server,
    client::{McpClient, McpError},
    process::{Process, Streams},
};

/// The wait before the first restart; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// How a process ended.
enum End {
    /// It was to.
    Stopped,
    /// By itself, or before it answered; the next attempt may fare better.
    Failed(String),
    /// It says that it cannot work as it is; only another plan helps.
    Refused(String),
}

/// Runs the server's process until the server is stopped, again and again.
pub(super) async fn run(server: Arc<Server>, settings: Arc<McpSettings>, tracker: TaskTracker) {
    let mut wait = FIRST_WAIT;
    loop {
        let started = Instant::now();
        let message = match run_once(&server, &settings, &tracker).await {
            End::Stopped => return,
            End::Refused(message) => {
                fail(&server, message);
                return;
            }
            End::Failed(message) => message,
        };
        fail(&server, message);
        if started.elapsed() > MAX_WAIT {
            wait = FIRST_WAIT;
        }
        tokio::select! {
            () = server.stop.cancelled() => return,
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(MAX_WAIT),
        }
    }
}

/// Runs the process once. Whatever its end, nothing of it is left.
async fn run_once(server: &Server, settings: &McpSettings, tracker: &TaskTracker) -> End {
    let started = tokio::select! {
        () = server.stop.cancelled() => return End::Stopped,
        started = Process::start(&server.plan, settings, tracker) => started,
    };
    let (mut process, streams) = match started {
        Ok(started) => started,
        Err(error) => return End::Failed(error.to_string()),
    };
    let end = match connect(server, &mut process, streams).await {
        Ok(client) => {
            let end = tokio::select! {
                () = server.stop.cancelled() => End::Stopped,
                how = process.ended() => End::Failed(how),
            };
            client.close();
            end
        }
        Err(end) => end,
    };
    process.end().await;
    end
}

/// Waits until the process answers and says which tools it has.
async fn connect(
    server: &Server,
    process: &mut Process,
    streams: Streams,
) -> Result<McpClient, End> {
    let name = server.name();
    let connecting = async {
        let client = McpClient::connect_streams(&name, streams).await?;
        let tools = client.tools().await?;
        Ok((client, tools))
    };
    let connected = tokio::select! {
        () = server.stop.cancelled() => return Err(End::Stopped),
        connected = connecting => connected,
    };
    match connected {
        Ok((client, tools)) => {
            tracing::info!(mcp.server = name, tools = tools.len(), "MCP server runs");
            server.enter(McpState::Running { tools }, Some(client.clone()));
            Ok(client)
        }
        Err(McpError::Refuse { message }) => Err(End::Refused(message)),
        Err(error) => Err(End::Failed(why(process, &error).await)),
    }
}

/// Why a process did not answer: how it ended, if it did, says more than that it is silent.
async fn why(process: &mut Process, error: &McpError) -> String {
    tokio::time::timeout(FIRST_WAIT, process.ended())
        .await
        .unwrap_or_else(|_| error.to_string())
}

fn fail(server: &Server, message: String) {
    tracing::warn!(mcp.server = server.name(), "MCP server failed: {message}");
    server.enter(McpState::Failed { message }, None);
}
