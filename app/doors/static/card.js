// The agent's card: evidence in place, forms that stay on the page, and what arrives while it is open.
// The page is whole without this script; what the service sends is put in part by part (`data-part`).

import { announce, part, Refusal, showRefusal } from "./base.js";

const LOOK_AGAIN_MS = 20_000;

const card = document.getElementById("card");
const fault = document.getElementById("fault");
const base = card.dataset.base;
// Each part as the service last sent it, so that what a person opened in it is left alone while it stays the same.
const sent = new Map(parts(card).map((one) => [one.dataset.part, content(one)]));
let closed = false;

prepare(card);
if ("pending" in card.dataset) follow();
if ("unseen" in card.dataset) whenVisible(tellDisplayed);
setInterval(lookAgain, LOOK_AGAIN_MS);
document.addEventListener("visibilitychange", lookAgain);
card.addEventListener("click", clicked);
card.addEventListener("submit", submitted);
card.addEventListener("keydown", pressed);

function parts(root) {
  return [...root.querySelectorAll("[data-part]")];
}

/** Marks are buttons where there is a script. */
function prepare(root) {
  for (const mark of root.querySelectorAll("a.mark")) {
    mark.setAttribute("role", "button");
    mark.setAttribute("aria-expanded", "false");
  }
}

// --- evidence in place ---

function clicked(event) {
  const mark = event.target.closest("a.mark");
  const whole = event.target.closest("a[data-whole]");
  if (mark) {
    event.preventDefault();
    readOut(toggle(mark));
  } else if (whole && whole.closest(".in-place, .evidence-list")) {
    event.preventDefault();
    showWhole(whole);
  }
}

/** Open the evidence of a mark beside its claim, and give the place; close it where it was open. */
function toggle(mark) {
  const opened = mark.getAttribute("aria-expanded") === "true";
  const holder = mark.closest("[data-claim]");
  for (const other of holder.querySelectorAll("a.mark")) other.setAttribute("aria-expanded", "false");
  holder.querySelector(":scope > .in-place")?.remove();
  if (opened) return null;
  mark.setAttribute("aria-expanded", "true");
  const place = document.createElement(holder.matches("span, p") ? "span" : "div");
  place.className = "in-place";
  place.setAttribute("role", "group");
  place.setAttribute("aria-label", "Evidence");
  for (const id of mark.dataset.evidence.trim().split(" ")) {
    const entry = document.createElement("div");
    const found = document.getElementById(id);
    entry.append(...(found ? found.cloneNode(true).childNodes : [linkToWhole(id)]));
    place.append(entry);
  }
  holder.append(place);
  return place;
}

function linkToWhole(id) {
  const link = document.createElement("a");
  link.href = `${base}/evidence/${id}`;
  link.dataset.whole = "";
  link.textContent = "Show this entry";
  return link;
}

function readOut(place) {
  if (place) announce(place.textContent.replace(/\s+/g, " "));
}

function pressed(event) {
  if (event.key === "Escape") closeInPlace(event.target);
  if (event.key === " " && event.target.matches("a.mark")) {
    event.preventDefault();
    readOut(toggle(event.target));
  }
}

function closeInPlace(element) {
  const holder = element.closest("[data-claim]");
  const mark = holder?.querySelector('a.mark[aria-expanded="true"]');
  if (!mark) return;
  toggle(mark);
  mark.focus();
}

async function showWhole(link) {
  try {
    const entry = link.closest(".in-place > div, .evidence-list > li");
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
  const buttons = [...form.querySelectorAll("button")];
  for (const one of buttons) one.setAttribute("aria-disabled", "true");
  try {
    const answer = await send(form.getAttribute("action"), body);
    form.closest("details")?.removeAttribute("open");
    put(answer);
    announce("Kept.");
  } catch (refusal) {
    told(refusal);
  } finally {
    for (const one of buttons) one.removeAttribute("aria-disabled");
  }
}

async function send(address, body) {
  const headers = { Accept: "text/html, application/problem+json", "X-Part": "1" };
  const answer = await fetch(address, { method: "POST", headers, body, credentials: "same-origin" });
  if (!answer.ok) throw new Refusal(await answer.json().catch(() => ({})), answer.status);
  return answer.text();
}

function tellDisplayed() {
  send(`${base}/feedback`, new URLSearchParams({ displayed_at: new Date().toISOString() })).catch(told);
}

// --- what arrives ---

function follow() {
  const stream = new EventSource(`${base}/live`);
  stream.addEventListener("card", (event) => {
    put(JSON.parse(event.data));
    announce("The brief is complete.");
  });
  stream.addEventListener("done", () => {
    stream.close();
    delete card.dataset.pending;
    document.getElementById("coming")?.remove();
  });
  stream.addEventListener("refused", () => {
    stream.close();
    lookAgain();
  });
}

async function lookAgain() {
  if (closed || document.visibilityState !== "visible") return;
  try {
    const wasStale = document.getElementById("stale") !== null;
    put(await part(`${base}?part=1`));
    if (!wasStale && document.getElementById("stale")) announce("The customer has been active since this was made.");
  } catch (refusal) {
    if (refusal instanceof Refusal) told(refusal);
  }
}

/** Put in the parts that changed, without taking the focus or an unfinished text away. */
function put(html) {
  const focused = document.activeElement?.id;
  for (const fresh of parts(parsed(html))) {
    const name = fresh.dataset.part;
    const held = card.querySelector(`[data-part="${name}"]`);
    if (sent.get(name) === content(fresh) || !held || isBeingWritten(held)) continue;
    sent.set(name, content(fresh));
    prepare(fresh);
    fresh.classList.add("fresh");
    const opened = [...held.querySelectorAll('a.mark[aria-expanded="true"]')].map((one) => one.dataset.evidence);
    held.replaceWith(fresh);
    for (const evidence of opened) {
      const mark = fresh.querySelector(`a.mark[data-evidence="${evidence}"]`);
      if (mark) toggle(mark);
    }
  }
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
}

/** A part as the service sent it, apart from how long ago things were. */
function content(place) {
  const copy = place.cloneNode(true);
  for (const time of copy.querySelectorAll("time")) time.textContent = "";
  return copy.innerHTML;
}

function isBeingWritten(place) {
  return [...place.querySelectorAll("details[open] textarea")].some((one) => one.value !== one.defaultValue);
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
