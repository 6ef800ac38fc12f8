//! The tests with real clients, of `OpenAI`'s API, MCP and OpenTelemetry: against the real program, which asks the scripted model.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use anyhow::{Context, Result, bail};

use crate::{console::say, workspace::Workspace};

/// The scripted model and a KAOS with the agents of these tests; both end when this is dropped.
pub(crate) struct Servers {
    model: Server,
    kaos: Server,
}

impl Servers {
    /// Starts both, with an empty data directory.
    pub(crate) fn start(workspace: &Workspace, kaos: &Path, model: &Path) -> Result<Self> {
        let folder = workspace.target.join("clients");
        if folder.exists() {
            fs::remove_dir_all(&folder).context("failed to remove the data of the last run")?;
        }
        fs::create_dir_all(&folder).context("failed to make a folder for data")?;
        let model = Server::start(&mut Command::new(model))?;
        let agents = agents(workspace, &folder, &model.url)?;
        let mut serve = Command::new(kaos);
        serve.args(["serve", "--addr", "127.0.0.1:0", "--data-dir"]);
        serve.arg(folder.join("data")).arg("--apply").arg(agents);
        for (name, _) in env::vars_os() {
            // What the person who tests has set for other runs.
            let text = name.to_string_lossy();
            if ["KAOS_", "OTEL_", "LOG_"]
                .iter()
                .any(|prefix| text.starts_with(prefix))
            {
                serve.env_remove(&name);
            }
        }
        let kaos = Server::start(&mut serve)?;
        say(&format!("KAOS for the clients is at {}", kaos.url));
        Ok(Self { model, kaos })
    }

    /// Tells a test program where they are.
    pub(crate) fn tell(&self, command: &mut Command) {
        command
            .env("KAOS_URL", &self.kaos.url)
            .env("MODEL_URL", &self.model.url);
    }
}

/// The agents' YAML, with the model's address in it.
fn agents(workspace: &Workspace, folder: &Path, model: &str) -> Result<PathBuf> {
    let yaml = fs::read_to_string(workspace.end2end().join("clients/agents.yaml"))
        .context("failed to read the agents")?;
    let filled = folder.join("agents.yaml");
    let text = yaml.replace("apiBase: MODEL", &format!("apiBase: {model}"));
    fs::write(&filled, text).context("failed to write the agents")?;
    Ok(filled)
}

/// A program that prints its address when it is ready.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(command: &mut Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("failed to start {program}"))?;
        let stdout = child.stdout.take().context("there is no output to read")?;
        let mut lines = BufReader::new(stdout).lines();
        let url = lines.by_ref().find_map(|line| {
            let line = line.ok()?;
            let at = line.find(" at http://")?;
            Some(line[at + " at ".len()..].to_owned())
        });
        let Some(url) = url else {
            bail!("{program} ended before it said where it is");
        };
        // What it says from now on must not fill the pipe.
        thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, url })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
