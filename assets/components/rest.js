// Talking to this site's own REST API, and reading the problems it answers with (RFC 9457).
const NO_ANSWER = "The server does not answer. Check the connection, then try again.";

// Reads a reply; gives {ok, status, body}. A problem's body follows RFC 9457. `options` are those of
// fetch, such as a signal that gives the request up.
export async function send(method, action, body, options) {
  let reply;
  try {
    const asked = method === "GET" ? window.flowstudio.take?.(action) : undefined;
    reply = await (asked ?? fetch(action, {
      method,
      headers: { "content-type": "application/json", accept: "application/json" },
      body: method === "GET" ? undefined : JSON.stringify(body),
      ...options,
    }));
  } catch {
    return { ok: false, status: 0, body: { detail: NO_ANSWER } };
  }
  // Some replies have nothing to say, and say so; one whose end is missing is none.
  let isCut = false;
  const told = reply.status === 204 ? {} : await reply.json().catch(() => { isCut = /json/.test(reply.headers.get("content-type")); });
  if (reply.ok && isCut) return { ok: false, status: 0, body: { detail: NO_ANSWER } };
  return { ok: reply.ok, status: reply.status, body: told ?? {}, headers: reply.headers };
}

// As `send`, renewing a session whose short-lived half has just run out.
export async function sendSignedIn(method, action, body, options) {
  const outcome = await send(method, action, body, options);
  if (outcome.status !== 401 || (await window.flowstudio.refresh()) !== "kept") return outcome;
  return send(method, action, body, options);
}

// `body.email`, `body.roles.0`, or a sentence that begins with the name of a field.
const fieldOf = (problem, names) => {
  const named = String(problem.where ?? "").replace(/^body\./, "").split(".")[0];
  const first = String(problem.what ?? "").replace(/e-mail/i, "email").match(/^(?:The |Your )?['"]?([a-z_]+)/i)?.[1]?.toLowerCase();
  return names.find((name) => name === named) ?? (problem.where ? undefined : names.find((name) => name === first));
};

// Splits a problem document into what belongs to a field and what does not.
export function sort(outcome, names) {
  const { body } = outcome;
  const all = body.problems ?? (body.status === 422 && body.detail ? [{ what: body.detail }] : []);
  const fields = {};
  const rest = [];
  for (const problem of all) {
    const name = fieldOf(problem, names);
    if (name) fields[name] ??= problem.what;
    else rest.push(problem.what);
  }
  if (all.length === 0) rest.push(body.detail ?? body.title ?? `The server said no (${outcome.status}).`);
  const wait = Number(outcome.headers?.get("retry-after"));
  if (outcome.status === 429 && wait && !/\d/.test(rest.join())) rest.push(`Try again in ${wait} s.`);
  return { fields, rest: [...new Set(rest.filter(Boolean))] };
}
