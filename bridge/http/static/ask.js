// Asks the bridge. The token lives in this tab only: it goes as a header, and never into an address.

const KEY = "qantara.token";

export const token = {
  get: () => sessionStorage.getItem(KEY),
  keep: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

// What went wrong: `status` is 0 when nobody answers.
export class Refused extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

const WORDS = {
  401: "The bridge does not know this token.",
  421: "The bridge is not called by this name: open it by its address, or set http.public_url.",
  429: "Too many wrong tokens came from your address. Wait a minute, then try again.",
};

// Characters that a header cannot carry are in no token; the address of the page gives the folder all paths start from.
export async function ask(method, path, body) {
  const given = token.get() ?? "";
  if (!/^[\x21-\xff]+$/.test(given)) throw new Refused(401, WORDS[401]);
  const answer = await fetch(path, {
    method,
    headers: { Authorization: `Bearer ${given}`, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
    signal: AbortSignal.timeout(30000),
  }).catch(() => {
    throw new Refused(0, "The bridge does not answer.");
  });
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  throw new Refused(answer.status, WORDS[answer.status] ?? told.error ?? `The bridge refused (${answer.status}).`);
}
