// The part with the list of conversations, the tree, the chat and the persona.

const ROW = 60;
const view = { list: [], at: -1, talk: null, tree: null, form: null, words: "", scrolled: 0, differences: true };

async function showConversations(main, { rest, query }, fresh) {
  if (!(data.trees.id || []).length) {
    main.replaceChildren(h("p", {}, "This run has no conversations that could be read."));
    return;
  }
  if (OF_PEOPLE.some((name) => query.get(name))) await loadPeople();
  const words = (query.get("q") || "").toLowerCase();
  if (words && search.done < search.total) say("Searching…");
  if (words) await readTexts();
  const list = found(query);
  let number = rest[0] ? data.trees.id.indexOf(rest[0]) : -1;
  if (rest[0] && number < 0) say(`${rest[0]} is not in this report`);
  if (number < 0 && list.length) number = list[0][0];
  const [talk, person] = number < 0 ? [null, null] : await Promise.all([loadTalk(number), rowOf("people", data.trees.persona[number])]);
  if (!fresh()) return; // another address was asked for meanwhile
  Object.assign(view, { list, talk, words, at: list.findIndex(([at]) => at === number) });
  const listed = conversationList(query);
  const middle = h("div", { class: "middle" });
  const about = h("aside", { class: "side about", "aria-label": "The persona" });
  const kept = view.form === query.toString() ? main.querySelector(".work") : null;
  if (kept) {
    // The form keeps what is typed, and the cursor.
    kept.querySelector(".clear").hidden = !isFiltered(query);
    kept.querySelector(".found").replaceWith(listed);
    kept.querySelector(".middle").replaceWith(middle);
    kept.querySelector(".about").replaceWith(about);
  } else {
    const form = filterForm(query, (next, anew) => {
      view.form = anew ? null : next.toString();
      location.hash = address("conversations", [], next);
    });
    view.form = query.toString();
    main.replaceChildren(h("div", { class: "work" }, h("div", { class: "side" }, form, listed), middle, about));
  }
  let scrolls = isRated() && Boolean(rest[1] || query.get("rated")) && matchMedia("(min-width: 761px)").matches;
  main.shown = () => {
    listed.show();
    if (talk) view.tree.fit();
    if (scrolls) middle.querySelector(".msg.on")?.scrollIntoView({ block: "center" });
    scrolls = false;
  };
  if (!talk) {
    middle.append(h("p", {}, list.length ? "This conversation could not be read." : "No conversation meets these filters."));
    return;
  }
  about.append(drawPerson(person, talk));
  const hit = (view.at < 0 ? "" : list[view.at][1]) || firstWith(talk, words);
  drawMiddle(middle, talk, rest[1] || hit, query);
}

const firstWith = (talk, words) => (words && talk.messages.find((one) => one.content.toLowerCase().includes(words))?.id) || "";

function drawMiddle(middle, talk, node, query) {
  const at = talk.byId.has(node) ? node : talk.messages[0].id;
  const chat = h("div", { class: "chat" });
  const draw = (id) => chat.replaceChildren(...drawTalk(talk, id, { differences: view.differences, words: view.words }));
  const choose = (id) => {
    try {
      history.replaceState(null, "", address("conversations", [talk.id, id], query));
    } catch {
      // In a notebook's frame the address can't change.
    }
    view.tree.mark(id);
    draw(id);
    chat.querySelector(`[data-node="${CSS.escape(id)}"]`)?.scrollIntoView({ block: "nearest" });
  };
  view.tree = new TreeView(talk, choose, at);
  const compare = h("input", { type: "checkbox", checked: view.differences, onchange: (event) => { view.differences = event.target.checked; draw(view.tree.at); } });
  middle.append(
    h(
      "div",
      { class: "bar-row" },
      h("button", { type: "button", onclick: () => step(-1), title: "K" }, "Previous"),
      h("button", { type: "button", onclick: () => step(1), title: "J" }, "Next"),
      h("button", { type: "button", onclick: random, title: "R" }, "Random"),
      h("button", { type: "button", onclick: copyLink }, "Copy link"),
      isRated() ? null : h("label", {}, compare, " differences of chosen and rejected"),
    ),
    h("h2", {}, `Conversation ${talk.id}`),
    isRated() ? scoresPart(talk, at) : "",
    view.tree.box,
    chat,
  );
  draw(at);
  if (node) chat.querySelector(`[data-node="${CSS.escape(at)}"]`)?.scrollIntoView({ block: "nearest" });
}

function conversationList(query) {
  const box = h("div", { class: "list", tabindex: 0, role: "region", "aria-label": "Conversations found" });
  const rows = h("ol", {});
  rows.style.height = `${view.list.length * ROW}px`;
  box.append(rows);
  const draw = () => {
    const first = Math.max(0, Math.floor(box.scrollTop / ROW) - 4);
    const last = Math.min(view.list.length, first + Math.ceil((box.clientHeight || 600) / ROW) + 8);
    rows.replaceChildren(...view.list.slice(first, last).map(([tree, node], n) => row(tree, node, first + n, query)));
  };
  box.addEventListener("scroll", () => {
    view.scrolled = box.scrollTop;
    requestAnimationFrame(draw);
  });
  const words = `${number(view.list.length)} of ${number(data.trees.id.length)} conversations`;
  const made = h("div", { class: "found" }, h("p", { class: "note", role: "status" }, words), box);
  made.show = () => {
    const top = view.at * ROW;
    if (view.scrolled <= top && top + ROW <= view.scrolled + box.clientHeight) box.scrollTop = view.scrolled;
    else box.scrollTop = Math.max(0, top - 2 * ROW);
    draw();
  };
  return made;
}

function row(tree, node, at, query) {
  const { trees } = data;
  const item = h(
    "li",
    { "aria-setsize": view.list.length, "aria-posinset": at + 1 },
    h(
      "button",
      { type: "button", "aria-current": String(at === view.at), onclick: () => {
          location.hash = address("conversations", [trees.id[tree], node].filter(Boolean), query);
          if (matchMedia("(max-width: 760px)").matches) setTimeout(() => document.querySelector(".middle")?.scrollIntoView(), 150);
        } },
      h("span", { class: "t" }, trees.title[tree]),
      h("span", { class: "m" }, measured(tree, query), isRated() ? scoreWords(tree, query) : `${trees.turns[tree]} turns, ${trees.pairs[tree]} pairs${trees.twin[tree] ? ", twin" : ""}`),
    ),
  );
  item.firstChild.style.top = `${at * ROW}px`;
  return item;
}

function measured(tree, query) {
  const measure = measureOf(query);
  return measure ? `${measure.label}: ${measure.values[tree] === null ? "not known" : number(measure.values[tree])} · ` : "";
}

function go(at) {
  if (!view.list.length) return;
  const [tree, node] = view.list[(at + view.list.length) % view.list.length];
  location.hash = address("conversations", [data.trees.id[tree], node].filter(Boolean), route().query);
}

const step = (by) => go(view.at + by);
const random = () => go(Math.floor(Math.random() * view.list.length));

async function copyLink() {
  try {
    await navigator.clipboard.writeText(location.href);
    say("Link copied");
  } catch {
    say(location.href);
  }
}
