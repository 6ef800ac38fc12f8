//! The process of `LiteLLM`: how it is started, heard and ended.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use api::plan::{LiteLlmPlan, ResourceId, Secret};
use futures::{
    FutureExt,
    future::{BoxFuture, Fuse, FusedFuture, join},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    process::{self, Command},
};

use super::super::LocalSettings;

/// The variable with the key that it wants to be asked with.
pub(super) const MASTER_KEY: &str = "LITELLM_MASTER_KEY";
/// The longest line of its output kept in one piece.
const MAX_LINE: u64 = 4096;
/// Lines that are told of one that has ended.
const LAST_LINES: usize = 3;
/// How long to wait for its last words.
const LISTEN: Duration = Duration::from_millis(500);

/// A running process. Dropping it ends it and all that it started.
pub(super) struct Child {
    process: process::Child,
    /// The process group it leads.
    group: Option<u32>,
    words: Words,
    /// Reads its output to the end, while somebody waits for it.
    listening: Fuse<BoxFuture<'static, ()>>,
    _folder: Folder,
}

/// The last it said; it often says why it ended.
#[derive(Clone)]
struct Words {
    lines: Arc<Mutex<Vec<String>>>,
    /// What it was given and must not repeat in a status or a log.
    secrets: Arc<[Secret]>,
}

/// A folder that is there as long as this lives.
struct Folder(PathBuf);

/// How it is asked, and what it must not repeat.
pub(super) struct Terms {
    pub(super) port: u16,
    pub(super) key: Secret,
    pub(super) secrets: Vec<Secret>,
}

impl Child {
    /// Starts it. Until it answers, somebody has to wait for its end, who hears what it says.
    pub(super) fn start(
        id: &ResourceId,
        plan: &LiteLlmPlan,
        settings: &LocalSettings,
        terms: Terms,
    ) -> Result<Self, String> {
        let Terms {
            port,
            key,
            mut secrets,
        } = terms;
        let folder = Folder::make(&settings.folder, id)
            .map_err(|error| format!("LiteLLM has no place for its configuration: {error}"))?;
        let config = folder.0.join("config.yaml");
        fs::write(&config, plan.config.expose())
            .map_err(|error| format!("LiteLLM's configuration cannot be written: {error}"))?;
        let mut command = Command::new(&settings.litellm);
        command
            .arg("--config")
            .arg(&config)
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .current_dir(&folder.0)
            .env_clear()
            .envs(settings.base_env.iter().map(|(name, value)| (name, value)))
            .env("PYTHONUNBUFFERED", "1")
            // What models cost comes with it; it need not ask for news before it starts.
            .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
            .env(MASTER_KEY, key.expose())
            .envs(plan.env.iter().map(|(name, value)| (name, value.expose())))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut process = command
            .spawn()
            .map_err(|error| not_started(&settings.litellm, &error))?;
        secrets.extend(plan.env.iter().map(|(_, value)| value.clone()));
        secrets.push(key);
        let words = Words {
            lines: Arc::default(),
            secrets: secrets.into(),
        };
        let (Some(stdout), Some(stderr)) = (process.stdout.take(), process.stderr.take()) else {
            unreachable!("both were asked for");
        };
        let both = join(
            words.clone().listen(id.clone(), stdout),
            words.clone().listen(id.clone(), stderr),
        );
        Ok(Self {
            group: process.id(),
            process,
            words,
            listening: both.map(drop).boxed().fuse(),
            _folder: folder,
        })
    }

    /// Waits until it ends by itself, and says how.
    pub(super) async fn ended(&mut self) -> String {
        let ended = loop {
            tokio::select! {
                ended = self.process.wait() => break ended,
                () = &mut self.listening, if !self.listening.is_terminated() => {}
            }
        };
        let how = match ended {
            Ok(status) => format!("LiteLLM ended with {status}"),
            Err(error) => format!("LiteLLM was lost: {error}"),
        };
        // What it said last may not have been read yet; what it started may keep the pipe open.
        if !self.listening.is_terminated() {
            tokio::time::timeout(LISTEN, &mut self.listening).await.ok();
        }
        let lines = self
            .words
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if lines.is_empty() {
            how
        } else {
            format!("{how}; it last said: {}", lines.join(" / "))
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        kill_group(self.group);
    }
}

impl Words {
    /// Logs what it says, and keeps the last of it.
    async fn listen(self, id: ResourceId, output: impl AsyncRead + Unpin) {
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        loop {
            line.clear();
            let mut bounded = (&mut reader).take(MAX_LINE);
            match bounded.read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&line);
            let hide = |text: String, secret: &Secret| secret.hide_in(&text);
            let text = self.secrets.iter().fold(text.trim_end().to_owned(), hide);
            if text.is_empty() {
                continue;
            }
            tracing::debug!(modelapi = %id, "{text}");
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() == LAST_LINES {
                lines.remove(0);
            }
            lines.push(text);
        }
    }
}

impl Folder {
    /// An empty folder that only we may read.
    fn make(within: &Path, id: &ResourceId) -> io::Result<Self> {
        let path = within.join(format!("{}.{}", id.namespace, id.name));
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays is removed at the next start.
        fs::remove_dir_all(&self.0).ok();
    }
}

fn not_started(program: &Path, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        "LiteLLM is not installed; install it with `pip install 'litellm[proxy]'` and make sure that \
         `litellm` is on the PATH, or say with --litellm where it is; or use provider, apiBase, apiKey \
         and models instead of configYaml"
            .to_owned()
    } else {
        format!("failed to start {}: {error}", program.display())
    }
}

/// Kills the process group, down to what nobody waits for any more.
#[cfg(unix)]
fn kill_group(leader: Option<u32>) {
    use rustix::process::{Pid, Signal, kill_process_group};

    let leader = leader.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    if let Some(leader) = leader {
        // An empty group is what one hopes for.
        kill_process_group(leader, Signal::KILL).ok();
    }
}

#[cfg(not(unix))]
fn kill_group(_leader: Option<u32>) {}
