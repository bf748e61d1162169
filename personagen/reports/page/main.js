// The parts, the keyboard, the theme.

const PARTS = [
  ["overview", "Overview", () => true, showOverview],
  ["alignment", "Alignment", () => data.alignment, showAlignment],
  ["compare", "Compare", () => data.comparison, showCompare],
  ["conversations", "Conversations", () => (data.trees.id || []).length, showConversations],
  ["personas", "Personas", () => (data.personas || []).length, showPersonas],
  ["rejected", "Rejected", () => data.rejections, showRejected],
  ["made", "How it was made", () => true, showSettings],
  ["notes", "Notes", () => (data.trees.id || []).length, showNotes],
];

let showing = 0;

async function show() {
  if (location.hash && !location.hash.startsWith("#/")) return;
  const now = route();
  const part = PARTS.find(([name, , there]) => name === now.part && there()) || PARTS[0];
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.dataset.part === part[0]) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const main = document.getElementById("main");
  const turn = ++showing;
  // What is slow draws into a part of its own, so that a later address wins.
  const box = main.dataset.part === part[0] ? main.lastElementChild : h("div", {});
  box.shown = null;
  const fresh = () => turn === showing;
  try {
    await part[3](box, now, fresh);
  } catch (error) {
    if (fresh()) box.replaceChildren(h("p", { class: "problem" }, `This part can't be shown: ${error.message}`));
  }
  if (!fresh()) return;
  const moved = main.dataset.part !== part[0];
  if (main.lastElementChild !== box || !main.dataset.part) main.replaceChildren(...[problems(part[0]), box].filter(Boolean));
  main.dataset.part = part[0];
  document.title = `${part[1]} · ${document.querySelector("h1").textContent}`;
  if (moved && turn > 1) {
    main.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
  if (box.shown) box.shown(); // what needs its size
  document.documentElement.dataset.ready = `${part[0]} ${turn}`;
}

function problems(part) {
  if (part !== "overview" || !(data.problems || []).length) return null;
  return h("div", { class: "problem", role: "note" }, "Not everything could be read:", h("ul", {}, data.problems.map((one) => h("li", {}, one))));
}

const KEYS = [
  ["J or N", "next conversation"], ["K or P", "previous conversation"], ["R", "a random one"], ["F", "flag the message"],
  ["/", "search"], ["arrows", "move in the tree, when it has the focus"], ["Enter", "fold in the tree"], ["?", "this list"],
];

let single = true; // whether single letters are shortcuts: speech input types letters that nobody meant as one

function help() {
  const choice = h("input", { type: "checkbox", checked: single, onchange: () => (single = choice.checked) });
  const made = h("dialog", { "aria-label": "Keys" }, h("h2", {}, "Keys"), h("label", {}, choice, " letters, / and ? work as keys"), h("table", {}, h("tbody", {}, KEYS.map(([key, words]) => h("tr", {}, h("th", { scope: "row" }, h("kbd", {}, key)), h("td", {}, words))))), h("form", { method: "dialog" }, h("button", {}, "Close")));
  made.addEventListener("close", () => made.remove());
  document.body.append(made);
  made.showModal();
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
  if (!single) return;
  const talking = document.getElementById("main").dataset.part === "conversations";
  if (event.key === "?") help();
  else if (event.key === "/") {
    event.preventDefault();
    if (talking) document.getElementById("search")?.focus();
    else location.hash = "#/conversations";
  } else if (!talking) return;
  else if (["j", "n"].includes(event.key)) step(1);
  else if (["k", "p"].includes(event.key)) step(-1);
  else if (event.key === "r") random();
  else if (event.key === "f" && view.talk) {
    const key = `${view.talk.id}/${view.tree.at}`;
    notes.flag(key);
    document.querySelectorAll(`[data-flag="${CSS.escape(key)}"]`).forEach((one) => one.setAttribute("aria-pressed", String(Boolean(notes.of(key).flag))));
  }
}

function theme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.getElementById("main").lastElementChild.shown?.();
}

async function begin() {
  data = await unpack("index");
  if (!data) {
    document.getElementById("main").prepend(h("p", { class: "problem" }, "The data of this report is missing or cut off: write the report again."));
    return;
  }
  data.blocks = data.blocks || {};
  notes.load();
  document.body.classList.toggle("rated", isRated());
  const nav = document.getElementById("nav");
  nav.append(...PARTS.filter(([, , there]) => there()).map(([name, label]) => h("a", { href: `#/${name}`, "data-part": name }, label)));
  const button = document.getElementById("theme");
  button.hidden = false;
  button.addEventListener("click", theme);
  button.before(h("button", { type: "button", id: "keys", onclick: help }, "Keys"));
  window.addEventListener("hashchange", show);
  window.addEventListener("resize", () => document.querySelector("canvas") && document.getElementById("main").lastElementChild.shown?.());
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById("main").focus();
  });
  document.addEventListener("keydown", keys);
  await show();
  await parsed;
  await readTexts();
  document.documentElement.dataset.searchable = "yes";
}

begin();
