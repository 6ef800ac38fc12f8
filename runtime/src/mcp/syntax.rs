//! Asks Python whether it takes the code of functions. It reads the code and runs none of it.

use std::{process::Stdio, time::Duration};

use api::functions::FunctionReader;
use async_trait::async_trait;
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

const READ: &str = "\
import ast, sys
try:
    ast.parse(sys.stdin.buffer.read())
except SyntaxError as error:
    print(f'line {error.lineno}: {error.msg}')
except ValueError as error:
    print(f'line 1: {error}')
";

#[async_trait]
impl FunctionReader for McpServers {
    async fn refusal(&self, code: &str) -> Option<String> {
        if code.len() > LONGEST {
            return None;
        }
        // Without Python, or when it is too slow, the server itself will say what is wrong.
        let child = self.start_reader().ok()?;
        let said = timeout(WITHIN, answer(child, code)).await.ok()??;
        Some(said.trim().to_owned()).filter(|said| !said.is_empty())
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
async fn answer(mut child: Child, code: &str) -> Option<String> {
    let mut input = child.stdin.take()?;
    input.write_all(code.as_bytes()).await.ok()?;
    drop(input);
    let output = child.wait_with_output().await.ok()?;
    String::from_utf8(output.stdout).ok()
}
