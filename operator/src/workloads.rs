//! The port through which plans become something that runs.
//!
//! Reconcilers do not know whether that is a task of this process, a child process or a Deployment.

use std::fmt;

use api::plan::{AgentPlan, McpServerPlan, ModelApiPlan, ResourceId};
use async_trait::async_trait;
use futures::stream::BoxStream;

/// Runs what plans describe.
///
/// The contract:
/// - **Applying is idempotent and cheap when nothing changed.** It is called after every event that
///   might matter, mostly with the plan already applied. An unchanged plan restarts nothing, not even
///   what has failed; when to try again is the implementation's own decision.
/// - **Applying returns soon** (well under a second) with what is known by then. What takes longer goes
///   on after [`State::Starting`] has been returned, and is announced by [`changes`](Self::changes).
/// - **A changed plan replaces the old one** without losing what an agent remembers and, where it can
///   be done, without cutting off the answers it is giving.
/// - **Stopping and removing are idempotent**, return as soon as applying does, and succeed for what
///   never ran.
/// - **Calls about one resource never overlap**; calls about different ones do.
/// - An error means that nothing is known about the outcome. An apply is then made again, later and
///   later; the remove of a deleted object is not, so it should not give up easily. What is known not
///   to work is no error but [`State::Failed`].
#[async_trait]
pub trait Workloads: Send + Sync {
    /// Runs an agent. An MCP server or a peer in the plan may not answer yet, or no longer.
    async fn apply_agent(&self, plan: AgentPlan) -> Result<Running, WorkloadError>;

    /// Runs a model API.
    async fn apply_model_api(&self, plan: ModelApiPlan) -> Result<Running, WorkloadError>;

    /// Runs an MCP server.
    async fn apply_mcp_server(&self, plan: McpServerPlan) -> Result<Running, WorkloadError>;

    /// Stops a resource that cannot run as it is, and forgets its plan. What an agent remembers stays.
    async fn stop(&self, kind: Kind, id: &ResourceId) -> Result<(), WorkloadError>;

    /// Stops a resource that was deleted, and forgets it: also what an agent remembers beside it.
    async fn remove(&self, kind: Kind, id: &ResourceId) -> Result<(), WorkloadError>;

    /// The base URL where a resource answers, whether or not it runs. The same for the life of the
    /// implementation.
    fn endpoint(&self, kind: Kind, id: &ResourceId) -> String;

    /// The names of the providers a model API may name without giving a base URL, in the order they
    /// are shown to users.
    fn known_providers(&self) -> &[&'static str];

    /// The resources whose [`Running`] would now be another one than was last returned, each
    /// announced at least once, from the moment of the call. Nothing else is announced: neither an
    /// apply whose result was returned nor a remove. Never ends; called once by
    /// [`run`](fn@crate::run).
    fn changes(&self) -> BoxStream<'static, (Kind, ResourceId)>;
}

/// What became of a plan so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// How far it has come.
    pub state: State,
    /// Base URL where it answers.
    pub endpoint: String,
    /// Names of the tools it offers, when it is an MCP server.
    pub tools: Vec<String>,
    /// What whoever made it should know, although it runs: sentences for people, without full stops.
    pub warnings: Vec<String>,
}

/// How far a workload has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It does not answer yet.
    Starting,
    /// It does not answer yet, and has come so far: a sentence for people, without its full stop.
    Progressing(String),
    /// It answers.
    Ready,
    /// It does not answer, for the reason given: a sentence for people, without its full stop.
    Failed(String),
    /// It answers those alone who show credentials, and ours are missing or wrong; the reason is given
    /// as for [`Failed`](Self::Failed).
    NeedsCredentials(String),
}

/// One of the three kinds of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An `Agent`.
    Agent,
    /// A `ModelAPI`.
    ModelApi,
    /// An `MCPServer`.
    McpServer,
}

impl Kind {
    /// Its name in Kubernetes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "Agent",
            Self::ModelApi => "ModelAPI",
            Self::McpServer => "MCPServer",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a workload could not be applied or removed this time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkloadError {
    /// The outcome of applying a plan is unknown.
    #[error("failed to run {kind} {id}: {reason}")]
    Apply {
        /// Kind of the resource.
        kind: Kind,
        /// Which one.
        id: ResourceId,
        /// What went wrong.
        reason: String,
    },
    /// The outcome of removing a resource is unknown.
    #[error("failed to stop {kind} {id}: {reason}")]
    Remove {
        /// Kind of the resource.
        kind: Kind,
        /// Which one.
        id: ResourceId,
        /// What went wrong.
        reason: String,
    },
}
