//! Asks Python what functions there are in code. It reads the code and runs none of it.

use std::{process::Stdio, time::Duration};

use api::functions::{Function, FunctionReader, Reading};
use async_trait::async_trait;
use serde::Deserialize;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
    time::timeout,
};

use super::McpServers;

/// How long it may take, on a busy machine.
const WITHIN: Duration = Duration::from_secs(10);
/// More than a resource holds; such code is refused elsewhere.
const LONGEST: usize = 1024 * 1024;

const READ: &str = include_str!("python_string/read.py");

/// What `read.py` prints.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Functions(Vec<Function>),
    Refused(String),
}

#[async_trait]
impl FunctionReader for McpServers {
    async fn read(&self, code: &str) -> Reading {
        if code.len() > LONGEST {
            return Reading::Unknown;
        }
        // Without Python, or when it is too slow, the server itself will say what is wrong.
        let Ok(child) = self.start_reader() else {
            return Reading::Unknown;
        };
        match timeout(WITHIN, answer(child, code)).await {
            Ok(Some(Answer::Functions(functions))) => Reading::Functions(functions),
            Ok(Some(Answer::Refused(message))) => Reading::Refused(message),
            Ok(None) | Err(_) => Reading::Unknown,
        }
    }
}

impl McpServers {
    fn start_reader(&self) -> std::io::Result<Child> {
        let settings = &self.0.shared.settings;
        let env = settings.base_env.iter();
        Command::new(&settings.python)
            .args(["-I", "-S", "-c", READ])
            .env_clear()
            .envs(env.map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
    }
}

/// What it prints once it has read the code.
async fn answer(mut child: Child, code: &str) -> Option<Answer> {
    let mut input = child.stdin.take()?;
    input.write_all(code.as_bytes()).await.ok()?;
    drop(input);
    let output = child.wait_with_output().await.ok()?;
    serde_json::from_slice(&output.stdout).ok()
}
