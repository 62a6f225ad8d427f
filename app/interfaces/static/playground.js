// The playground without a new page: a conversation is sent, and what came of it is put beside it.
import { announce } from "./base.js";

const LONGEST = 500000;
const form = document.getElementById("trial");
const content = document.getElementById("said");
const outcome = document.getElementById("outcome");
const play = document.getElementById("play");
const drop = document.getElementById("drop");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (outcome.getAttribute("aria-busy") === "true") return;
  outcome.setAttribute("aria-busy", "true");
  play.setAttribute("aria-disabled", "true");
  announce("Trying it out.");
  try {
    show(await sent(Object.fromEntries(new FormData(form))));
  } catch {
    tell("The service did not answer. Is it running?");
  } finally {
    outcome.setAttribute("aria-busy", "false");
    play.removeAttribute("aria-disabled");
  }
});

document.getElementById("example").addEventListener("click", () => {
  content.value = content.placeholder;
  content.focus();
});

document.getElementById("file").addEventListener("change", (event) => {
  if (event.target.files.length > 0) take(event.target.files[0]);
  event.target.value = "";
});

for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  drop.classList.remove("over");
  if (event.dataTransfer.files.length === 0) return;
  event.preventDefault();
  take(event.dataTransfer.files[0]);
});

outcome.addEventListener("click", async (event) => {
  const wanted = event.target.closest("#copy, #download");
  if (wanted === null) return;
  const text = document.getElementById("case-text");
  if (wanted.id === "download") save(text.value, wanted.dataset.name);
  else await copy(text);
});

async function sent(fields) {
  const answer = await fetch(form.action, {
    method: "POST",
    credentials: "same-origin",
    redirect: "error",
    headers: { "Content-Type": "application/json", Accept: "text/html" },
    body: JSON.stringify(fields),
  });
  return answer.text();
}

/** Put the service's own page part in its place: the service has escaped all that anybody wrote. */
function show(part) {
  const read = new DOMParser().parseFromString(part, "text/html");
  const inner = read.querySelector("#outcome") ?? read.body;
  outcome.replaceChildren(...inner.childNodes);
  const refusal = document.getElementById("refusal");
  mark(refusal);
  if (refusal === null) {
    announce("Done.");
    outcome.focus({ preventScroll: innerWidth >= 1000 });
  }
}

/** Show the line that the service did not understand. */
function mark(refusal) {
  content.toggleAttribute("aria-invalid", refusal !== null);
  if (refusal !== null) content.setAttribute("aria-invalid", "true");
  const line = Number(refusal?.dataset.line);
  if (!line) return;
  const lines = content.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  content.focus();
  content.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
  content.scrollTop = Math.max(0, (line - 4) * parseFloat(getComputedStyle(content).lineHeight));
}

async function take(file) {
  const text = file.size > 4 * LONGEST ? "" : await file.text();
  if (text === "" || text.length > LONGEST) {
    tell(file.size === 0 ? `${file.name} is empty.` : `${file.name} is too long: at most ${LONGEST.toLocaleString("en")} characters are tried out.`);
    return;
  }
  content.value = text;
  content.focus();
  announce(`${file.name} is read.`);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text.value);
    announce("The case is copied.");
  } catch {
    text.focus();
    text.select();
    announce("The case is selected. Copy it from here.");
  }
}

function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
  announce(`${name} is saved.`);
}

function tell(words) {
  const notice = document.createElement("div");
  notice.className = "notice bad";
  notice.setAttribute("role", "alert");
  notice.textContent = words;
  outcome.replaceChildren(notice);
}
