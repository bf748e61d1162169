// What every part uses: elements whose text is never read as HTML, the data of the page, and the address.

const SVG = "http://www.w3.org/2000/svg";

function h(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") made[name] = value;
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

function s(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, String(value));
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

function groupBy(list, key) {
  const groups = new Map();
  for (const one of list || []) groups.set(key(one), [...(groups.get(key(one)) || []), one]);
  return groups;
}

// Where `words` stand in `text`.
function places(text, words, attributes) {
  const found = [];
  const lower = text.toLowerCase();
  for (let at = words ? lower.indexOf(words) : -1; at >= 0; at = lower.indexOf(words, at + words.length)) {
    found.push([at, at + words.length, attributes]);
  }
  return found;
}

const number = (value) => (typeof value === "number" ? value.toLocaleString("en-US", { maximumFractionDigits: 4 }) : String(value));
const percent = (value) => `${Math.round(100 * value)} %`;
const say = (text) => {
  const line = document.getElementById("says");
  line.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => (line.textContent = ""), 2500);
};

// The data: blocks of JSON that gzip compressed, in the order in which Python wrote them.

const parsed = new Promise((done) => {
  if (document.readyState !== "loading") done();
  else document.addEventListener("DOMContentLoaded", done, { once: true });
});

async function unpack(name) {
  let held = document.getElementById(name);
  if (!held || (document.readyState === "loading" && !held.nextElementSibling)) {
    await parsed; // the parser may be in the middle of it
    held = document.getElementById(name);
  }
  if (!held) return null;
  const stream = new Blob([bytesOf(held.textContent)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text); // many times as fast, and not in every browser yet
  const packed = atob(text);
  const bytes = new Uint8Array(packed.length);
  for (let at = 0; at < packed.length; at++) bytes[at] = packed.charCodeAt(at);
  return bytes;
}

const KEPT_BLOCKS = 24;
const blocks = new Map();

function blockOf(starts, row) {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}

async function rowOf(name, row) {
  return (await rowAndLines(name, row))[0];
}

// A row, and the lines that the rows of its block share.
async function rowAndLines(name, row) {
  const starts = (data.blocks || {})[name];
  if (!starts || !starts.length) return [null, []];
  const at = blockOf(starts, row);
  const key = `${name}-${at}`;
  const rows = blocks.get(key) || unpack(key);
  blocks.delete(key);
  blocks.set(key, rows);
  if (blocks.size > KEPT_BLOCKS) blocks.delete(blocks.keys().next().value);
  const held = (await rows) || [];
  return [(held.rows || held)[row - starts[at]] || null, held.lines || []];
}

let data = null; // the index
let people = null; // all personas, once somebody asks for them

async function loadPeople() {
  const starts = (data.blocks || {}).people || [];
  people = people || (await Promise.all(starts.map((_, at) => unpack(`people-${at}`)))).flatMap((rows) => rows || []);
  return people;
}

// The address: #/part/tree/node?filters

function route() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [part, ...rest] = path.split("/").map((piece) => {
    try {
      return decodeURIComponent(piece);
    } catch {
      return piece;
    }
  });
  return { part: part || "overview", rest, query: new URLSearchParams(query || "") };
}

function address(part, rest = [], query = null) {
  const path = ["#", part, ...rest.map(encodeURIComponent)].join("/");
  const text = query ? query.toString() : "";
  return text ? `${path}?${text}` : path;
}

// Texts with parts marked.

function marked(text, ranges) {
  const made = document.createDocumentFragment();
  let at = 0;
  for (const [begin, end, attributes] of ranges.filter((one) => one[1] > one[0]).sort((a, b) => a[0] - b[0])) {
    if (begin < at) continue;
    made.append(text.slice(at, begin), h("mark", attributes, text.slice(begin, end)));
    at = end;
  }
  made.append(text.slice(at));
  return made;
}

function light(name, value, on) {
  for (const found of document.querySelectorAll(`[data-${name}]`)) {
    if (found.dataset[name] === value) found.classList.toggle("lit", on);
  }
}

const lights = (name, value) => ({
  tabindex: 0,
  onmouseenter: () => light(name, value, true),
  onmouseleave: () => light(name, value, false),
  onfocus: () => light(name, value, true),
  onblur: () => light(name, value, false),
});

// The words of one text that are not in the other, by the longest common sequence.

function differences(one, other) {
  const cut = (text) => text.match(/\s+|[\p{L}\p{N}'’]+|[^\s\p{L}\p{N}]/gu) || [];
  const a = cut(one);
  const b = cut(other);
  if (a.length * b.length > 4e6) return [];
  const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      table[i][j] = a[i] === b[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
    }
  }
  const ranges = [];
  let [i, j, at] = [0, 0, 0];
  while (i < a.length) {
    if (j < b.length && a[i] === b[j]) {
      j++;
    } else if (j < b.length && table[i][j + 1] >= table[i + 1][j]) {
      j++;
      continue;
    } else if (a[i].trim()) {
      const last = ranges[ranges.length - 1];
      if (last && !one.slice(last[1], at).trim()) last[1] = at + a[i].length;
      else ranges.push([at, at + a[i].length]);
    }
    at += a[i++].length;
  }
  return ranges;
}
