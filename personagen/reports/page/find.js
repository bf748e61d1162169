// Which conversations meet the filters in the address, and the texts that are searched.

const TRI = { yes: 2, no: 1 };
const POOLED = { chosen: 1, rejected: 2, tie: 3 };
const YES_NO = ["personal", "knowable", "generic", "leaking"];

const OF_PEOPLE = ["trait", "kind", "attribute"]; // filters that need the texts of the personas
const PAIR_ONLY = ["agent", "turn", "margin", "pooled", ...YES_NO];

const search = { texts: [], done: 0, total: 0, started: null };

// Reads the messages block by block while the page has nothing else to do.
function readTexts() {
  const starts = data.blocks.messages || [];
  search.total = data.trees.id ? data.trees.id.length : 0;
  search.started = search.started || (async () => {
    for (let at = 0; at < starts.length; at++) {
      const rows = (await unpack(`messages-${at}`)) || [];
      rows.forEach((row, n) => {
        search.texts[starts[at] + n] = row.map((one) => one[3]).join("\n").toLowerCase();
      });
      search.done = starts[at] + rows.length;
      await new Promise((next) => (window.requestIdleCallback || setTimeout)(next, { timeout: 1000 }));
    }
  })();
  return search.started;
}

const isFiltered = (query) => [...query.keys()].some((name) => query.get(name));

// The numbers of the conversations, each with the first message that is meant.
function found(query) {
  const { trees, pairs, rejected } = data;
  const given = new Map(query);
  const wanted = (name) => given.get(name) || "";
  const count = (trees.id || []).length;
  const first = new Map();
  const onTurn = [...PAIR_ONLY, "rule"].some(wanted) || wanted("pairs") === "yes";
  const [rule, side] = wanted("rule").split(":");
  if (onTurn) {
    const agent = data.agents.indexOf(wanted("agent"));
    const turn = Number(wanted("turn"));
    const margin = wanted("margin") === "" ? null : Number(wanted("margin"));
    for (let at = 0; at < (pairs.tree || []).length; at++) {
      if (wanted("agent") && pairs.chosen[at] !== agent) continue;
      if (turn && pairs.turn[at] !== turn) continue;
      if (margin !== null && !(pairs.margin[at] !== null && pairs.margin[at] >= margin)) continue;
      if (wanted("pooled") && pairs.pooled[at] !== POOLED[wanted("pooled")]) continue;
      if (rule && (pairs[rule] || [])[at] !== TRI[side]) continue;
      if (YES_NO.some((name) => wanted(name) && pairs[name][at] !== TRI[wanted(name)])) continue;
      if (!first.has(pairs.tree[at])) first.set(pairs.tree[at], pairs.node[at]);
    }
  }
  const gate = data.gates.indexOf(wanted("gate"));
  const gated = new Map();
  if (rule && !PAIR_ONLY.some(wanted)) {
    // A turn without a pair has a judge too.
    (rejected[rule] || []).forEach((sign, at) => {
      if (sign === TRI[side] && !first.has(rejected.tree[at])) first.set(rejected.tree[at], rejected.node[at]);
    });
  }
  if (wanted("gate")) {
    for (let at = 0; at < (rejected.tree || []).length; at++) {
      if (rejected.gate[at] === gate && !gated.has(rejected.tree[at])) gated.set(rejected.tree[at], rejected.node[at]);
    }
  }
  const flagged = wanted("flagged") ? notes.flaggedTrees() : null;
  const words = wanted("q").toLowerCase();
  const trait = wanted("trait").toLowerCase();
  const exact = /^"(.+)"$/.exec(trait); // in quotes the whole trait is meant
  const [attribute, value] = pairOf(wanted("attribute"));
  const list = [];
  for (let at = 0; at < count; at++) {
    if (onTurn && !first.has(at)) continue;
    if (wanted("pairs") === "no" && trees.pairs[at]) continue;
    if (wanted("gate") && !gated.has(at)) continue;
    if (wanted("twins") && !trees.twin[at]) continue;
    if (isRated() && !isBehind(at, query)) continue;
    if (flagged && !flagged.has(trees.id[at])) continue;
    const person = people ? people[trees.persona[at]] : null;
    if (trait && !(person?.traits || []).some((one) => (exact ? one.toLowerCase() === exact[1] : one.toLowerCase().includes(trait)))) continue;
    if (wanted("kind") && !(person?.kinds || []).includes(wanted("kind"))) continue;
    if (wanted("depth") && trees.depth[at] < Number(wanted("depth"))) continue;
    if (attribute && String((person?.attributes || {})[attribute] ?? "") !== (value ?? "")) continue;
    if (wanted("persona") && data.personas[trees.persona[at]] !== wanted("persona")) continue;
    if (words && !(search.texts[at] || "").includes(words) && !trees.id[at].startsWith(wanted("q"))) continue;
    list.push([at, first.get(at) || gated.get(at) || ""]);
  }
  const sorted = inMeasure(list, query);
  return sorted || (isRated() ? inOrder(list, query) : list);
}

const measureOf = (query) => (data.measures || []).find((one) => one.name === query.get("sort"));

// The list by a measure, the most first; null if none is asked for.
function inMeasure(list, query) {
  const measure = measureOf(query);
  if (!measure) return null;
  const sign = query.get("order") === "low" ? 1 : -1;
  const key = ([at]) => (measure.values[at] === null ? Infinity : sign * measure.values[at]);
  return list.map((one) => [key(one), one]).sort((a, b) => (a[0] === b[0] ? a[1][0] - b[1][0] : a[0] - b[0])).map((pair) => pair[1]);
}

function pairOf(text) {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

// The form of the filters; `changed` gets the new query.
function filterForm(query, changed) {
  const set = (name, value) => {
    const next = new URLSearchParams(route().query);
    if (value) next.set(name, value);
    else next.delete(name);
    changed(next);
  };
  const select = (name, label, options) => h("label", {}, label,
    h("select", { name, onchange: (event) => set(name, event.target.value) },
      h("option", { value: "" }, "any"), options.map(([value, text]) => {
        const option = h("option", {}, text);
        option.value = value;
        option.selected = query.get(name) === value;
        return option;
      })));
  const plain = (values) => values.map((value) => [value, value]);
  const input = (name, label, type, more = {}) => {
    const made = h("input", { type, name, ...more, oninput: () => { clearTimeout(made.timer); made.timer = setTimeout(() => set(name, made.value.trim()), 150); } });
    made.value = query.get(name) || "";
    return h("label", {}, label, made);
  };
  const more = ["kind", "depth", "persona", "gate", "agent", "turn", "margin", "pooled", "trait", "attribute", "pairs", "flagged", "condition", "rated", "order", "run", "rule", "sort", "twins", ...YES_NO].some((name) => query.get(name));
  return h(
    "form",
    { class: "filters", role: "search", "aria-label": "Find conversations", onsubmit: (event) => event.preventDefault() },
    input("q", "Search all messages", "search", { id: "search" }),
    h(
      "details",
      { open: more },
      h("summary", {}, "Filters"),
      isRated() ? ratedFilters(select, input) : pairFilters(select, input),
      (data.measures || []).length ? h("div", { class: "row" }, select("sort", "sorted by", data.measures.map((one) => [one.name, one.label])), isRated() ? null : select("order", "order", [["high", "most first"], ["low", "least first"]])) : null,
      h("div", { class: "row" }, input("trait", "trait", "search"), select("attribute", "attribute", plain(data.attributes))),
      h("div", { class: "row" }, input("depth", "turns from", "number", { min: 1 }), select("flagged", "flagged", [["yes", "yes"]])),
      h("div", { class: "row" }, input("persona", "persona", "search"), input("kind", "kind of trait", "search")),
    ),
    h("button", { type: "button", class: "clear", hidden: !isFiltered(query), onclick: () => changed(new URLSearchParams(), true) }, "Clear all filters"),
  );
}

function pairFilters(select, input) {
  const plain = (values) => values.map((value) => [value, value]);
  const yesNo = plain(["yes", "no"]);
  return [
    h("div", { class: "row" }, select("agent", "chosen", plain(data.agents)), select("gate", "gate", plain(data.gates))),
    h("div", { class: "row" }, input("turn", "turn", "number", { min: 1 }), input("margin", "margin from", "number", { min: 0, max: 4, step: 0.5 })),
    h("div", { class: "row" }, select("personal", "personal", yesNo), select("knowable", "knowable", yesNo)),
    h("div", { class: "row" }, select("generic", "generic", yesNo), select("leaking", "leaking", yesNo)),
    Object.keys(data.signs || {}).length ? h("div", { class: "row" }, select("rule", "shortcuts and judge", Object.entries(data.signs))) : null,
    h("div", { class: "row" }, select("pooled", "nobody prefers", plain(["chosen", "rejected", "tie"])), select("pairs", "with pairs", yesNo)),
  ];
}
