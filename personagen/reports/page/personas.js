// The personas: a table to search and sort, a map by similarity, what there is of each attribute, what was rejected.

const PAGE = 100;
const OF_PAIRS = ["pairs", "rate", "aware", "margin"]; // columns that a run without pairs has nothing for
const sorts = () => (isRated() ? SORTS.filter(([name]) => !OF_PAIRS.includes(name)).map((one) => (one[0] === "best" ? ["best", "mean score", one[2]] : one)) : SORTS);
const SORTS = [
  ["id", "persona", (one) => one.id],
  ["trees", "conversations", (one) => one.trees || 0],
  ["turns", "turns", (one) => one.turns || 0],
  ["pairs", "pairs", (one) => one.pairs || 0],
  ["rate", "turns with pairs", (one) => (one.turns ? one.paired / one.turns : -1)],
  ["aware", "aware chosen", (one) => (one.pairs ? one.aware / one.pairs : -1)],
  ["best", "best score", (one) => (one.judged ? one.best / one.judged : -1)],
  ["margin", "mean margin", (one) => (one.pairs ? one.margins / one.pairs : -1)],
  ["nearest", "nearest", (one) => (one.near && one.near.length ? one.near[0][1] : -1)],
];

async function showPersonas(main, { rest, query }, fresh) {
  await loadPeople();
  if (!fresh()) return;
  const chosen = rest[0] ? people.find((one) => one.id === rest[0]) : null;
  const state = { words: (query.get("q") || "").toLowerCase(), sort: query.get("sort") || "", down: query.get("down") === "1", most: PAGE };
  const body = h("tbody", {});
  const head = h("tr", {}, sorts().map(([name, label]) => h("th", { scope: "col", "data-sort": name }, h("button", { type: "button", onclick: () => { state.down = state.sort === name ? !state.down : name !== "id"; state.sort = name; draw(); } }, label))), h("th", { scope: "col" }, "who"));
  const count = h("p", { class: "note", role: "status" });
  const more = h("button", { type: "button", onclick: () => { state.most += PAGE; draw(); } }, "Show more");
  const search = h("input", { type: "search", "aria-label": "Search personas", placeholder: "Search personas", oninput: () => { state.words = search.value.toLowerCase(); state.most = PAGE; draw(); } });
  search.value = state.words;
  const map = people.length && people[0].x !== undefined ? new PeopleMap(people) : null;
  const kept = () => new URLSearchParams(Object.entries({ q: state.words, sort: state.sort, down: state.down ? "1" : "" }).filter((pair) => pair[1]));
  const draw = () => {
    try {
      history.replaceState(null, "", address("personas", rest.slice(0, 1), kept()));
    } catch {
      // In a notebook's frame the address can't change.
    }
    const text = (one) => `${one.id} ${one.profile || ""} ${one.personality || ""} ${(one.traits || []).join(" ")} ${Object.values(one.attributes || {}).join(" ")}`.toLowerCase();
    let list = people.filter((one) => !state.words || text(one).includes(state.words));
    const by = SORTS.find(([name]) => name === state.sort);
    if (by) list = list.map((one) => [by[2](one), one]).sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0) * (state.down ? -1 : 1)).map((pair) => pair[1]);
    for (const cell of head.children) cell.setAttribute("aria-sort", cell.dataset.sort === state.sort ? (state.down ? "descending" : "ascending") : "none");
    body.replaceChildren(...list.slice(0, state.most).map((one) => personRow(one, kept())));
    more.hidden = list.length <= state.most;
    count.textContent = `${number(list.length)} of ${number(people.length)} personas`;
    if (map) map.only(state.words ? new Set(list.map((one) => one.id)) : null);
  };
  main.replaceChildren(
    chosen ? personCard(chosen) : "",
    rest[0] && !chosen ? h("p", { class: "problem" }, `The persona ${rest[0]} has no conversation in this run.`) : "",
    h("div", { class: "cards" }, map ? map.card : null, (data.served || []).map(servedCard), (data.coverage || []).map(coverageCard)),
    h("div", { class: "bar-row" }, search, count),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of personas" }, h("table", {}, h("thead", {}, head), body)),
    more,
  );
  draw();
  main.shown = () => map && map.draw();
}

function personRow(one, query) {
  const score = one.judged ? (one.best / one.judged).toFixed(2) : "";
  const paired = [one.pairs || 0, one.turns ? percent(one.paired / one.turns) : "", one.pairs ? percent(one.aware / one.pairs) : "", score, one.pairs ? number(Math.round((100 * one.margins) / one.pairs) / 100) : ""];
  const cells = [one.trees || 0, one.turns || 0, ...(isRated() ? [score] : paired)];
  const near = one.near && one.near.length ? one.near[0] : null;
  const text = `${one.profile || ""} ${one.personality || ""}`;
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("a", { href: address("personas", [one.id], query) }, one.id)),
    cells.map((cell) => h("td", { class: "n" }, String(cell))),
    h("td", { class: "n" }, near ? h("a", { href: address("personas", [people[near[0]].id]) }, number(near[1])) : ""),
    h("td", {}, text.length > 160 ? `${text.slice(0, 160)}…` : text),
  );
}

function personCard(one) {
  const talks = new URLSearchParams({ persona: one.id });
  return h(
    "section",
    { class: "card", "aria-label": `Persona ${one.id}` },
    drawPerson(one, null),
    one.trees ? h("p", {}, h("a", { href: address("conversations", [], talks) }, `${one.trees} conversations`), isRated() ? `, ${one.turns || 0} turns` : `, ${one.pairs || 0} pairs in ${one.turns || 0} turns`) : null,
    (one.near || []).length ? h("p", {}, "Nearest: ", one.near.map(([at, value], n) => [n ? ", " : "", h("a", { href: address("personas", [people[at].id]) }, people[at].id), ` (${number(value)})`])) : null,
  );
}

function servedCard({ name, rows }) {
  const link = (row) => (name === "age" ? "" : `conversations?attribute=${encodeURIComponent(`${name}=${row.label}`)}${isRated() ? "&condition=plain&run=0&order=low" : ""}`);
  const which = isRated() ? "the replies of the model by itself" : "the better reply";
  const help = `Mean score of ${which}, 1 to 5, by the judge for this user. Lower: the replies fit these people less.`;
  return card({ kind: "rates", title: `Served, by ${name}`, help, plain: true, from: 1, to: 5, rows: rows.map((row) => ({ ...row, link: link(row) })) });
}

function coverageCard({ name, rows, all }) {
  const shown = rows.map((row) => ({ label: row.label, value: row.count, asked: row.asked, link: (data.trees.id || []).length && name !== "facts of a persona" && name !== "age" && (name === "traits" || (people[0].attributes || {})[name] !== undefined) ? (name === "traits" ? `conversations?kind=${encodeURIComponent(row.label)}` : `conversations?attribute=${encodeURIComponent(`${name}=${row.label}`)}`) : "" }));
  const asked = rows.some((row) => typeof row.asked === "number") ? ` The dashed line is what was asked for${data.sampled ? ", by its share in the pool that they come from" : ""}.` : "";
  const words = all > rows.length ? `The ${rows.length} most frequent of ${number(all)}.` : "Personas with each value.";
  return card({ kind: "bars", title: name.slice(0, 1).toUpperCase() + name.slice(1), help: words + asked, rows: shown });
}

class PeopleMap {
  constructor(list) {
    this.list = list;
    this.shown = null;
    this.canvas = h("canvas", { role: "img", "aria-label": "Map of the personas by similarity; the table below has the same personas" });
    this.words = h("p", { class: "note" }, "Near each other: similar words. Point at one to read it, click to open it.");
    this.card = h("section", { class: "card wide", "aria-label": "Map" }, h("h2", {}, "Map by similarity"), this.words, this.canvas);
    this.tree = null;
    this.canvas.addEventListener("mousemove", (event) => { const one = this.under(event); if (one) this.words.textContent = `${one.id}: ${(one.profile || one.personality || "").slice(0, 140)}`; });
    this.canvas.addEventListener("click", (event) => { const one = this.under(event); if (one) location.hash = address("personas", [one.id]); });
  }

  only(ids) {
    this.shown = ids;
    if (this.canvas.isConnected) this.draw();
  }

  draw() {
    const [width, height] = [this.canvas.clientWidth || 600, this.canvas.clientHeight || 400];
    const ratio = window.devicePixelRatio || 1;
    [this.canvas.width, this.canvas.height] = [width * ratio, height * ratio];
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const x = d3.scaleLinear([-1, 1], [14, width - 14]);
    const y = d3.scaleLinear([-1, 1], [height - 14, 14]);
    const colours = getComputedStyle(document.documentElement);
    const [on, off] = ["--accent", "--line"].map((name) => colours.getPropertyValue(name).trim());
    for (const one of this.list) {
      const lit = !this.shown || this.shown.has(one.id);
      pen.globalAlpha = lit ? 0.75 : 0.35;
      pen.fillStyle = lit ? on : off;
      pen.beginPath();
      pen.arc(x(one.x), y(one.y), lit && this.shown ? 5 : 3.5, 0, 2 * Math.PI);
      pen.fill();
    }
    this.tree = d3.quadtree(this.list, (one) => x(one.x), (one) => y(one.y));
  }

  under(event) {
    const box = this.canvas.getBoundingClientRect();
    return this.tree ? this.tree.find(event.clientX - box.left, event.clientY - box.top, 14) : null;
  }
}

// What filters of the pool, or gates, rejected.

async function showRejected(main, { query }, fresh) {
  const pool = query.get("pool") || "";
  const rows = ((await unpack("rejections")) || []).filter((one) => !pool || one.place.startsWith(`${pool}/`));
  if (!fresh()) return;
  const gates = [...new Set(rows.map((one) => one.gate))].sort();
  const state = { gate: query.get("filter") || query.get("gate") || "", most: PAGE };
  const body = h("tbody", {});
  const count = h("p", { class: "note", role: "status" });
  const choice = h("select", { "aria-label": "Gate or filter", onchange: () => { state.gate = choice.value; state.most = PAGE; draw(); } }, h("option", { value: "" }, "every gate"), gates.map((gate) => h("option", { value: gate }, gate)));
  for (const [at, gate] of ["", ...gates].entries()) {
    choice.options[at].value = gate;
    choice.options[at].selected = gate === state.gate;
  }
  const more = h("button", { type: "button", onclick: () => { state.most += PAGE; draw(); } }, "Show more");
  const draw = () => {
    const list = rows.filter((one) => !state.gate || one.gate === state.gate);
    body.replaceChildren(...list.slice(0, state.most).map((one) => h("tr", {}, h("td", {}, one.gate), h("td", {}, one.reason), h("td", {}, one.text || ""), h("td", {}, one.nearest || ""), h("td", {}, place(one.place)))));
    count.textContent = `${number(list.length)} of ${number(rows.length)}${data.more_rejections ? `; ${number(data.more_rejections)} more are in rejections.jsonl` : ""}`;
    more.hidden = list.length <= state.most;
  };
  const place = (where) => {
    const at = where.indexOf("/");
    const known = at > 0 && (data.trees.id || []).includes(where.slice(0, at));
    return known ? h("a", { href: address("conversations", [where.slice(0, at), where.slice(at + 1)]) }, where) : where;
  };
  main.replaceChildren(
    h("h2", {}, pool ? `Rejected, ${pool} pool` : "Rejected"),
    h("div", { class: "bar-row" }, choice, count),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of rejections" }, h("table", {}, h("thead", {}, h("tr", {}, ["gate", "reason", "text", "nearest", "place"].map((name) => h("th", { scope: "col" }, name)))), body)),
    more,
  );
  draw();
}
