// What the pages' scripts share. Import it relatively: import { post } from "./base.js".

/** What a refusal said, in words for people. */
export class Refusal extends Error {
  constructor(problem, status) {
    super(problem.detail || "The service did not answer.");
    this.status = status;
    this.problem = problem;
  }
}

/** Ask the service for JSON. Throws a Refusal with the service's own words. */
export async function get(address) {
  return (await ask(address, { headers: { Accept: "application/json, application/problem+json" } })).json();
}

/** Ask for a part of a page, as an HTML text. Throws a Refusal. */
export async function part(address) {
  return (await ask(address, { headers: { Accept: "text/html, application/problem+json" } })).text();
}

/** Send JSON; gives the JSON that comes back. Throws a Refusal. */
export async function post(address, body) {
  const headers = { "Content-Type": "application/json", Accept: "application/json, application/problem+json" };
  return (await ask(address, { method: "POST", headers, body: JSON.stringify(body) })).json();
}

/** Have a screen reader say something, without moving the focus. */
export function announce(text) {
  const place = document.getElementById("announcer");
  place.textContent = "";
  setTimeout(() => { place.textContent = text; }, 50);
}

/** Show what went wrong in an element, and have it read out. */
export function showRefusal(place, refusal) {
  place.textContent = refusal instanceof Refusal ? refusal.message : "That did not work. Is the service running?";
  place.hidden = false;
  announce(place.textContent);
}

async function ask(address, options) {
  const answer = await fetch(address, { credentials: "same-origin", redirect: "error", ...options });
  if (!answer.ok) throw new Refusal(await answer.json().catch(() => ({})), answer.status);
  return answer;
}
