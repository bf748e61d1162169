// Runs side by side: what differs in their settings and prompts, their figures, and turns whose verdict changed.

function showSettings(main) {
  const rows = Object.entries(data.settings || {}).map(([label, value]) => ({ label, cells: [typeof value === "string" ? value : JSON.stringify(value)] }));
  main.replaceChildren(
    h("h2", {}, "How this run was made"),
    (data.commands || []).map((command) => h("pre", { tabindex: 0 }, command)),
    h("section", { class: "card wide" }, drawTable({ title: "Settings", head: [], rows })),
    h("h2", {}, "Prompts"),
    (data.prompts || []).map((prompt) => h("details", { class: "card wide" }, h("summary", {}, `${prompt.name} (${prompt.hash})`), h("pre", { tabindex: 0 }, prompt.text))),
  );
}

function showCompare(main) {
  const { names, settings, prompts, figures, changed, turns } = data.comparison;
  const table = (title, head, rows) => h("section", { class: "card wide" }, h("h2", {}, title), drawTable({ title, head, rows }));
  main.replaceChildren(
    h("div", { class: "cards" }, figures.map((figure) => card(figure))),
    settings.length
      ? table("Settings that differ", ["", ...names], settings.map((row) => ({ label: row.name, cells: row.values })))
      : h("p", {}, "The settings are the same."),
    h("h2", {}, "Prompts"),
    prompts.length
      ? prompts.map((prompt) => h("details", { class: "card wide", open: prompts.length < 4 }, h("summary", {}, `${prompt.name}: ${prompt.between}`), h("pre", { tabindex: 0 }, prompt.lines.map((line) => h("div", { class: line[0] === "+" ? "add" : line[0] === "-" ? "del" : "" }, line || " ")))))
      : h("p", {}, "The prompts are the same."),
    turns ? h("h2", {}, "Turns whose verdict changed") : "",
    h("p", { class: "note" }, turns),
    changed.map(changedTurn),
  );
}

function changedTurn(one) {
  const known = (data.trees.id || []).includes(one.tree);
  const title = `${one.tree}, ${one.node}`;
  return h(
    "section",
    { class: "card wide changed", "aria-label": title },
    h("h3", {}, known ? h("a", { href: address("conversations", [one.tree, one.node]) }, title) : title),
    h("div", { class: "msg user" }, one.message),
    h("div", { class: "pair" }, one.verdicts.map((verdict) => h("div", {}, h("h4", {}, verdict.run), h("article", { class: "msg chosen" }, h("div", { class: "meta" }, h("strong", {}, verdict.chosen_agent), h("span", { class: "badge chosen" }, "chosen")), verdict.chosen), h("article", { class: "msg rejected" }, h("div", { class: "meta" }, h("strong", {}, verdict.rejected_agent), h("span", { class: "badge rejected" }, "rejected")), verdict.rejected)))),
  );
}
