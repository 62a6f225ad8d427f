// What is behind a claim, beside the claim: its quotes, its evidence, who checked it and what the agent says of it.

import { announce } from "./base.js";

const base = document.getElementById("card").dataset.base;

/** Marks are buttons where there is a script. */
export function prepare(root) {
  for (const mark of root.querySelectorAll("a.mark")) {
    mark.setAttribute("role", "button");
    mark.setAttribute("aria-expanded", "false");
  }
}

/** Open the evidence of a mark beside its claim, and give the place; close it where it was open. */
export function toggle(mark) {
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
  const behind = copyOf(document.getElementById(`claim-${mark.dataset.claimKey}`));
  const quotes = [...(behind?.querySelectorAll(".behind > .quote") ?? [])];
  const quoted = quotes.map((one) => one.dataset.quoted);
  place.append(...quotes);
  for (const id of mark.dataset.evidence.trim().split(" ")) if (!quoted.includes(id)) place.append(entryOf(id));
  for (const part of [".behind > .checked", ":scope > .judge"]) place.append(behind?.querySelector(part) ?? "");
  holder.append(place);
  return place;
}

/** A copy that may stand beside its original: no id twice. */
function copyOf(element) {
  const copy = element?.cloneNode(true);
  for (const one of copy?.querySelectorAll("[id]") ?? []) one.removeAttribute("id");
  return copy;
}

function entryOf(id) {
  const entry = document.createElement("div");
  const found = copyOf(document.getElementById(id));
  entry.append(...(found ? found.childNodes : [linkToWhole(id)]));
  return entry;
}

/** The whole interaction that a quote is from, below the quote. */
export function toggleEntry(link) {
  const quote = link.closest(".quote");
  const opened = quote.nextElementSibling?.matches(".entry") ? quote.nextElementSibling : null;
  link.setAttribute("aria-expanded", String(!opened));
  if (opened) return opened.remove();
  const entry = entryOf(link.dataset.entry);
  entry.className = "entry";
  quote.after(entry);
  readOut(entry);
}

function linkToWhole(id) {
  const link = document.createElement("a");
  link.href = `${base}/evidence/${id}`;
  link.dataset.whole = "";
  link.textContent = "Show this entry";
  return link;
}

export function readOut(place) {
  if (place) announce(place.textContent.replace(/\s+/g, " "));
}

export function closeInPlace(element) {
  const holder = element.closest("[data-claim]");
  const mark = holder?.querySelector('a.mark[aria-expanded="true"]');
  if (!mark) return;
  toggle(mark);
  mark.focus();
}

export function openMarks(root) {
  return [...root.querySelectorAll('a.mark[aria-expanded="true"]')];
}

/** Open what was open, found by the claim that it is of, or else by its evidence. */
export function reopen(root, was) {
  const { claimKey, evidence } = was.dataset;
  const marks = [...root.querySelectorAll("a.mark")];
  const mark = root.contains(was) ? was
    : marks.find((one) => claimKey && one.dataset.claimKey === claimKey) ?? marks.find((one) => one.dataset.evidence === evidence);
  if (mark) toggle(mark);
}
