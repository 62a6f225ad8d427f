// The agent's card: evidence in place, forms that stay on the page, and what arrives while it is open.
// The page is whole without this script; what the service sends is put in part by part (`data-part`).

import { announce, part, Refusal, showRefusal } from "./base.js";
import { closeInPlace, openMarks, prepare, readOut, reopen, toggle, toggleEntry } from "./card-claims.js";

const LOOK_AGAIN_MS = 20_000;

const card = document.getElementById("card");
const fault = document.getElementById("fault");
const base = card.dataset.base;
// Each part as the service last sent it, so that what a person opened in it is left alone while it stays the same.
const sent = new Map(parts(card).map((one) => [one.dataset.part, content(one)]));
let closed = false;
let revision = Number(topOf(card).dataset.revision);
let stream = null;
// Somebody who writes by an input method loses half a word when its field is replaced.
let composing = false;

prepare(card);
if ("pending" in card.dataset) follow();
if ("unseen" in card.dataset) whenVisible(tellDisplayed);
setInterval(lookAgain, LOOK_AGAIN_MS);
document.addEventListener("visibilitychange", lookAgain);
card.addEventListener("click", clicked);
card.addEventListener("submit", submitted);
card.addEventListener("keydown", pressed);
card.addEventListener("compositionstart", () => { composing = true; });
card.addEventListener("compositionend", () => { composing = false; });

function parts(root) {
  return [...root.querySelectorAll("[data-part]")];
}

function topOf(root) {
  return root.querySelector('[data-part="top"]');
}

// --- evidence in place ---

function clicked(event) {
  const mark = event.target.closest("a.mark");
  const whole = event.target.closest("a[data-whole]");
  const entry = event.target.closest("a[data-entry]");
  if (mark) {
    event.preventDefault();
    readOut(toggle(mark));
  } else if (whole && whole.closest(".in-place, .entry, .evidence-list")) {
    event.preventDefault();
    showWhole(whole);
  } else if (entry) {
    event.preventDefault();
    toggleEntry(entry);
  }
}

function pressed(event) {
  if (event.key === "Escape") closeInPlace(event.target);
  if (event.key === " " && event.target.matches("a.mark")) {
    event.preventDefault();
    readOut(toggle(event.target));
  }
}

async function showWhole(link) {
  try {
    const entry = link.closest(".in-place > div, .entry, .evidence-list > li");
    entry.replaceChildren(...parsed(await part(link.href)).childNodes);
    entry.tabIndex = -1;
    entry.focus();
  } catch (refusal) {
    told(refusal);
  }
}

// --- forms ---

async function submitted(event) {
  const form = event.target;
  if (!("stay" in form.dataset)) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  const buttons = [...form.elements].filter((one) => one.matches("button"));
  for (const one of buttons) one.setAttribute("aria-disabled", "true");
  try {
    const answer = await send(form.getAttribute("action"), body);
    form.reset();
    form.closest("[data-part=tell] details")?.removeAttribute("open");
    settle(answer);
    announce("Kept.");
  } catch (refusal) {
    told(refusal);
  } finally {
    for (const one of buttons) one.removeAttribute("aria-disabled");
  }
}

async function send(address, body, wanted = "1") {
  const headers = { Accept: "text/html, application/problem+json", "X-Part": wanted };
  const answer = await fetch(address, { method: "POST", headers, body, credentials: "same-origin" });
  if (!answer.ok) throw new Refusal(await answer.json().catch(() => ({})), answer.status);
  return answer.text();
}

function tellDisplayed() {
  // Nothing of the card changes by it, so none of it is sent back.
  send(`${base}/feedback`, new URLSearchParams({ displayed_at: new Date().toISOString() }), "none").catch(told);
}

// --- what arrives ---

/** Listen while more may come: each revision, then that the brief is complete. */
function follow() {
  if (stream) return;
  stream = new EventSource(`${base}/live`);
  stream.addEventListener("card", (event) => settle(JSON.parse(event.data)));
  stream.addEventListener("done", () => {
    unfollow();
    document.getElementById("coming")?.remove();
  });
  stream.addEventListener("refused", () => {
    unfollow();
    lookAgain();
  });
}

function unfollow() {
  stream?.close();
  stream = null;
  delete card.dataset.pending;
}

/** Put in what the service sent, and say so where it is another revision or the last one. */
function settle(html) {
  const { revision: sentRevision, pending } = topOf(parsed(html)).dataset;
  const isNewer = Number(sentRevision) > revision;
  const isLast = "pending" in card.dataset && pending === undefined;
  revision = Math.max(revision, Number(sentRevision));
  put(html);
  if (isLast) {
    unfollow();
    announce("The brief is complete.");
  } else if (isNewer) {
    announce("The brief was brought up to date.");
  }
  if (pending !== undefined) {
    card.dataset.pending = "";
    follow();
  }
}

async function lookAgain() {
  if (closed || document.visibilityState !== "visible") return;
  try {
    const wasStale = document.getElementById("stale") !== null;
    settle(await part(`${base}?part=1`));
    if (!wasStale && document.getElementById("stale")) announce("The customer has been active since this was made.");
  } catch (refusal) {
    if (refusal instanceof Refusal) told(refusal);
  }
}

/** Put in the parts that changed; what somebody reads, opened, writes or has the focus on stays as and where it is. */
function put(html) {
  const stay = stays();
  let changed = false;
  for (const fresh of parts(parsed(html))) {
    const name = fresh.dataset.part;
    const held = card.querySelector(`[data-part="${name}"]`);
    if (sent.get(name) === content(fresh) || !held || (composing && held.contains(document.activeElement))) continue;
    sent.set(name, content(fresh));
    prepare(fresh);
    fresh.classList.add("fresh");
    carryOver(held, fresh);
    const opened = openMarks(held);
    held.replaceWith(fresh);
    for (const one of opened) reopen(fresh, one);
    changed = true;
  }
  // What is opened elsewhere shows a copy of what may have changed.
  if (changed) for (const one of openMarks(card)) { reopen(card, one); reopen(card, one); }
  stay();
}

/** What somebody opened or closed, and what they wrote and have not sent. */
function carryOver(held, fresh) {
  for (const one of held.querySelectorAll("details[id]")) {
    const same = fresh.querySelector(`#${CSS.escape(one.id)}`);
    if (same) same.open = one.open;
  }
  for (const one of held.querySelectorAll("textarea[id], input[id]")) {
    const same = fresh.querySelector(`#${CSS.escape(one.id)}`);
    if (same && one.value !== one.defaultValue) same.value = one.value;
  }
}

/** Remember what has the focus and where the page stands; gives what puts both back. */
function stays() {
  const { activeElement: active } = document;
  const inPlace = active.closest?.(".in-place") !== null;
  const chosen = active.id ? `#${CSS.escape(active.id)}`
    : active.dataset?.judge ? `${inPlace ? ".in-place" : ".claims > li > .judge"} [data-judge="${active.dataset.judge}"]` : null;
  const { selectionStart: from, selectionEnd: to } = active;
  const seen = parts(card).find((one) => one.getBoundingClientRect().bottom > 0);
  const { part: name } = seen?.dataset ?? {};
  const above = seen?.getBoundingClientRect().top;
  return () => {
    if (chosen && document.activeElement === document.body) {
      const again = document.querySelector(chosen);
      again?.focus({ preventScroll: true });
      if (typeof from === "number" && again?.setSelectionRange) again.setSelectionRange(from, to);
    }
    const now = name && card.querySelector(`[data-part="${name}"]`);
    if (now) window.scrollBy({ top: now.getBoundingClientRect().top - above, behavior: "instant" });
  };
}

/** A part as the service sent it, apart from how long ago things were. */
function content(place) {
  const copy = place.cloneNode(true);
  for (const time of copy.querySelectorAll("time")) time.textContent = "";
  return copy.innerHTML;
}

function parsed(html) {
  return new DOMParser().parseFromString(html, "text/html").body;
}

function told(refusal) {
  if (refusal.status === 401) closed = true;
  showRefusal(fault, refusal);
}

function whenVisible(then) {
  if (document.visibilityState === "visible") then();
  else document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && then(), { once: true });
}
