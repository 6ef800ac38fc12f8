//! `kaos serve`: everything in one process, wired together here and nowhere else.

mod stores;

use std::{
    env,
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use api::clock::{Clock, SystemClock};
use axum::Router;
use kube::Client;
use runtime::{
    agent::{AgentContext, Agents},
    gateway::{Gateway, GatewayContext, LocalSettings, PROVIDERS},
    mcp::{Containment, McpServers, McpSettings},
    telemetry::{CaptureContent, LogLayer, Pipeline, Service},
    transport::{self, Transport},
};
use tokio::net::TcpListener;
use traces::{JaegerSettings, NotebookFile};

use self::stores::{Stores, open_stores, telemetry_reader, telemetry_routes, trace_reader};
use crate::{
    alerts, apply,
    config::{self, OtelConfig, ServeConfig, Switch},
    data_dir::DataDir,
    demo::{self, DemoModel},
    embedded::Embedded,
    lifecycle::{Lifecycle, Stage},
    output, prices, settle,
    surface::{self, Guard, Parts, Readiness, live},
    telemetry::{start_logging, start_pipeline},
};

/// Serves until a signal comes or a part that is needed fails.
pub(crate) async fn serve(config: ServeConfig) -> anyhow::Result<()> {
    let ServeConfig {
        addr,
        otlp_addr,
        data_dir,
        apply,
        demo,
        models,
        telemetry_store,
        jaeger,
        logging,
    } = config;
    let (output, _written_to_the_end) = output::start();
    let logs = start_logging(&logging, output)?;
    let jaeger = jaeger.settings()?;
    let otel = config::otel()?;
    require_loopback(addr)?;
    otlp_addr.map_or(Ok(()), require_loopback)?;
    // The process-wide default; a second call would only say that it is set.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();

    let lifecycle = Lifecycle::default();
    lifecycle.stop_on_signal();
    let data_dir = DataDir::open(&data_dir.map_or_else(config::default_data_dir, Ok)?)?;
    let listener = bind(addr, "--addr").await?;
    let otlp_listener = match otlp_addr {
        Some(addr) => Some(bind(addr, "--otlp-addr").await?),
        None => None,
    };
    let wanted = Wanted {
        apply,
        demo,
        models: models.settings(data_dir.join("models"))?,
        telemetry_store,
        otel,
        jaeger,
        logs,
    };
    let started = tokio::select! {
        started = start(&lifecycle, &data_dir, listener, otlp_listener, wanted) => started,
        () = lifecycle.stopping() => Ok(()),
    };
    if started.is_ok() {
        lifecycle.stopping().await;
    }
    let ended = lifecycle.end().await;
    started.and(ended)
}

/// What the user wants to be there.
struct Wanted {
    apply: Vec<PathBuf>,
    demo: bool,
    /// What answers for model APIs on this machine.
    models: LocalSettings,
    telemetry_store: Switch,
    otel: OtelConfig,
    /// Where the dashboard reads traces, if not from the built-in store.
    jaeger: Option<JaegerSettings>,
    /// Keeps the program's own logs, once it is told where.
    logs: LogLayer,
}

/// What brings files into the built-in store and out of it; nothing where a Jaeger is read instead.
fn own_files(wanted: &Wanted, stores: &Stores) -> Option<Router> {
    let is_own = wanted.jaeger.is_none();
    is_own.then(|| traces::transfer(stores.telemetry.clone()))
}

/// Where resources answer, and what answers for them on this machine.
struct Place {
    base_url: String,
    models: LocalSettings,
}

async fn start(
    lifecycle: &Lifecycle,
    data_dir: &DataDir,
    listener: TcpListener,
    otlp_listener: Option<TcpListener>,
    wanted: Wanted,
) -> anyhow::Result<()> {
    let addr = listener
        .local_addr()
        .context("the listener has no address")?;
    let base_url = format!("http://{addr}");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let stores = open_stores(lifecycle, data_dir, &clock)?;
    let client = stores.resources.client("default");
    let model = wanted
        .demo
        .then(|| DemoModel::choose(config::provider_key()));
    let notice = model.as_ref().and_then(DemoModel::notice);

    let emitting = start_telemetry(lifecycle, &stores, &wanted)?;
    let pipeline = emitting.pipeline.clone();
    let place = Place {
        base_url: base_url.clone(),
        models: wanted.models.clone(),
    };
    let embedded = start_runtime(lifecycle, &stores, &clock, place, emitting)?;
    prices::follow(lifecycle, &client, embedded.gateway.clone());
    let runtime_routes = embedded.endpoints().router();
    let telemetry = telemetry_reader(wanted.telemetry_store, &stores);
    let alerts = alerts::start(
        lifecycle,
        (data_dir.join("alerts.json"), base_url.clone()),
        telemetry.clone(),
        &clock,
    )?;
    let dashboard = app::router(app::Ports {
        kube: client.clone(),
        traces: trace_reader(wanted.jaeger.clone(), &stores, &clock)?,
        logs: Arc::new(stores.telemetry.clone()),
        telemetry,
        alerts: Arc::new(alerts.clone()),
        agents: runtime_routes.clone(),
        notebook: Arc::new(NotebookFile::open(data_dir.join("notebook.json"))?),
        files: own_files(&wanted, &stores),
        functions: Arc::new(embedded.mcp.clone()),
        clock: Arc::clone(&clock),
        providers: PROVIDERS.iter().map(|provider| provider.name).collect(),
        prices: runtime::gateway::built_in_prices(),
        assets: surface::asset_urls(),
        notice,
    });
    let readiness = Readiness::default();
    let parts = Parts {
        dashboard,
        runtime: runtime_routes,
        kube: stores.resources.router(),
        telemetry: telemetry_routes(&stores.telemetry).merge(traces::alerts(alerts)),
        jaeger: traces::jaeger(stores.telemetry.clone()),
        live: live::start(&client, embedded.agents.runs().clone(), lifecycle),
        pipeline,
    };
    let router = surface::router(parts, Guard::new(addr), readiness.clone());
    listen(lifecycle, "the server", listener, router);
    if let Some(listener) = otlp_listener {
        let grpc = surface::guarded(
            traces::otlp_grpc(stores.telemetry.clone()).into_axum_router(),
            Guard::new(listener.local_addr()?),
        );
        listen(lifecycle, "the OTLP server", listener, grpc);
    }
    let were_ready = settle::were_ready(&client).await?;
    let kept = stores.memory.keep(&were_ready.known_agents).await;
    kept.context("failed to forget agents that are gone")?;
    start_operator(lifecycle, &client, embedded.clone(), clock);

    if let Some(model) = model {
        demo::apply(&client, model)
            .await
            .context("failed to apply the demo")?;
    }
    apply::apply_paths(&client, &wanted.apply).await?;
    settle::settled(&embedded, &were_ready).await;
    readiness.set();
    announce(&base_url);
    Ok(())
}

/// The way telemetry leaves.
struct Emitting {
    pipeline: Pipeline,
    /// The program itself, as one of the services.
    own: Service,
}

fn start_telemetry(
    lifecycle: &Lifecycle,
    stores: &Stores,
    wanted: &Wanted,
) -> anyhow::Result<Emitting> {
    let captures = config::captures_content().unwrap_or(wanted.demo);
    let capture_content = if captures {
        CaptureContent::On
    } else {
        CaptureContent::Off
    };
    let store = match wanted.telemetry_store {
        Switch::On => Some(stores.telemetry.clone()),
        Switch::Off => None,
    };
    let otel = wanted.otel.clone();
    let name = otel
        .service_name
        .clone()
        .unwrap_or_else(|| "kaos".to_owned());
    let pipeline = start_pipeline(otel, store, capture_content, &lifecycle.work)
        .context("failed to start telemetry")?;
    let own = pipeline.own_service(&name, "kaos-system");
    wanted.logs.set_process_service(own.clone());
    Ok(Emitting { pipeline, own })
}

fn start_runtime(
    lifecycle: &Lifecycle,
    stores: &Stores,
    clock: &Arc<dyn Clock>,
    place: Place,
    emitting: Emitting,
) -> anyhow::Result<Embedded> {
    let Place { base_url, models } = place;
    let Emitting { pipeline, own } = emitting;
    let Stage { tracker, shutdown } = &lifecycle.work;
    let http = transport::client().context("failed to start HTTP")?;
    let transport = Transport::new(http.clone());
    let mcp = McpServers::new(
        mcp_settings(
            McpSettings::new(http.clone()),
            &stores.folder,
            pipeline.clone(),
        )?,
        tracker.clone(),
        shutdown.clone(),
    );
    let agents = Agents::new(AgentContext {
        base_url: base_url.clone(),
        transport: transport.clone(),
        mcp: mcp.clone(),
        memory: stores.memory.clone(),
        pipeline: pipeline.clone(),
        clock: Arc::clone(clock),
        tracker: tracker.clone(),
        shutdown: shutdown.clone(),
    });
    let gateway = Gateway::new(GatewayContext {
        client: http,
        clock: Arc::clone(clock),
        service: own,
        pipeline,
        accounts: stores.accounts.clone(),
        local: models,
        tracker: tracker.clone(),
        shutdown: shutdown.clone(),
    });
    let embedded = Embedded {
        base_url: base_url.clone(),
        agents,
        gateway,
        mcp,
    };
    transport
        .serve_locally(&base_url, embedded.endpoints())
        .context("failed to reach our own agents")?;
    Ok(embedded)
}

/// How local tools run: with little environment, and without a look at `folder`.
fn mcp_settings(
    usual: McpSettings,
    folder: &Path,
    pipeline: Pipeline,
) -> anyhow::Result<McpSettings> {
    let containment = if cfg!(target_os = "linux") {
        Some(Containment {
            program: env::current_exe().context("failed to find our own program")?,
            hidden: folder.to_owned(),
        })
    } else {
        tracing::warn!("local MCP servers run without bounds: those need Linux");
        None
    };
    Ok(McpSettings {
        base_env: config::child_environment(),
        containment,
        pipeline: Some(pipeline),
        ..usual
    })
}

/// `/agents`, `/modelapis`, `/mcpservers` and `/api/runs`, for the port and for requests inside the
/// process.
fn start_operator(
    lifecycle: &Lifecycle,
    client: &Client,
    embedded: Embedded,
    clock: Arc<dyn Clock>,
) {
    let (client, tracker) = (client.clone(), lifecycle.work.tracker.clone());
    let shutdown = lifecycle.work.shutdown.clone();
    lifecycle.spawn_essential("the operator", async move {
        operator::run(client, Arc::new(embedded), clock, &tracker, shutdown).await?;
        Ok(())
    });
}

fn listen(lifecycle: &Lifecycle, name: &'static str, listener: TcpListener, router: Router) {
    let shutdown = lifecycle.work.shutdown.clone();
    lifecycle.spawn_essential(name, async move {
        axum::serve(listener, router)
            .with_graceful_shutdown(shutdown.cancelled_owned())
            .await
            .context("failed to serve")
    });
}

async fn bind(addr: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(addr).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == ErrorKind::AddrInUse => bail!(
            "another program listens on {addr}; stop it, or choose another address with {flag}"
        ),
        Err(error) => Err(error).with_context(|| format!("failed to listen on {addr}")),
    }
}

/// There is no sign-in yet, and whoever reaches the port can run code.
fn require_loopback(addr: SocketAddr) -> anyhow::Result<()> {
    if addr.ip().is_loopback() {
        return Ok(());
    }
    bail!(
        "{addr} can be reached from other machines, and kaos has no sign-in yet; use an address \
         of this machine such as 127.0.0.1:{}",
        addr.port()
    )
}

/// The line that people look for and programs wait for.
#[expect(clippy::print_stdout, reason = "the address is the command's result")]
fn announce(base_url: &str) {
    println!("KAOS is ready at {base_url}");
}
