// What the board shows of a status and a queue. Draws only; what is done stands in page.js.
import { ago, button, byId, element, fact, lamp, lasting, name, number, plural, renew, sentence } from "./draw.js";

const TONES = { up: "good", starting: "wait", down: "wait", stopped: "bad" };
const STATES = { up: "up", starting: "starting", down: "down", stopped: "stopped" };

// What is drawn anew when it changed holds no seconds but those that are shown.
const aged = ({ oldest_waiting_seconds: seconds, ...one }) => ({ ...one, oldest: seconds === null ? "" : lasting(seconds) });
const open = (room) => room.counts.waiting + room.counts.held;

// --- what needs the operator ---

export function needs(status) {
  const found = [];
  const { refusing } = status.store;
  if (refusing) found.push({ id: "store", tone: "bad", title: "Nothing new is accepted", why: refusing, advice: "What was accepted is still delivered. Make room on the disk." });
  if (!status.counts_add_up) found.push({ id: "sum", tone: "bad", title: "The counts do not add up", why: "", advice: "Please report this." });
  for (const [account, one] of Object.entries(status.accounts)) {
    if (one.state === "down" || one.state === "stopped") {
      found.push({ id: `account ${account}`, tone: TONES[one.state], title: "Account", who: account, is: `is ${STATES[one.state]}`, why: one.last_error, advice: one.advice });
    }
  }
  for (const room of status.rooms) {
    if (room.configured && room.held) found.push({ id: `room ${room.room}`, tone: room.moved_to ? "bad" : "wait", title: "Room", who: room.room, is: room.moved_to ? "waits for your word" : "is held", why: room.held, advice: room.advice, room: room.room, place: room.place, moved_to: room.moved_to });
    if (!room.configured && open(room)) found.push({ id: `gone ${room.room}`, tone: "wait", title: "Room", who: room.room, is: `is in no link, ${plural(open(room), "delivery", "deliveries")} kept`, why: "", advice: "Name it in a link again, and they go." });
    if (room.counts.parked) found.push({ id: `parked ${room.room}`, tone: "wait", title: "Room", who: room.room, is: `has ${plural(room.counts.parked, "parked delivery", "parked deliveries")}`, why: "", advice: "Look why, then retry or drop them.", parked: room.room });
  }
  for (const one of status.announcements) {
    for (const { what, advice } of one.needs) found.push({ id: `announcement ${one.number} ${what}`, tone: "wait", title: one.title, is: what, why: "", advice });
  }
  return found.sort((one, other) => (other.tone === "bad") - (one.tone === "bad"));
}

function need(one, acts) {
  const made = element("li", "card need", lamp(one.tone));
  const head = element("p", "need-head", element("strong", "", one.title, one.who ? " " : "", one.who ? name(one.who) : "", one.is ? ` ${one.is}` : ""));
  made.append(element("div", "need-words", head, one.why ? element("p", "why", name(one.why)) : "", sentence(one.advice, "advice")));
  const buttons = element("div", "buttons");
  if (one.moved_to) {
    buttons.append(button("Follow", `Follow: ${one.who} is at ${one.moved_to} now`, "", () => acts.follow(one, one.moved_to)));
    if (one.place) buttons.append(button("Stay", `Stay: ${one.who} is still at ${one.place}`, "", () => acts.follow(one, one.place)));
  }
  if (one.parked) buttons.append(button("Look", `Look at what is parked for ${one.parked}`, "", () => acts.look(one.parked)));
  if (buttons.childElementCount) made.append(buttons);
  return made;
}

// --- accounts, links, rooms ---

function account([title, one]) {
  const made = element("li", "card");
  made.append(
    element("p", "card-head", lamp(TONES[one.state]), element("strong", "", name(title)), element("span", "quiet", one.connector)),
    element("p", "", `${STATES[one.state]} for `, ago(one.since), one.state === "down" ? ", trying again" : "", one.me ? ", as " : "", one.me ? name(one.me) : ""),
  );
  const oldest = one.oldest === "" ? "" : `, the oldest for ${one.oldest}`;
  made.append(element("p", "quiet", `${plural(one.rooms, "room")}, ${number(one.received)} received, ${number(one.queued)} waiting${oldest}`));
  if (one.last_error) made.append(element("p", "why", one.state === "up" ? "last error: " : "", name(one.last_error)));
  return made;
}

function roomLine(room) {
  const made = element("li", "room");
  const tone = !room.configured || room.held ? "wait" : room.entered ? "good" : "bad";
  const numbers = element("p", "numbers");
  const counts = [
    [room.counts.waiting, "waiting", "num"], [room.counts.held, "held", "num wait"], [room.counts.parked, "parked", "num bad"],
  ].filter(([count]) => count);
  numbers.append(...counts.map(([count, words, className]) => element("span", className, `${number(count)} ${words}`)));
  if (room.oldest) numbers.append(element("span", "quiet", `oldest ${room.oldest}`));
  numbers.append(element("span", "quiet", `${number(room.counts.delivered)} delivered`));
  made.append(element("p", "room-head", lamp(tone), name(room.room, "room-name")), numbers);
  const why = room.held ?? (room.entered ? "" : "not entered");
  if (why) made.append(element("p", "why", name(why)));
  return made;
}

function link([title, way, rooms]) {
  const made = element("li", "card link");
  made.append(element("p", "card-head", element("strong", "", name(title)), element("span", "quiet", way.words)));
  for (const [words, names] of way.groups) {
    if (words) made.append(element("p", "group quiet", words));
    made.append(element("ul", "rooms", ...names.filter((one) => rooms[one]).map((one) => roomLine(rooms[one]))));
  }
  return made;
}

function direction({ sources, targets }) {
  const both = sources.length === targets.length && sources.every((room) => targets.includes(room));
  if (both) return { words: "everyone hears everyone", groups: [["", sources]] };
  return { words: "one way", groups: [["from", sources], ["to", targets]] };
}

function links(status) {
  const rooms = Object.fromEntries(status.rooms.map((room) => [room.room, aged(room)]));
  const of = (names) => Object.fromEntries(names.filter((one) => rooms[one]).map((one) => [one, rooms[one]]));
  const found = Object.entries(status.links).map(([title, one]) => [title, direction(one), of([...one.sources, ...one.targets])]);
  const named = new Set(Object.values(status.links).flatMap((one) => [...one.sources, ...one.targets]));
  const others = status.rooms.filter((room) => !named.has(room.room) && (room.configured || open(room) || room.counts.parked)).map((room) => room.room);
  if (others.length) found.push(["", { words: "in no link", groups: [["", others]] }, of(others)]);
  return found;
}

// --- announcements ---

const REACHES = { waits: "waiting", under_way: "under way", delivered: "delivered", refused: "refused", closed: "not to be written to", left: "left", unknown: "unknown", stopped: "not sent to", impossible: "not to be changed", lost: "lost", accepted: "not confirmed yet", unconfirmed: "not confirmed in time" };
const STAGES = { approved: "goes in a moment", going: "is being sent", done: "is sent", stopped: "was stopped" };

function announcement(one) {
  const made = element("li", "card");
  const tone = one.needs.length ? "wait" : "good";
  made.append(element("p", "card-head", lamp(tone), element("strong", "", name(one.title)), element("span", "quiet", name(one.name))));
  made.append(element("p", "", `${STAGES[one.stage] ?? one.stage}, since `, ago(one.since), one.waiting ? `, ${number(one.waiting)} waiting` : ""));
  for (const [account, reaches] of Object.entries(one.reaches)) {
    const counts = Object.entries(reaches).map(([reach, many]) => `${number(many)} ${REACHES[reach] ?? reach}`).join(", ");
    made.append(element("p", "quiet", name(account), `: ${counts}`));
  }
  return made;
}

function announcements(status) {
  renew(byId("announcements"), status.announcements, (one) => one.number, announcement);
  byId("announced").hidden = status.announcements.length === 0;
}

// --- parked ---

export function parked(rows, acts) {
  renew(byId("parked"), rows, (row) => row.number, (row) => parkedRow(row, acts));
}

function parkedRow(row, acts) {
  const made = element("li", "card parked");
  made.dataset.number = row.number;
  const about = `delivery ${row.number} to ${row.room}`;
  const buttons = element("div", "buttons", button("Retry", `Retry ${about}`, "primary", () => acts.change("retry", row)), button("Drop", `Drop ${about}`, "danger", () => acts.change("drop", row)));
  if (row.message !== null) buttons.append(button("Life", `The life of message ${row.message}`, "", () => acts.trace(String(row.message))));
  made.append(
    element("div", "parked-words",
      element("p", "", element("span", "num", `#${row.number}`), " ", row.kind, " from ", row.author ? name(row.author, "strong") : element("em", "", "the bridge"), " to ", name(row.room, "strong"), element("span", "quiet", ` through ${row.link ? "" : "no link"}`, row.link ? name(row.link) : "", ", ", ago(row.at), " ago")),
      element("p", "why", element("span", "reason", row.reason), row.error ? ": " : "", row.error ? name(row.error) : ""),
      sentence(row.advice, "advice")),
    buttons,
  );
  return made;
}

// --- the life of a message ---

export function life(found) {
  const steps = [
    ...found.copies.map((copy) => [copy.kind === "origin" ? "written" : copy.kind, copy.room, copy.id, copy.kind === "note" ? "quiet" : "good"]),
    ...found.waiting.map((row) => [row.what, row.room, row.why, row.what.endsWith("parked") ? "bad" : "wait"]),
  ];
  const list = element("ol", "steps", ...steps.map(([what, room, words, tone]) =>
    element("li", "", lamp(tone), element("span", "what", what), name(room, "strong"), name(words || "no id", "quiet native"))));
  const where = found.room ? [" in ", name(found.room, "strong")] : [", the bridge's own words"];
  const when = new Date(found.at).toLocaleString();
  return [element("p", "", `Message ${found.message} by `, name(found.author || "nobody", "strong"), ...where, `, ${when}`), list];
}

// --- numbers ---

function tile([term, value, tone]) {
  const made = fact(term, value);
  made.dataset.tone = tone;
  return made;
}

function tiles(status) {
  const { counts } = status;
  const oldest = Math.max(-1, ...status.rooms.map((room) => room.oldest_waiting_seconds ?? -1));
  return [
    ["waiting", number(counts.waiting), ""],
    ["oldest waiting", oldest < 0 ? "–" : lasting(oldest), ""],
    ["held", number(counts.held), counts.held ? "wait" : ""],
    ["parked", number(counts.parked), counts.parked ? "bad" : ""],
    ["delivered", number(counts.delivered), ""],
  ];
}

export function board(status, found, acts) {
  renew(byId("needs"), found, (one) => one.id, (one) => need(one, acts));
  byId("calm").hidden = found.length > 0;
  renew(byId("tiles"), tiles(status), ([term]) => term, tile);
  renew(byId("accounts"), Object.entries(status.accounts).map(([title, one]) => [title, { ...aged(one), uptime_seconds: 0 }]), ([title]) => title, account);
  renew(byId("links"), links(status), ([title]) => title, link);
  announcements(status);
  const counts = [...Object.entries(status.counts), ...Object.entries(status.causes).map(([cause, count]) => [`of these, ${cause.replaceAll(":", ": ")}`, count])];
  renew(byId("counts"), counts, ([term]) => term, ([term, count]) => fact(term, number(count)));
  byId("sum").textContent = status.counts_add_up ? "Accepted is the sum of all the others: nothing is missing." : "The counts do not add up.";
}
