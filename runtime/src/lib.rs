//! Running agents: the turn, models, tools, delegation, memory, telemetry and their HTTP endpoints.

pub mod agent;
pub mod body;
mod catalog;
pub mod endpoints;
pub mod gateway;
pub mod mcp;
pub mod memory;
mod model;
pub mod runs;
pub mod telemetry;
pub mod transport;
mod turn;
