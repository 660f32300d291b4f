// The demonstration's page: shows what the stream of the rooms says, and sends what the visitor does.
// Whatever a person wrote reaches the page as text nodes only; nothing here reads markup.
"use strict";

const PEOPLE = ["Ada", "Ben", "Cleo", "Dina", "Emil", "Farah"];
const EMOJI = ["👍", "❤️", "🎉", "😂", "🤔", "👀"];
const TONES = 6;
const STATES = {
  running: "The bridge is running",
  starting: "The bridge is starting …",
  stopped: "The bridge is dead: nothing crosses",
};

const byId = (id) => document.getElementById(id);
const columns = new Map(); // "link/account" → column
let view = null;
let shownLink = null;

// --- elements ---

function element(tag, className, ...inside) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...inside);
  return made;
}

function clone(id) {
  return byId(id).content.firstElementChild.cloneNode(true);
}

// --- text trees: ["bold", [["text", "so"]]] → elements, of this list and no others ---

const NODES = {
  text: (words) => document.createTextNode(words),
  break: () => element("br"),
  bold: (inside) => element("strong", "", ...nodes(inside)),
  italic: (inside) => element("em", "", ...nodes(inside)),
  underline: (inside) => element("u", "", ...nodes(inside)),
  strike: (inside) => element("s", "", ...nodes(inside)),
  code: (words) => element("code", "", words),
  link: (inside, url) => link(nodes(inside), url),
  mention: (name) => element("span", "mention", name),
  emoji: (name) => document.createTextNode(`:${name}:`),
  paragraph: (inside) => element("p", "", ...nodes(inside)),
  quote: (blocks) => element("blockquote", "", ...nodes(blocks)),
  codeblock: (words) => element("pre", "", element("code", "", words)),
  list: (items, start) => list(items, start),
  heading: (inside) => element("p", "heading", ...nodes(inside)),
  spoiler: (inside) => {
    const made = element("span", "spoiler", ...nodes(inside));
    made.tabIndex = 0;
    return made;
  },
};

function nodes(tree) {
  return tree.filter(([kind]) => Object.hasOwn(NODES, kind)).map(([kind, ...rest]) => NODES[kind](...rest));
}

function list(items, start) {
  const made = element(start === null ? "ul" : "ol", "", ...items.map((item) => element("li", "", ...nodes(item))));
  if (start !== null) made.start = start;
  return made;
}

function link(inside, url) {
  if (!/^(https?:\/\/|mailto:)/i.test(url)) return element("span", "", ...inside);
  const made = element("a", "", ...inside);
  made.href = url;
  made.rel = "noopener noreferrer";
  made.target = "_blank";
  return made;
}

// --- what the visitor does ---

async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (answer.ok) return complain("");
    const told = await answer.json().catch(() => ({}));
    return complain(told.error || "That did not work.");
  } catch {
    return complain("The demo does not answer: has it ended?");
  }
}

function complain(words) {
  const problem = byId("problem");
  problem.textContent = words;
  problem.hidden = !words;
  return !words;
}

// --- one column ---

class Column {
  constructor(room, tone) {
    this.room = room;
    this.items = new Map(); // message id → {element, seen}
    this.mode = { do: "say" };
    this.sent = Promise.resolve();
    this.element = clone("room-template");
    this.element.dataset.account = room.account;
    this.element.style.setProperty("--tone", `var(--tone-${tone % TONES})`);
    this.find(".title").textContent = room.title;
    this.find(".title").id = `title-${room.account}-${tone}`;
    this.find(".place").textContent = room.room;
    this.element.setAttribute("aria-labelledby", this.find(".title").id);
    this.find(".log").setAttribute("aria-label", `Messages on ${room.title}`);
    this.find(".person").value = room.person || PEOPLE[tone % PEOPLE.length];
    this.find(".person").disabled = Boolean(room.person);
    this.find(".text").placeholder = `Message on ${room.title}`;
    this.listen();
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  listen() {
    const form = this.find(".composer");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.find(".text").addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.setMode({ do: "say" });
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    this.find(".cancel").addEventListener("click", () => this.setMode({ do: "say" }));
  }

  async act(what) {
    return post("/act", { account: this.room.account, room: this.room.room, ...what });
  }

  // One after the other, so that what is typed quickly stays in order; what was refused comes back.
  send() {
    const field = this.find(".text");
    const [mode, text] = [this.mode, field.value];
    if (!text.trim()) return;
    const { about, words, ...what } = mode;
    if (what.do === "say") what.person = this.find(".person").value;
    this.setMode({ do: "say" });
    field.value = "";
    this.sent = this.sent.then(() => this.act({ ...what, text })).then((done) => {
      if (done || field.value) return;
      this.setMode(mode);
      field.value = text;
    });
  }

  // Writing something new, an answer or other words: {do, about, …what the server wants}.
  setMode(mode) {
    const field = this.find(".text");
    if (this.mode.do === "edit" || mode.words) field.value = mode.words || "";
    this.mode = mode;
    this.find(".about").hidden = !mode.about;
    this.find(".about-text").textContent = mode.about || "";
    this.find(".person").disabled = mode.do === "edit" || Boolean(this.room.person);
    this.find(".send").textContent = mode.do === "edit" ? "Save" : "Send";
    field.focus();
  }

  // Bring the list to what the room shows now; what did not change stays as it is, with its focus.
  show(room) {
    this.room = room;
    const log = this.find(".log");
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
    const there = new Set(room.messages.map((message) => message.id));
    for (const [id, item] of this.items) {
      if (there.has(id)) continue;
      item.element.remove();
      this.items.delete(id);
    }
    room.messages.forEach((message, index) => {
      const element = this.item(message);
      if (log.children[index] !== element) log.insertBefore(element, log.children[index] || null);
    });
    if (atEnd) log.scrollTop = log.scrollHeight;
  }

  item(message) {
    const seen = JSON.stringify(message);
    const known = this.items.get(message.id);
    if (known && known.seen === seen) return known.element;
    const focused = known && known.element.contains(document.activeElement) ? document.activeElement.dataset.do : null;
    const element = this.drawn(message);
    if (known) known.element.replaceWith(element);
    this.items.set(message.id, { element, seen });
    if (focused) element.querySelector(`[data-do="${focused}"]`)?.focus();
    return element;
  }

  drawn(message) {
    const made = clone("message-template");
    const find = (selector) => made.querySelector(selector);
    made.dataset.id = message.id;
    made.classList.toggle("bridged", message.own === null);
    find(".face").textContent = message.author.match(/[\p{L}\p{N}\p{S}]/u)?.[0] ?? "?";
    find(".author").textContent = message.author;
    find(".brought").hidden = message.own !== null;
    find(".edited").hidden = !message.edited;
    if (message.answers) find(".answers").textContent = `${message.answers.author}: ${message.answers.excerpt}`;
    find(".said").append(...nodes(message.rich));
    find(".reactions").append(...this.reactions(message));
    this.arm(made, message);
    return made;
  }

  reactions(message) {
    return Object.entries(message.reactions).map(([emoji, count]) => {
      const made = element("button", "reaction", `${emoji} ${count}`);
      made.type = "button";
      made.setAttribute("aria-label", `${emoji}, ${count}: react too`);
      made.disabled = !this.can("react");
      made.addEventListener("click", () => this.react(message, emoji));
      return made;
    });
  }

  can(ability) {
    return this.room.can.includes(ability);
  }

  // Show the buttons that the platform and the message allow, and let them do their work.
  arm(made, message) {
    const mine = message.own !== null;
    const allowed = {
      reply: this.can("reply"),
      react: this.can("react"),
      edit: mine && this.can("edit"),
      delete: mine && this.can("delete"),
    };
    const does = {
      reply: () => this.setMode({ do: "say", in_reply_to: message.id, about: `Answering ${brief(message)}` }),
      react: () => this.palette(made, message),
      edit: () => this.setMode({ do: "edit", message: message.id, about: `Editing ${brief(message)}`, words: message.own }),
      delete: () => this.act({ do: "delete", message: message.id }),
    };
    for (const button of made.querySelectorAll("[data-do]")) {
      const what = button.dataset.do;
      button.hidden = !allowed[what];
      button.setAttribute("aria-label", `${button.title} to ${brief(message)}`.replace(/^(Edit|Delete) to/, "$1"));
      button.addEventListener("click", does[what]);
    }
    made.querySelector(".actions").hidden = !Object.values(allowed).some(Boolean);
  }

  palette(made, message) {
    const palette = made.querySelector(".palette");
    const opener = made.querySelector('[data-do="react"]');
    if (!palette.childElementCount) palette.append(...EMOJI.map((emoji) => this.emojiButton(emoji, message, palette)));
    palette.hidden = !palette.hidden;
    opener.setAttribute("aria-expanded", String(!palette.hidden));
    if (!palette.hidden) palette.firstElementChild.focus();
    made.onkeydown = (event) => {
      if (event.key !== "Escape" || palette.hidden) return;
      this.palette(made, message);
      opener.focus();
    };
  }

  emojiButton(emoji, message, palette) {
    const made = element("button", "", emoji);
    made.type = "button";
    made.setAttribute("aria-label", `React with ${emoji}`);
    made.addEventListener("click", () => {
      palette.hidden = true;
      this.react(message, emoji);
    });
    return made;
  }

  react(message, emoji) {
    return this.act({ do: "react", message: message.id, person: this.find(".person").value, emoji });
  }
}

function brief(message) {
  const words = message.text.replace(/\s+/g, " ");
  return `${message.author}: ${words.length > 48 ? `${words.slice(0, 48)}…` : words}`;
}

// --- the whole page ---

function show(next) {
  view = next;
  shownLink = shownLink ?? view.links[0].name;
  showState(view.bridge);
  showLinks();
  const link = view.links.find((one) => one.name === shownLink);
  const wanted = link.rooms.map((room, index) => {
    const key = `${link.name}/${room.account}`;
    if (!columns.has(key)) columns.set(key, new Column(room, index));
    const column = columns.get(key);
    column.show(room);
    return column;
  });
  const rooms = byId("rooms");
  const there = [...rooms.children];
  if (there.length !== wanted.length || there.some((one, index) => one !== wanted[index].element)) {
    rooms.replaceChildren(...wanted.map((column) => column.element));
    for (const column of wanted) column.find(".log").scrollTop = column.find(".log").scrollHeight;
  }
}

function showState(state) {
  if (byId("bridge").dataset.state === state) return;
  byId("bridge").dataset.state = state;
  byId("state").textContent = STATES[state] || "The demo does not answer: has it ended?";
  const [kill, start] = [byId("kill"), byId("start")];
  const focused = document.activeElement === kill || document.activeElement === start;
  kill.hidden = state !== "running" && state !== "starting";
  start.hidden = state !== "stopped";
  kill.disabled = start.disabled = false;
  if (focused) (kill.hidden ? start : kill).focus();
}

function showLinks() {
  const nav = byId("links");
  if (!nav.childElementCount) {
    nav.append(...view.links.map(({ name }) => {
      const made = element("button", "", name[0].toUpperCase() + name.slice(1));
      made.type = "button";
      made.dataset.link = name;
      made.addEventListener("click", () => {
        shownLink = name;
        show(view);
      });
      return made;
    }));
  }
  for (const button of nav.children) button.setAttribute("aria-pressed", String(button.dataset.link === shownLink));
}

for (const what of ["kill", "start"]) {
  byId(what).addEventListener("click", (event) => {
    event.currentTarget.disabled = true;
    post(`/bridge/${what}`, {}).then((done) => { if (!done) byId(what).disabled = false; });
  });
}

const stream = new EventSource("/events");
stream.onmessage = (event) => show(JSON.parse(event.data));
stream.onerror = () => showState("gone");
