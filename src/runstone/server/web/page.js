// The page: sessions live, the Map around them, and the approve button. Speaks only the public API.
import { byId, call, el, events, say } from "./common.js";
import { leaveCatalogue, showCatalogue } from "./catalogue.js";

let current = "";
let following = null;
let map = { resources: [], relations: [], slxs: [] };

const named = (ref) => (ref ? `${ref.kind} ${ref.name}${ref.namespace ? ` in ${ref.namespace}` : ""}` : "");

async function drawList() {
  const sessions = await call("/api/v1/sessions");
  const rows = sessions.map((session) =>
    el("li", {}, el("a", { href: `#session=${session.id}` }, session.trigger.text || session.id), " ",
      el("span", { class: `state ${session.state}` }, session.resolved ? "resolved" : session.state)));
  byId("list").querySelector("ul").replaceChildren(
    ...(rows.length ? rows : [el("li", { class: "quiet" }, "No session yet: ask a question above, or send an alert to /hooks/alertmanager.")]));
}

async function drawSession() {
  const open = new Set([...document.querySelectorAll("#session details[open]")].map((d) => d.dataset.key));
  const [report, line] = await Promise.all([
    call(`/api/v1/sessions/${current}`), call(`/api/v1/sessions/${current}/timeline`)]);
  byId("session").replaceChildren(
    drawHead(report, line.session), ...drawCauses(report), ...drawProposals(report), drawTimeline(line, open),
    drawRemarks("Ruled out", report.ruled_out, open), drawRemarks("Could not check", report.could_not_check, open));
  drawMap(new Set(report.causes.slice(0, 1).map((cause) => key(cause.resource))));
}

function drawHead(report, session) {
  return el("div", { class: "card" }, el("h1", {}, session.trigger.text), el("p", { class: "quiet" },
    el("span", { class: `state ${report.state}` }, report.resolved ? "resolved" : report.state), " ", report.reason),
    el("p", { class: "quiet" }, `${report.tasks_run} Tasks run, ${report.writes} changes made, ${report.elapsed_s} s`));
}

function drawCauses(report) {
  return report.causes.map((cause, rank) => el("div", { class: `card cause${report.resolved ? " healed" : ""}` },
    el("h2", {}, rank === 0 ? "Root cause: " : "Also: ", named(cause.resource)),
    el("p", {}, cause.reason),
    el("p", { class: "quiet" }, `${cause.grade}, confidence ${cause.confidence}, ${cause.code}`),
    ...cause.evidence.map((one) => el("pre", { title: one.task }, one.line))));
}

function drawProposals(report) {
  return report.proposals.map((proposal) => {
    const open = proposal.state === "open";
    const decide = (verb, body) => async (event) => {
      event.target.disabled = true;
      try {
        await call(`/api/v1/sessions/${current}/proposals/${proposal.id}/${verb}`, { method: "POST", body: JSON.stringify(body) });
        follow(current);
      } catch (error) { say(error.message); }
    };
    return el("div", { class: "card" }, el("h2", {}, "Proposed fix: ", proposal.task),
      el("p", { class: "quiet" }, `Changes ${named(proposal.target)}. Nothing is done before you approve. `,
        open ? `Open until ${proposal.expires}.` : `It is ${proposal.state}.`),
      el("pre", {}, Object.entries(proposal.parameters).map(([name, value]) => `${name} = ${value}`).join("\n")),
      open ? el("div", { class: "actions" },
        el("button", { onclick: decide("approve", { digest: proposal.digest }) }, "Approve and run"),
        el("button", { class: "plain", onclick: decide("reject", {}) }, "Reject")) : null);
  });
}

function drawTimeline(line, open) {
  const rows = line.requests.flatMap((request) => request.tasks.map((task) => drawTask(request, task, open)));
  return el("div", { class: "card" }, el("h2", {}, "Timeline"),
    ...(rows.length ? rows : [el("p", { class: "quiet" }, "No Task has been chosen yet.")]));
}

function drawTask(request, task, open) {
  const run = task.run;
  const state = run?.state ?? (["cancelled", "failed"].includes(request.state) ? request.state : "waiting");
  const id = `${request.id} ${task.title}`;
  const score = Object.entries(task.score.parts).map(([name, value]) => `${name} ${value}`).join(", ");
  return el("details", { "data-key": id, open: open.has(id) },
    el("summary", {}, el("span", { class: `state ${state}` }, state), " ", task.resolved_title),
    el("p", { class: "quiet" }, `Chosen because ${task.score.why} (score ${task.score.total}${score ? `: ${score}` : ""}).`),
    ...(run?.issues ?? []).map((issue) => el("p", { class: `sev${issue.severity}` }, `Severity ${issue.severity}: ${issue.title}. ${issue.actual}`)),
    run?.message ? el("p", { class: "quiet" }, run.message) : null,
    run?.output ? el("pre", {}, run.output) : null);
}

function drawRemarks(title, remarks, open) {
  if (!remarks.length) return "";
  return el("div", { class: "card" }, el("details", { "data-key": title, open: open.has(title) },
    el("summary", {}, `${title} (${remarks.length})`),
    el("table", {}, ...remarks.map((remark) => el("tr", {}, el("td", {}, named(remark.resource)), el("td", {}, remark.what), el("td", {}, remark.why))))));
}

const key = (ref) => `${ref.kind}/${ref.namespace ?? ""}/${ref.name}`;
const SHOWN = ["Ingress", "Service", "Deployment", "StatefulSet", "DaemonSet", "CronJob", "PersistentVolumeClaim", "Secret", "ConfigMap", "NetworkPolicy"];

// Columns by distance from an entry point (an Ingress, or what nothing calls); one row per resource.
function drawMap(roots = new Set()) {
  const wanted = new Set(map.resources.filter((r) => r.health === "ill").map((r) => key(r.ref)));
  const nodes = new Map(map.resources.filter((r) => SHOWN.includes(r.ref.kind)).map((r) => [key(r.ref), r]));
  const edges = map.relations.filter((r) => ["routes-to", "selects", "calls", "mounts", "references"].includes(r.type))
    .map((r) => [key(r.source), key(r.target)]).filter(([a, b]) => nodes.has(a) && nodes.has(b));
  const used = new Set(edges.flat().concat([...wanted].filter((k) => nodes.has(k))));
  const column = layer([...used], edges);
  const rows = [];
  const place = new Map();
  for (const id of used) {
    const x = column.get(id);
    rows[x] = (rows[x] ?? 0) + 1;
    place.set(id, [20 + x * 190, 20 + (rows[x] - 1) * 46]);
  }
  const width = 20 + rows.length * 190, height = 30 + Math.max(1, ...rows.map((n) => n ?? 0)) * 46;
  const drawing = el("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Map of resources and relations" },
    ...edges.map(([a, b]) => {
      const [ax, ay] = place.get(a), [bx, by] = place.get(b);
      return el("path", { d: `M${ax + 165},${ay + 17} C${ax + 180},${ay + 17} ${bx - 15},${by + 17} ${bx},${by + 17}` });
    }),
    ...[...place].map(([id, [x, y]]) => {
      const resource = nodes.get(id);
      const state = roots.has(id) ? "root" : resource.health;
      return el("g", {}, el("title", {}, `${named(resource.ref)}: ${resource.summary}`),
        el("rect", { x, y, width: 165, height: 34, rx: 6, class: state }),
        el("text", { x: x + 8, y: y + 14 }, resource.ref.name.slice(0, 23)),
        el("text", { x: x + 8, y: y + 27, class: "kind" }, `${resource.ref.kind} ${resource.summary}`.slice(0, 30)));
    }));
  byId("map-drawing").replaceChildren(used.size ? drawing : "");
  byId("map-summary").textContent = map.resources.length
    ? `${map.resources.length} resources, ${map.relations.length} relations, ${map.slxs.length} SLXs, ${wanted.size} look ill`
    : "Nothing discovered yet.";
}

function layer(ids, edges) {
  const column = new Map(ids.map((id) => [id, 0]));
  for (let round = 0; round < 6; round += 1) {
    for (const [a, b] of edges) {
      if (column.get(b) < column.get(a) + 1) column.set(b, Math.min(5, column.get(a) + 1));
    }
  }
  return column;
}

async function follow(session) {
  following?.abort();
  current = session;
  following = new AbortController();
  const signal = following.signal;
  await drawSession();
  let last = 0;
  while (!signal.aborted) {
    try {
      await events(`/api/v1/sessions/${session}/events?after=${last}`, signal, (lines) => {
        const ids = lines.filter((text) => text.startsWith("id: "));
        if (ids.length) {
          last = Number(ids.at(-1).slice(4));
          scheduleDraw();
        }
      });
    } catch (error) {
      if (signal.aborted) return;
    }
    await new Promise((again) => setTimeout(again, 1000));
  }
}

let drawing = null;
function scheduleDraw() {
  drawing ??= setTimeout(async () => {
    drawing = null;
    await Promise.all([drawSession(), drawList()]).catch((error) => say(error.message));
  }, 200);
}

byId("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const text = byId("question").value;
    const opened = await call("/api/v1/sessions", { method: "POST", body: JSON.stringify({ text }) });
    location.hash = `session=${opened.session}`;
  } catch (error) { say(error.message); }
});

function route() {
  say("");
  const wanted = new URLSearchParams(location.hash.slice(1));
  const catalogue = ["catalogue", "collection", "bundle"].some((view) => wanted.has(view));
  for (const id of ["session", "list", "map"]) byId(id).hidden = catalogue;
  byId("catalogue").hidden = !catalogue;
  if (catalogue) showCatalogue(wanted).catch((error) => say(error.message));
  else leaveCatalogue();
  const session = wanted.get("session");
  if (session && session !== current) follow(session).catch((error) => say(error.message));
}

addEventListener("hashchange", route);
async function readMap() {
  map = await call("/api/v1/map");
  if (!current) drawMap();
}
Promise.all([readMap(), drawList()]).then(route).catch((error) => say(error.message));
setInterval(() => Promise.all([readMap(), drawList()]).catch((error) => say(error.message)), 5000);
