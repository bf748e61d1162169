// Flags and notes on messages: kept in this browser, exported as JSONL for `personagen export --where flagged`.

const notes = {
  all: {},
  get place() {
    return `personagen/${data.id}`;
  },
  load() {
    try {
      this.all = JSON.parse(localStorage.getItem(this.place)) || {};
    } catch {
      this.all = {};
    }
  },
  save() {
    try {
      localStorage.setItem(this.place, JSON.stringify(this.all));
    } catch {
      say("This browser keeps no notes here: export them before you close the page");
    }
  },
  of(key) {
    return this.all[key] || {};
  },
  set(key, values) {
    const made = { ...this.of(key), ...values, time: new Date().toISOString() };
    if (made.flag || made.note) this.all[key] = made;
    else delete this.all[key];
    this.save();
  },
  flag(key) {
    this.set(key, { flag: !this.of(key).flag });
    say(this.of(key).flag ? "Flagged" : "No longer flagged");
  },
  write(key, note) {
    this.set(key, { note: note.trim() });
  },
  flaggedTrees() {
    return new Set(Object.keys(this.all).filter((key) => this.all[key].flag).map((key) => key.slice(0, key.lastIndexOf("/"))));
  },
  lines() {
    const rows = Object.entries(this.all).map(([key, { flag, note, time }]) => {
      const at = key.lastIndexOf("/");
      return JSON.stringify({ tree: key.slice(0, at), node: key.slice(at + 1), flag: Boolean(flag), note: note || "", time });
    });
    return rows.map((row) => `${row}\n`).join("");
  },
  read(text) {
    let count = 0;
    for (const line of text.split("\n").filter((one) => one.trim())) {
      try {
        const { tree, node, flag, note, time } = JSON.parse(line);
        if (typeof tree !== "string" || typeof node !== "string") continue;
        this.all[`${tree}/${node}`] = { flag: Boolean(flag), note: String(note || ""), time: String(time || "") };
        count += 1;
      } catch {
        continue;
      }
    }
    this.save();
    return count;
  },
};

function download(name, text) {
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type: "application/jsonl" })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function showNotes(main) {
  const rows = Object.entries(notes.all).sort();
  const file = h("input", {
    type: "file",
    accept: ".jsonl,.json,.txt",
    hidden: true,
    onchange: async () => {
      const count = notes.read(await file.files[0].text());
      say(`${count} notes read`);
      showNotes(main);
    },
  });
  main.replaceChildren(
    h("h2", {}, "Flags and notes"),
    h("p", { class: "note" }, `They are kept in this browser alone, for this file or address. Save them as notes.jsonl in the run folder, and personagen export --where flagged exports their pairs.`),
    h(
      "div",
      { class: "bar-row" },
      h("button", { type: "button", id: "export", onclick: () => download("notes.jsonl", notes.lines()) }, "Export notes.jsonl"),
      h("button", { type: "button", onclick: () => file.click() }, "Import"),
      file,
    ),
    rows.length
      ? h("table", {}, h("thead", {}, h("tr", {}, ["message", "flag", "note"].map((name) => h("th", { scope: "col" }, name)))),
          h("tbody", {}, rows.map(([key, one]) => {
            const at = key.lastIndexOf("/");
            return h("tr", {}, h("td", {}, h("a", { href: address("conversations", [key.slice(0, at), key.slice(at + 1)]) }, key)), h("td", {}, one.flag ? "flagged" : ""), h("td", {}, one.note || ""));
          })))
      : h("p", {}, "Nothing is flagged yet: press Flag at a message, or F on the keyboard."),
  );
}
