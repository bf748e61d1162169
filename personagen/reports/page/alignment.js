// How well a model fits people as they talk: AL(k), its figures, the judge, who is served worse.

const isRated = () => Boolean(data.alignment);
const nodeAt = (turn) => Array(2 * turn).fill("0").join(".");

function showAlignment(main) {
  const { runs, notes: remarks, marks, sections } = data.alignment;
  const told = (run) => [`${number(run.personas)} personas`, `${run.turns} turns`, run.protocol ? `protocol ${run.protocol}` : "", run.user ? `users: ${run.user}` : "", run.judge ? `judge: ${run.judge}` : ""].filter(Boolean).join(" · ");
  main.replaceChildren(...[
    h("ul", { class: "facts runs" }, runs.map((run) => h("li", {}, h("strong", {}, runs.length > 1 ? `${run.name}: ` : "", run.model || "model not known"), h("div", { class: "note" }, told(run))))),
    [...marks, ...remarks].map((one) => h("p", { class: "note" }, `${one[0].toUpperCase()}${one.slice(1)}.`)),
    sections.length
      ? sections.map(({ title, figures }) => [h("h2", { class: "section" }, title), h("div", { class: "cards" }, figures.map(card))])
      : h("p", {}, "No reply of this run has a rating."),
  ].flat(Infinity));
}

// The score of a conversation at a turn, or its mean over all turns.
function scoreOf(tree, turn) {
  const scores = (data.trees.rated || [])[tree] || [];
  if (turn) return scores[turn - 1] ?? null;
  const known = scores.filter((one) => one !== null);
  return known.length ? d3.mean(known) : null;
}

// Whether a conversation is one of those behind a figure.
function isBehind(tree, query) {
  const { trees } = data;
  if (query.get("condition") && trees.condition[tree] !== query.get("condition")) return false;
  if (query.get("run") && String(trees.of_run[tree]) !== query.get("run")) return false;
  if (query.get("shared") && !trees.shared[tree]) return false;
  return !Number(query.get("rated")) || scoreOf(tree, Number(query.get("rated"))) !== null;
}

// Puts a list of conversations in the order of their scores, if the query wants that.
function inOrder(list, query) {
  const turn = Number(query.get("rated"));
  if (!turn && !query.get("order")) return list;
  const sign = query.get("order") === "high" ? -1 : 1;
  const key = (one) => scoreOf(one[0], turn) ?? sign * 9;
  return list.map((one) => [one[0], one[1] || (turn ? nodeAt(turn) : "")]).sort((a, b) => sign * (key(a) - key(b)) || a[0] - b[0]);
}

function scoreWords(tree, query) {
  const { trees } = data;
  const turn = Number(query.get("rated"));
  const score = scoreOf(tree, turn);
  const run = data.alignment.runs.length > 1 ? data.alignment.runs[trees.of_run[tree]]?.name : "";
  const words = score === null ? "not rated" : turn ? `${number(score)} at turn ${turn}` : `mean ${score.toFixed(2)}`;
  return [words, trees.condition[tree], run].filter(Boolean).join(" · ");
}

function ratedFilters(select, input) {
  const { conditions, runs } = data.alignment;
  const plain = (values) => values.map((value) => [value, value]);
  return [
    h("div", { class: "row" }, select("condition", "condition", plain(conditions)), input("rated", "rated at turn", "number", { min: 1 })),
    h("div", { class: "row" }, select("order", "by score", [["low", "lowest first"], ["high", "highest first"]]), runs.length > 1 ? select("run", "run", runs.map((run, at) => [String(at), run.name])) : select("gate", "gate", plain(data.gates))),
    runs.length > 1 ? h("div", { class: "row" }, select("gate", "gate", plain(data.gates))) : null,
  ];
}

// The scores of a conversation, turn by turn, and the others of the same person.
function scoresPart(talk, at) {
  const { trees, alignment } = data;
  const turn = Math.min(turnOf(at), (trees.rated[talk.tree] || []).length || 1);
  const scores = (trees.rated[talk.tree] || []).map((score, n) => h("a", { href: address("conversations", [talk.id, nodeAt(n + 1)], route().query), class: `score s${Math.round(score || 0)}`, "aria-label": `Turn ${n + 1}: ${score ?? "not rated"}` }, score === null ? "–" : number(score)));
  const others = trees.id.map((id, tree) => tree).filter((tree) => tree !== talk.tree && trees.persona[tree] === trees.persona[talk.tree]);
  const named = (tree) => [trees.condition[tree] || trees.id[tree], alignment.runs.length > 1 ? alignment.runs[trees.of_run[tree]]?.name : ""].filter(Boolean).join(", ");
  return h(
    "div",
    { class: "scores" },
    scores.length ? h("div", { class: "meta" }, "Scores by turn", scores) : null,
    others.length ? h("div", { class: "meta" }, "The same person", others.map((tree) => h("a", { href: address("conversations", [trees.id[tree], nodeAt(turn)], route().query) }, named(tree)))) : null,
  );
}

function ratingsPart(talk, node) {
  const made = talk.ratings.get(node) || [];
  if (!made.length) return isRated() ? h("p", { class: "note" }, "This reply has no rating.") : null;
  const kinds = { again: "asked again", reordered: "asked with the persona first" };
  const several = new Set(made.map((one) => one.judge)).size > 1;
  return h("ul", { class: "verdicts ratings", "aria-label": "Ratings of this reply" }, made.map((one) => {
    const marks = ["style", "content", "quality"].filter((name) => one[name]).map((name) => `${name} ${one[name]}`).join(", ");
    const about = [several ? one.judge : "", one.model, one.rater ? `for ${one.rater} in particular` : "", kinds[one.repeat] || ""].filter(Boolean).join(", ");
    return h("li", {}, h("span", { class: `score s${one.score}` }, String(one.score)), h("strong", {}, " of 5"), marks ? ` · ${marks}` : "", about ? h("span", { class: "note" }, ` · ${about}`) : null, one.reason ? h("div", {}, one.reason) : null);
  }));
}
