// The catalogue: register collections, watch builds stage by stage, go back a version, read bundles and their Tasks.
import { byId, call, el, events, say } from "./common.js";

const API = "/api/v1/catalog";
let watching = null;

export function leaveCatalogue() {
  watching?.abort();
  watching = null;
}

export async function showCatalogue(wanted) {
  leaveCatalogue();
  if (wanted.has("bundle")) return showBundle(wanted.get("bundle"), wanted.get("of"), wanted.get("at") ?? "");
  if (wanted.has("collection")) return showCollection(wanted.get("collection"));
  return showCollections();
}

const draw = (...children) => byId("catalogue").replaceChildren(...children);
const short = (commit) => commit.slice(0, 12);
const when = (moment) => (moment ? new Date(moment).toLocaleString() : "");
const link = (text, parameters) => el("a", { href: `#${new URLSearchParams(parameters)}` }, text);
const pill = (state) => el("span", { class: `state ${state}` }, state);
const quiet = (...words) => el("p", { class: "quiet" }, ...words);

// A button that does something and then draws anew; what goes wrong is said.
function button(text, work, attributes = {}) {
  return el("button", { type: "button", ...attributes, onclick: async (event) => {
    event.target.disabled = true;
    say("");
    try { await work(); } catch (error) { say(error.message); }
    event.target.disabled = false;
  } }, text);
}

async function showCollections() {
  const collections = await call(`${API}/collections`);
  draw(el("div", { class: "card" }, el("h2", {}, "CodeCollections"),
    collections.length ? listed(["collection", "from", "served", "last build"], collections.map(summary))
      : quiet("None is registered yet. Give the address of a git repository below.")),
  registration());
}

function summary(one) {
  const last = one.last_build;
  const state = last ? [pill(last.state), ` ${last.problem}`] : [pill("waiting")];
  return [link(one.name, { collection: one.name }), `${one.url}${one.ref ? ` @ ${one.ref}` : ""}`,
    one.current ? short(one.current) : "nothing yet", el("span", {}, ...state, one.problem ? ` ${one.problem}` : "")];
}

function registration() {
  const form = el("form", { class: "register", autocomplete: "off" },
    field("url", "Address", { required: true, placeholder: "https://git.example.com/team/tasks.git", maxlength: 2000 }),
    field("ref", "Branch or tag", { placeholder: "the default branch", maxlength: 250 }),
    field("path", "Folder", { placeholder: "the root", maxlength: 500 }),
    field("name", "Name", { placeholder: "from the address", maxlength: 63 }),
    field("poll_s", "Look every … seconds", { type: "number", min: 0, placeholder: "never: by webhook" }),
    el("button", {}, "Register and build"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say("");
    const said = Object.fromEntries([...new FormData(form)].filter(([, value]) => value));
    if (said.poll_s) said.poll_s = Number(said.poll_s);
    try {
      const added = await call(`${API}/collections`, { method: "POST", body: JSON.stringify(said) });
      location.hash = new URLSearchParams({ collection: added.name });
    } catch (error) { say(error.message); }
  });
  return el("div", { class: "card" }, el("h2", {}, "Register a collection"), form,
    quiet("A private repository needs git's own credential helper on this server, never a password in the address."));
}

function field(name, text, attributes) {
  return el("label", {}, text, el("input", { name, ...attributes }));
}

async function showCollection(name) {
  const one = await call(`${API}/collections/${encodeURIComponent(name)}`);
  const served = one.current ? await call(`${API}/collections/${encodeURIComponent(name)}/page`) : null;
  const builds = el("div", { class: "card" }, el("h2", {}, "Builds"), ...one.builds.map((build, at) => drawBuild(build, at === 0)),
    one.builds.length ? null : quiet("The first build has not begun yet."));
  draw(el("div", { class: "card" }, el("h1", {}, one.name), quiet(one.url, one.ref ? ` @ ${one.ref}` : "", one.path ? `, ${one.path}` : ""),
    el("div", { class: "actions" },
      button("Build now", async () => {
        await call(`${API}/collections/${encodeURIComponent(name)}/builds`, { method: "POST" });
        await showCollection(name);
      }))),
  builds, ...(served ? [drawBundles(served)] : []), drawVersions(one));
  follow(name, one.builds[0]);
}

// Looks until a build runs, then listens to it; draws the page anew when it has ended.
async function follow(name, last) {
  leaveCatalogue();
  watching = new AbortController();
  const { signal } = watching;
  const place = `${API}/collections/${encodeURIComponent(name)}`;
  try {
    let number = last?.state === "running" ? last.number : 0;
    while (!number) {
      await new Promise((again) => setTimeout(again, 1000));
      if (signal.aborted) return;
      const found = (await call(place)).builds[0];
      if (found && found.number !== last?.number) number = found.number;
      if (number && found.state !== "running") return await showCollection(name);
    }
    await events(`${place}/builds/${number}/events`, signal, (lines) => {
      const told = lines.filter((line) => line.startsWith("data: ")).at(-1);
      if (told) showRunning(JSON.parse(told.slice(6)));
    });
    if (!signal.aborted) await showCollection(name);
  } catch (error) {
    if (!signal.aborted) say(error.message);
  }
}

function showRunning(build) {
  const drawn = document.querySelector(`#catalogue [data-build="${build.number}"]`);
  const fresh = drawBuild(build, true);
  if (drawn) drawn.replaceWith(fresh);
  else document.querySelector("#catalogue .card:nth-of-type(2) h2")?.after(fresh);
}

function drawBuild(build, open) {
  const rows = build.stages.map((stage) => [stage.name, pill(stage.state),
    stage.duration_s ? `${stage.duration_s.toFixed(2)} s` : "",
    stage.hits || stage.misses ? `${stage.misses} made, ${stage.hits} as before` : "",
    stage.lines.length ? el("details", {}, el("summary", {}, stage.lines.at(-1)), el("pre", {}, stage.lines.join("\n"))) : ""]);
  return el("details", { "data-build": build.number, open },
    el("summary", {}, pill(build.state), ` ${build.number} `, build.commit ? short(build.commit) : "", ` ${build.reason} `,
      el("span", { class: "quiet" }, when(build.started_at))),
    build.problem ? el("p", { class: "sev2" }, build.problem) : null,
    listed(["stage", "state", "took", "bundles", "log"], rows));
}

function drawVersions(one) {
  const rows = one.versions.map((version) => [String(version.number), short(version.commit), when(version.published_at),
    version.commit === one.current ? pill("served") : button("Serve this", async () => {
      await call(`${API}/collections/${encodeURIComponent(one.name)}/rollback`, { method: "POST", body: JSON.stringify({ commit: version.commit }) });
      await showCollection(one.name);
    }, { class: "plain" })]);
  return el("div", { class: "card" }, el("h2", {}, "Versions"),
    rows.length ? listed(["version", "commit", "published", ""], rows) : quiet("Nothing is published yet."));
}

function drawBundles(page) {
  const rows = page.bundles.map((one) => [
    el("span", {}, link(one.display_name || one.name, { bundle: one.name, of: page.name, at: page.commit }),
      one.held ? el("span", { class: "sev2" }, ` held back: ${one.held.reason}`) : ""),
    String(one.tasks), String(one.score),
    Object.entries(one.severities).filter(([, count]) => count).map(([name, count]) => `${count} ${name}`).join(", ") || "none"]);
  const missing = page.missing.map((one) => el("p", { class: "sev2" }, `${one.path} did not pass ${one.stage}: ${one.reason}`));
  return el("div", { class: "card" }, el("h2", {}, `${page.bundles.length} bundles at version ${page.number}`), ...missing,
    listed(["bundle", "Tasks", "score", "findings"], rows));
}

async function showBundle(name, collection, commit) {
  const at = commit ? `?${new URLSearchParams({ commit })}` : "";
  const page = await call(`${API}/collections/${encodeURIComponent(collection)}/bundles/${encodeURIComponent(name)}${at}`);
  draw(el("div", { class: "card" }, el("p", { class: "quiet" }, link(collection, { collection }), ` at ${short(page.card.commit)}`),
    el("h1", {}, page.card.display_name || page.card.name), el("p", {}, page.card.documentation),
    quiet([page.card.author && `by ${page.card.author}`, page.card.supports.join(", "), `score ${page.card.score}`].filter(Boolean).join(" · "))),
  el("div", { class: "card" }, el("h2", {}, "Tasks"), ...page.tasks.map(drawTask)),
  el("div", { class: "card" }, el("h2", {}, "Use it"), el("pre", {}, page.usage.run), el("pre", {}, page.usage.workspace)),
  drawFindings(page), ...drawReadme(page.readme));
}

function drawTask(task) {
  const document = task.document;
  const said = (title, statements) => (statements?.length ? el("p", {}, el("b", {}, `${title}: `), statements.map((one) => one.text ?? one).join("; ")) : null);
  return el("details", {}, el("summary", {}, pill(task.access), ` ${task.title} `, el("span", { class: "quiet" }, task.suite)),
    el("p", {}, task.documentation),
    ...(document ? [said("When", document.use_when), said("Not", document.not_when), said("Alerts", document.alerts),
      said("Needs", document.preconditions), said("Blast radius", [document.blast_radius]),
      said("Can find", document.issues.map((issue) => issue.title)),
      quiet(`${document.scenarios.length} scenarios`)] : []));
}

function drawFindings(page) {
  const rows = page.findings.map((one) => [el("span", { class: { error: "sev2", warning: "sev3" }[one.severity] ?? "quiet" }, one.severity),
    `${one.file}:${one.line}`, one.code, one.message]);
  return el("div", { class: "card" }, el("h2", {}, "Findings"),
    rows.length ? listed(["severity", "place", "rule", "what"], rows) : quiet("The linter finds nothing."),
    page.waived ? quiet(`${page.waived} more are waived.`) : null);
}

// The server made it safe; it is parsed apart, where nothing of it can run, before it is shown.
function drawReadme(html) {
  if (!html) return [];
  const parsed = new DOMParser().parseFromString(html, "text/html");
  return [el("div", { class: "card readme" }, ...parsed.body.childNodes)];
}

function listed(heads, rows) {
  return el("table", {}, el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", {}, head)))),
    el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((cell) => el("td", {}, cell))))));
}
