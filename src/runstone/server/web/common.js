// What every view needs: the token, the API, elements, and one line to say something in.
const token = readToken();
export const byId = (id) => document.getElementById(id);

// The token comes in the fragment, which is never sent to a server; it is kept for this tab only.
function readToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem("token", given);
    const rest = new URLSearchParams(location.hash.slice(1));
    rest.delete("token");
    history.replaceState(null, "", "#" + rest.toString());
  }
  return sessionStorage.getItem("token") ?? "";
}

export async function call(path, options = {}) {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const answer = await fetch(path, { ...options, headers });
  if (!answer.ok) {
    const said = await answer.json().catch(() => ({ message: answer.statusText }));
    throw new Error(said.message ?? JSON.stringify(said.detail));
  }
  return answer.status === 204 ? null : answer.json();
}

// Server-sent events, each as soon as it is whole.
export async function events(path, signal, hear) {
  const answer = await fetch(path, { headers: { Authorization: `Bearer ${token}` }, signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (pending + part.value).split("\n");
    pending = lines.pop();
    hear(lines);
  }
}

export function el(tag, attributes = {}, ...children) {
  const svg = ["svg", "g", "rect", "text", "path", "title"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") node.addEventListener("click", value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function say(text) {
  byId("message").hidden = !text;
  byId("message").textContent = text;
}
