// Every page there is, for the tests that look at all of them.

import { NAMESPACE } from "./fixtures.ts";

// Who builds KAOS sees all components on a page of its own; a release has no such page.
const IS_DEBUG = !/[\\/]release[\\/]/.test(process.env.KAOS ?? "");
const AGENT = `/ns/${NAMESPACE}/agents/coordinator`;
const SERVER = `/ns/${NAMESPACE}/mcpservers/calculator`;
const API = `/ns/${NAMESPACE}/modelapis/llm-proxy`;

/** Name and path; the path of the trace is known only after a run. */
export function pages(traceId: string): Record<string, string> {
  return {
    overview: `/ns/${NAMESPACE}`,
    map: `/ns/${NAMESPACE}/map`,
    agents: `/ns/${NAMESPACE}/agents`,
    "agent-new": `/ns/${NAMESPACE}/agents/new`,
    agent: AGENT,
    "agent-edit": `${AGENT}/edit`,
    "agent-chat": `${AGENT}/chat`,
    "agent-runs": `${AGENT}/runs`,
    "agent-memory": `${AGENT}/memory`,
    "agent-tasks": `${AGENT}/tasks`,
    "agent-pods": `${AGENT}/pods`,
    "agent-events": `${AGENT}/events`,
    "agent-yaml": `${AGENT}/yaml`,
    "agent-delete": `${AGENT}/delete`,
    mcpservers: `/ns/${NAMESPACE}/mcpservers`,
    "mcpserver-new": `/ns/${NAMESPACE}/mcpservers/new`,
    mcpserver: SERVER,
    "mcpserver-tool": `${SERVER}/tools/add`,
    modelapis: `/ns/${NAMESPACE}/modelapis`,
    "modelapi-new": `/ns/${NAMESPACE}/modelapis/new`,
    modelapi: API,
    "modelapi-debug": `${API}/debug`,
    secrets: `/ns/${NAMESPACE}/secrets`,
    "secret-new": `/ns/${NAMESPACE}/secrets/new`,
    sessions: `/ns/${NAMESPACE}/sessions`,
    traces: `/ns/${NAMESPACE}/traces`,
    "traces-scatter": `/ns/${NAMESPACE}/traces?view=scatter`,
    "traces-misread": `/ns/${NAMESPACE}/traces?q=status:red`,
    "traces-import": `/ns/${NAMESPACE}/traces/import`,
    compare: `/traces/compare?a=${traceId}&b=${traceId}`,
    trace: `/traces/${traceId}`,
    logs: `/ns/${NAMESPACE}/logs`,
    exceptions: `/ns/${NAMESPACE}/exceptions`,
    metrics: `/ns/${NAMESPACE}/metrics`,
    alerts: `/ns/${NAMESPACE}/alerts`,
    "alert-new": "/alerts/new?measure=errorRate",
    alert: "/alerts/KaosRequestLatencyHigh",
    pods: `/ns/${NAMESPACE}/pods`,
    system: "/system",
    settings: "/settings",
    prices: "/settings/prices",
    access: "/access",
    ...(IS_DEBUG ? { design: "/design" } : {}),
    search: "/search?q=coord",
    namespaces: "/namespaces",
    "agents-empty": "/ns/default/agents",
    "overview-empty": "/ns/default",
    "map-empty": "/ns/default/map",
  };
}
