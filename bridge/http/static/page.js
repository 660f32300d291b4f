// The operator's page: signs in, looks every few seconds, and does what the buttons say.
import { Refused, ask, token } from "./ask.js";
import { board, life, needs, parked } from "./board.js";
import { byId, name, number, pass, plural, renew, sure } from "./draw.js";

const LOOK_MILLISECONDS = 3000;
let queue = { rows: [], more: false };
let status = null;
let timer = 0;
let turn = 0; // counts looks and sign-outs: what was asked before must not show after them

// --- looking ---

async function look() {
  clearTimeout(timer);
  turn += 1;
  const mine = turn;
  try {
    const seen = await ask("GET", "status"); // one after the other: a wrong token counts once
    const rows = await ask("GET", "queue");
    if (mine !== turn) return;
    [status, queue] = [seen, rows];
    problem("");
    show();
  } catch (error) {
    if (mine !== turn) return;
    lost(error);
  }
  if (mine === turn && !document.hidden) timer = setTimeout(look, LOOK_MILLISECONDS);
}

function lost(error) {
  if (!(error instanceof Refused)) throw error;
  if (error.status === 401 || (error.status === 429 && status === null)) return leave(error.message);
  tone("bad", error.status ? "The bridge has trouble" : "The bridge does not answer");
  return problem(`${error.message}${status ? " What you see is from before." : ""} It is asked again every few seconds.`);
}

function show() {
  const found = needs(status);
  const first = !byId("sign-in").hidden;
  byId("sign-in").hidden = true;
  byId("token").value = "";
  for (const id of ["board", "session", "state", "foot"]) byId(id).hidden = false;
  const bad = found.some((one) => one.tone === "bad");
  const words = found.length ? `${plural(found.length, "thing needs", "things need")} you` : "All is well";
  tone(bad ? "bad" : found.length ? "wait" : "good", status.ready ? words : "Starting …");
  document.title = found.length ? `(${found.length}) Qantara: operator` : "Qantara: operator";
  byId("version").textContent = status.version;
  byId("as-of").textContent = `as of ${new Date(status.at).toLocaleTimeString()}`;
  board(status, found, acts);
  showParked();
  if (first) byId("needs-title").focus({ preventScroll: true });
  const free = number(Math.round(status.store.free_bytes / 1048576));
  byId("foot").replaceChildren("Store ", name(status.store.path), `, ${status.store.synchronous}, ${number(status.store.commits)} commits, ${free} MiB free. Words of messages are not shown here: look into the room.`);
}

function tone(colour, words) {
  byId("state").dataset.tone = colour;
  if (byId("state-words").textContent !== words) byId("state-words").textContent = words;
}

// --- the list of what is parked ---

function showParked() {
  const rooms = [...new Set(status.rooms.filter((room) => room.counts.parked).map((room) => room.room))].sort();
  const select = byId("of-room");
  const chosen = rooms.includes(select.value) ? select.value : "";
  renew(select, ["", ...rooms], (room) => room, (room) => new Option(room || "all rooms", room));
  select.value = chosen;
  const wanted = byId("find").value.trim().toLowerCase();
  const rows = queue.rows.filter((row) => (!chosen || row.room === chosen) && (!wanted || [row.number, row.author, row.room, row.link, row.kind, row.reason, row.error].join(" ").toLowerCase().includes(wanted)));
  parked(rows, acts);
  pass(status.at);
  byId("filters").hidden = !queue.rows.length;
  byId("all").hidden = !chosen;
  byId("parked-count").textContent = queue.rows.length ? `${number(rows.length)} of ${number(status.counts.parked)}${queue.more ? ", the oldest thousand" : ""}` : "";
  byId("none-parked").hidden = rows.length > 0;
  byId("none-parked").textContent = queue.rows.length ? "Nothing that is parked fits." : "Nothing is parked.";
}

// --- doing ---

const acts = { follow, look: lookAt, change, trace };

async function change(what, row) {
  const title = `Drop delivery ${row.number}?`;
  if (what === "drop" && !(await sure(title, ["It is forgotten for good; ", name(row.room), " never shows it."], "Drop it", "danger"))) return;
  await doing("POST", `queue/${what}`, { rows: [row.number] }, (told) => said(what, told));
}

async function changeAll(what) {
  const room = byId("of-room").value;
  const count = status.rooms.find((one) => one.room === room)?.counts.parked ?? 0;
  const words = [`All ${number(count)} that are parked for `, name(room), what === "drop" ? " are forgotten for good." : " wait in line again."];
  if (!(await sure(`${what === "drop" ? "Drop" : "Retry"} all of the room?`, words, what === "drop" ? "Drop all" : "Retry all", what === "drop" ? "danger" : "primary"))) return;
  await doing("POST", `queue/${what}`, { room }, (told) => said(what, told));
}

const said = (what, { rows }) => (rows ? `${plural(rows, "delivery", "deliveries")} ${what === "drop" ? "forgotten" : "in line again"}.` : "It was not parked any more.");

async function follow(one, to) {
  const words = ["Anybody who administers a room can say that it moved: ask somebody you trust. From now on ", name(one.room), " is ", name(to, "strong"), ", and what waits goes there."];
  if (!(await sure("Is the room there?", words, "Yes, it is there", "primary"))) return;
  await doing("POST", "follow", { room: one.room, to }, () => "The room is entered there.");
}

async function doing(method, path, body, told) {
  try {
    done(told(await ask(method, path, body)));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.status === 401) return leave(error.message);
    done("");
    problem(error.message);
    return undefined;
  }
  return look();
}

function lookAt(room) {
  byId("of-room").value = room;
  byId("find").value = "";
  showParked();
  byId("parked-title").scrollIntoView();
  byId("parked-title").focus();
}

async function trace(what) {
  byId("what").value = what;
  byId("life-title").scrollIntoView();
  byId("what").focus({ preventScroll: true });
  try {
    byId("life").replaceChildren(...life(await ask("GET", `trace/${encodeURIComponent(what)}`)));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.status === 401) return leave(error.message);
    byId("life").replaceChildren(error.message);
  }
  return undefined;
}

// --- telling ---

function problem(words) {
  if (byId("problem").textContent !== words) byId("problem").textContent = words;
  byId("problem").hidden = !words;
}

function done(words) {
  byId("done").textContent = words;
  byId("done").hidden = !words;
  clearTimeout(done.timer);
  done.timer = setTimeout(() => { byId("done").hidden = true; }, 6000);
}

// --- coming and going ---

function leave(why) {
  turn += 1;
  clearTimeout(timer);
  token.forget();
  [status, queue] = [null, { rows: [], more: false }];
  for (const id of ["board", "session", "state", "foot"]) byId(id).hidden = true;
  for (const id of ["needs", "tiles", "accounts", "links", "parked", "counts"]) renew(byId(id), [], String, String);
  byId("life").replaceChildren();
  byId("version").textContent = "";
  document.title = "Qantara: operator";
  byId("sign-in").hidden = false;
  problem(why);
  byId("token").value = "";
  byId("token").focus();
}

byId("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  token.keep(byId("token").value.trim());
  look();
});
byId("leave").addEventListener("click", () => leave(""));
byId("filters").addEventListener("submit", (event) => event.preventDefault());
byId("filters").addEventListener("input", () => showParked());
byId("retry-all").addEventListener("click", () => changeAll("retry"));
byId("drop-all").addEventListener("click", () => changeAll("drop"));
byId("trace").addEventListener("submit", (event) => {
  event.preventDefault();
  trace(byId("what").value.trim());
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else if (token.get() !== null) look();
});

if (token.get() === null) leave("");
else look();
