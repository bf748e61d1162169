// One conversation: its data put together, and drawn as a chat along the path of one message.

async function loadTalk(tree) {
  const [rows, about] = await Promise.all([rowOf("messages", tree), rowOf("details", tree)]);
  if (!rows) return null;
  const messages = rows.map(([id, role, agent, content, call]) => ({ id, role, agent, content, call }));
  const details = about || {};
  const group = (list) => groupBy(list, (one) => one.node);
  return {
    tree,
    id: data.trees.id[tree],
    messages,
    details,
    byId: new Map(messages.map((one) => [one.id, one])),
    beliefs: new Map((details.beliefs || []).map((one) => [one.node, one])),
    judgments: group(details.judgments),
    checks: group(details.checks),
    ratings: group(details.ratings),
    repeated: group([...(details.repeated || []), ...(details.seconded || [])]),
    pairs: group(details.pairs),
    rejectedTurns: group(details.rejected),
    chosen: new Set((details.pairs || []).map((one) => one.chosen_node)),
    differing: new Map(),
    rejected: new Set((details.pairs || []).map((one) => one.rejected_node)),
  };
}

function pathOf(talk, id) {
  const path = [];
  for (let at = id; at; at = up(at)) if (talk.byId.has(at)) path.unshift(at);
  for (let at = id; ; ) {
    const below = talk.messages.filter((one) => up(one.id) === at);
    const next = below.find((one) => talk.messages.some((other) => up(other.id) === one.id)) || below[0];
    if (!next) return path;
    path.push(next.id);
    at = next.id;
  }
}

function drawTalk(talk, at, options) {
  const path = pathOf(talk, at);
  const said = path.map((id) => talk.byId.get(id));
  const quotes = path.flatMap((id) => (talk.beliefs.get(id)?.new || []).map((one, n) => ({ ...one, key: `${id}/${n}` })));
  const parts = [];
  for (const one of said) {
    if (one.role === "user") parts.push(h("section", { class: "turn", "aria-label": `Turn ${turnOf(one.id)}` }, userPart(talk, one, at, quotes, options.words)));
    else (parts[parts.length - 1] || parts[parts.push(h("section", { class: "turn" })) - 1]).append(...replies(talk, one, at, options));
  }
  return parts;
}

function userPart(talk, one, at, quotes, words) {
  const hits = places(one.content, words, { class: "hit" });
  const ranges = hits.length ? hits : quotes.flatMap((found) => {
    const begin = found.quote ? one.content.indexOf(found.quote) : -1;
    return begin < 0 ? [] : [[begin, begin + found.quote.length, { "data-fact": found.key }]];
  });
  const belief = talk.beliefs.get(one.id);
  const checks = (talk.checks.get(one.id) || []).filter((check) => (check.contradicted || []).length);
  return [
    h("h3", {}, `Turn ${turnOf(one.id)}`),
    h("div", { class: `msg user${one.id === at ? " on" : ""}`, "data-node": one.id }, meta(talk, one), marked(one.content, ranges)),
    belief && belief.new.length
      ? h("ul", { class: "facts", "aria-label": "What this message reveals" },
          belief.new.map((found, n) => h("li", { ...lights("fact", `${one.id}/${n}`), "data-fact": `${one.id}/${n}` }, found.fact, " ", h("q", {}, found.quote))))
      : null,
    belief && belief.retracts.length ? h("p", { class: "note" }, `Taken back: ${belief.retracts.join("; ")}`) : null,
    checks.map((check) => h("p", { class: "note" }, `Contradicts the persona: ${check.contradicted.join("; ")} (${check.reason || ""})`)),
    callsPart(talk, one.id),
  ].flat(Infinity).filter(Boolean);
}

function replies(talk, one, at, options) {
  const node = up(one.id);
  const siblings = talk.messages.filter((other) => up(other.id) === node);
  const pair = (talk.pairs.get(node) || [])[0];
  const cards = siblings.map((reply) => {
    const kind = pair?.chosen_node === reply.id ? "chosen" : pair?.rejected_node === reply.id ? "rejected" : "";
    const other = pair && kind ? talk.byId.get(kind === "chosen" ? pair.rejected_node : pair.chosen_node) : null;
    const ranges = options.differences && other ? differing(talk, reply, other) : [];
    const hits = places(reply.content, options.words, { class: "hit" });
    const text = h("span", {}, hits.length ? marked(reply.content, hits) : diffed(reply.content, ranges));
    return h(
      "article",
      { class: `msg ${kind}${reply.id === at ? " on" : ""}`, "data-node": reply.id, "aria-label": `${reply.agent}${kind ? `, ${kind}` : ""}` },
      meta(talk, reply, kind, talk.messages.some((below) => up(below.id) === reply.id)),
      text,
      ratingsPart(talk, reply.id),
      callsPart(talk, reply.id),
    );
  });
  return [h("div", { class: "pair" }, cards), verdicts(talk, node, pair)].filter(Boolean);
}

// The differences of two replies, found once.
function differing(talk, reply, other) {
  const key = `${reply.id} ${other.id}`;
  if (!talk.differing.has(key)) talk.differing.set(key, differences(reply.content, other.content));
  return talk.differing.get(key);
}

function diffed(text, ranges) {
  const made = document.createDocumentFragment();
  let at = 0;
  for (const [begin, end] of ranges) {
    made.append(text.slice(at, begin), h("span", { class: "diff" }, text.slice(begin, end)));
    at = end;
  }
  made.append(text.slice(at));
  return made;
}

function meta(talk, one, kind = "", continues = false) {
  const key = `${talk.id}/${one.id}`;
  const flagged = notes.of(key).flag;
  const link = address("conversations", [talk.id, one.id], route().query);
  return h(
    "div",
    { class: "meta" },
    h("strong", {}, one.agent),
    kind ? h("span", { class: `badge ${kind}` }, kind) : null,
    continues ? h("span", { class: "badge" }, "continues") : null,
    h("a", { href: link }, isRated() ? `turn ${turnOf(one.id)}` : one.id),
    h("button", { type: "button", "aria-pressed": String(Boolean(flagged)), "data-flag": key, onclick: (event) => { notes.flag(key); event.currentTarget.setAttribute("aria-pressed", String(Boolean(notes.of(key).flag))); } }, "Flag"),
    h("button", { type: "button", onclick: (event) => noteBox(event.currentTarget, key) }, notes.of(key).note ? "Note ●" : "Note"),
  );
}

function noteBox(button, key) {
  const after = button.parentElement;
  const open = after.nextElementSibling;
  if (open && open.tagName === "TEXTAREA") return open.remove();
  const area = h("textarea", { "aria-label": `Note on ${key}`, oninput: () => notes.write(key, area.value) });
  area.value = notes.of(key).note || "";
  after.after(area);
  area.focus();
  return undefined;
}

function verdicts(talk, node, pair) {
  const made = talk.judgments.get(node) || [];
  const rejected = talk.rejectedTurns.get(node) || [];
  if (!made.length && !rejected.length && !pair) return null;
  const facts = [];
  if (pair) {
    const yes = (name, value) => (value === null || value === undefined ? null : `${value ? "" : "not "}${name}`);
    facts.push(
      pair.margin === null ? null : `margin ${number(pair.margin)}`,
      pair.confidence === null ? null : `confidence ${number(pair.confidence)}`,
      yes("personal", pair.personal), yes("knowable", pair.knowable), pair.generic ? "generic" : null, pair.leaking ? "leaking" : null,
      pair.flip_share === null ? null : `flips for ${percent(pair.flip_share)} of the others`,
      pair.pooled ? `nobody prefers: ${pair.pooled}` : null,
    );
  }
  const twin = pair?.twin ? h("p", { class: "note" }, "Twin, in which another person prefers the other reply: ", h("a", { href: address("conversations", pair.twin.split("/")) }, pair.twin)) : null;
  return h(
    "details",
    { open: true },
    h("summary", {}, ["Verdicts", ...facts.filter(Boolean)].join(" · ")),
    twin,
    rejected.map((row) => h("p", { class: "note" }, `No pair: ${row.gate}. ${row.reason || ""}`, row.text ? h("pre", {}, row.text) : null)),
    h("ul", { class: "verdicts" }, [...made, ...(talk.repeated.get(node) || [])].map((one) => verdict(talk, one))),
  );
}

function verdict(talk, one) {
  const agent = (id) => `${talk.byId.get(id)?.agent || id} ${id.slice(id.lastIndexOf("."))}`;
  const who = !one.persona ? "this user" : one.persona === "nobody" ? "nobody in particular" : null;
  const scores = (one.scores || []).map((score, at) => `${agent(one.order[at])} ${score}`).join(", ");
  return h(
    "li",
    {},
    h("strong", {}, who || personLink(one.persona)),
    one.tie ? " has no preference" : ` prefers ${agent((one.ranking || [])[0] || "")}`,
    ` (shown: ${(one.order || []).map(agent).join(", ")}${scores ? `; scores: ${scores}` : ""}). `,
    one.reason || "",
    (one.because || []).length ? h("div", { class: "meta" }, "because of", one.because.map((line) => h("span", { class: "chip", ...lights("line", line) }, line))) : null,
  );
}

function personLink(id) {
  const known = data.personas.includes(id);
  return known ? h("a", { href: address("personas", [id]) }, `persona ${id}`) : `persona ${id}`;
}

function callsPart(talk, node) {
  const box = h("details", {}, h("summary", {}, "Exact prompts and replies"));
  box.addEventListener("toggle", async () => {
    if (!box.open || box.dataset.read) return;
    box.dataset.read = "yes";
    const [calls, shared] = await rowAndLines("calls", talk.tree);
    const own = Array.isArray(calls) ? calls.filter((call) => call.node === node) : [];
    const text = (lines) => lines.map((line) => shared[line]).join("\n");
    if (!own.length) box.append(h("p", { class: "note" }, whyNoCalls(talk, calls)));
    for (const call of own) {
      const cost = call.cost === null ? "cost unknown" : `${number(call.cost)} USD`;
      box.append(
        h("h4", {}, `${call.prompt} ${(talk.details.prompts || {})[call.prompt] || ""} · ${call.model} · ${number(call.input)} tokens in, ${number(call.output)} out · ${cost} · call ${call.key}`),
        ...call.messages.map(([role, lines]) => h("pre", { tabindex: 0, "aria-label": `${role} message` }, `${role}:\n${text(lines)}`)),
        h("pre", { class: "add", tabindex: 0, "aria-label": "reply" }, `reply (${call.finish}):\n${text(call.reply)}`),
      );
    }
  });
  return box;
}

function whyNoCalls(talk, calls) {
  if (data.no_calls || typeof calls === "string") return data.no_calls || calls;
  if (talk.tree < data.called) return "No call is stored for this message.";
  const [tree, run] = talk.id.split("@");
  if (!data.called) return "This page has no exact prompts.";
  if (!data.whole && !run) return `This page has the prompts of the first ${number(data.called)} conversations. One with those of all: personagen report RUN`;
  return `Only the first ${number(data.called)} conversations${run ? " of the first run" : ""} have them here: personagen prompts render PROMPT ${tree} --run ${run || "RUN"}`;
}

// What came before a conversation of a series, and where the others are.
function seriesPart(talk) {
  const { session, memory, unasked } = talk.details;
  const base = talk.id.replace(/\.s\d+$/, "");
  const others = (data.trees.id || []).filter((id) => id.replace(/\.s\d+$/, "") === base);
  const known = (memory?.inferences || []).map((one) => h("li", {}, one.fact));
  return [
    others.length > 1 ? h("p", { class: "note" }, `Session ${(session || 0) + 1} of ${others.length}: `, others.map((id) => [h("a", { href: address("conversations", [id]) }, id), " "])) : null,
    known.length ? h("details", {}, h("summary", {}, `Remembered from earlier: ${known.length}`), h("ul", { class: "facts" }, known)) : null,
    (unasked || []).length ? h("p", { class: "note" }, `Not asked for, since nothing was known: ${unasked.join(", ")}`) : null,
  ];
}

function drawPerson(person, talk) {
  if (!person) return h("p", {}, "The persona is missing.");
  const lines = person.lines || [...new Set([...(person.facts || []), ...(person.traits || [])])];
  const style = Object.entries(talk?.details.style || {}).map(([name, value]) => h("span", { class: "chip" }, `${name}: ${value}`));
  return h(
    "div",
    {},
    h("h3", {}, "Persona ", h("a", { href: address("personas", [person.id]) }, person.id)),
    h("p", {}, person.profile || ""),
    h("p", {}, person.personality || ""),
    h("div", { class: "meta" }, Object.entries(person.attributes || {}).map(([name, value]) => h("span", { class: "chip" }, `${name}: ${value}`)), style),
    h("h4", {}, "Lines that a verdict can rest on"),
    h("ul", { class: "lines" }, lines.map((line) => h("li", { "data-line": line }, line))),
    talk ? seriesPart(talk) : null,
    talk?.details.changed ? h("p", { class: "note" }, `Changed: ${talk.details.changed}`) : null,
    talk?.details.twin ? h("p", { class: "note" }, "Twin of ", h("a", { href: address("conversations", [talk.details.twin.tree, talk.details.twin.node]) }, talk.details.twin.tree)) : null,
  );
}
