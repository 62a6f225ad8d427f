// The conversation graph: what the pointer or the focus is on is told above the drawing, and what belongs to it stands out.

const graph = document.querySelector(".graph");
const place = document.getElementById("told");

function belongsTo(chosen, part) {
  const { from, to, node } = part.dataset;
  if (chosen.dataset.node !== undefined) {
    const here = chosen.dataset.node;
    return node === here || from === here || to === here;
  }
  if (node !== undefined) return node === chosen.dataset.from || node === chosen.dataset.to;
  return from === chosen.dataset.from && to === chosen.dataset.to;
}

function tell(chosen) {
  place.textContent = chosen ? chosen.getAttribute("aria-label") : place.dataset.hint;
  graph.classList.toggle("telling", Boolean(chosen));
  for (const part of graph.querySelectorAll(".edge, .node, .share")) {
    part.classList.toggle("lit", Boolean(chosen) && belongsTo(chosen, part));
  }
}

if (graph) {
  const onIt = (event) => tell(event.target.closest(".edge, .node"));
  graph.addEventListener("pointerover", onIt);
  graph.addEventListener("pointerleave", () => tell(graph.querySelector(".edge:focus, .node:focus")));
  graph.addEventListener("focusin", onIt);
  graph.addEventListener("focusout", () => tell(null));
}

// "Past the drawing" leads to the table, which is of no use folded up.
function unfold() {
  const edges = document.getElementById("edges");
  if (edges && location.hash === "#edges") edges.open = true;
}
addEventListener("hashchange", unfold);
unfold();
