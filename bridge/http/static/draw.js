// Makes and renews elements. Whatever somebody wrote reaches the page as text nodes only; nothing here reads markup.

export const byId = (id) => document.getElementById(id);

export function element(tag, className, ...inside) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...inside.filter((one) => one !== null && one !== undefined && one !== ""));
  return made;
}

// A name from elsewhere: its direction of writing stays its own.
export const name = (words, className) => element("bdi", className, words);

export const lamp = (tone) => {
  const made = element("span", "lamp");
  made.dataset.tone = tone;
  made.setAttribute("aria-hidden", "true");
  return made;
};

export function button(words, label, tone, act) {
  const made = element("button", `button ${tone}`, words);
  made.type = "button";
  made.setAttribute("aria-label", label);
  made.dataset.do = words.toLowerCase();
  made.addEventListener("click", act);
  return made;
}

// A sentence in which `this` is a command.
export const sentence = (words, className) => element("p", className, ...words.split("`").map((part, index) => (index % 2 ? element("code", "", part) : part)));

// A pair of a list of facts, as `dl` wants it.
export function fact(term, value) {
  const made = element("div", "fact", element("dt", "", term), element("dd", "", value));
  return made;
}

export function lasting(seconds) {
  for (const [unit, length] of [["d", 86400], ["h", 3600], ["min", 60]]) {
    if (seconds >= length) return `${Math.floor(seconds / length)} ${unit}`;
  }
  return `${Math.max(0, Math.floor(seconds))} s`;
}

// A time that passes: `pass` writes how long ago it was, and the element stays.
export function ago(at) {
  const made = element("time");
  made.dateTime = at;
  return made;
}

export function pass(now) {
  for (const one of document.querySelectorAll("time")) {
    const words = lasting((Date.parse(now) - Date.parse(one.dateTime)) / 1000);
    if (one.textContent !== words) one.textContent = words;
  }
}

export const number = (count) => count.toLocaleString("en");

export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

// Bring a list to what is to be shown: what did not change stays the same element, with its focus and its place.
export function renew(list, items, key, draw) {
  const known = list.known ?? (list.known = new Map());
  const held = list.contains(document.activeElement);
  const wanted = items.map((item) => {
    const [id, seen] = [key(item), JSON.stringify(item)];
    const old = known.get(id);
    if (old && old.seen === seen) return { id, seen, made: old.made };
    const made = draw(item);
    const focused = old && old.made.contains(document.activeElement) ? document.activeElement.dataset.do : null;
    old?.made.replaceWith(made);
    if (focused) made.querySelector(`[data-do="${CSS.escape(focused)}"]`)?.focus();
    return { id, seen, made };
  });
  const kept = new Set(wanted.map(({ made }) => made));
  for (const child of [...list.children]) if (!kept.has(child)) child.remove();
  wanted.forEach(({ made }, index) => {
    if (list.children[index] !== made) list.insertBefore(made, list.children[index] ?? null);
  });
  list.known = new Map(wanted.map(({ id, seen, made }) => [id, { seen, made }]));
  if (held && !list.contains(document.activeElement)) {
    list.closest("section").querySelector('h2[tabindex="-1"]')?.focus();
  }
}

// Ask before what cannot be taken back. Resolves to whether the answer was yes.
export function sure(title, words, yes, tone) {
  const dialog = byId("ask");
  byId("ask-title").replaceChildren(title);
  byId("ask-words").replaceChildren(...[words].flat());
  byId("ask-yes").textContent = yes;
  byId("ask-yes").className = `button ${tone}`;
  dialog.returnValue = "";
  dialog.showModal();
  byId("ask-no").focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

byId("ask-yes").addEventListener("click", () => byId("ask").close("yes"));
byId("ask-no").addEventListener("click", () => byId("ask").close("no"));
