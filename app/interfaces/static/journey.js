// The lanes lead to the list below them: a point that is clicked brings its interaction into view.
import { announce } from "./base.js";

const lanes = document.querySelector(".lanes");

lanes?.addEventListener("click", (event) => {
  const point = event.target.closest("[data-goes-to]");
  if (point === null) return;
  location.hash = point.dataset.goesTo;
  announce("Moved to the interaction in the list.");
});

// What is newest stands at the right end of the lanes and is what people come for.
const frame = lanes?.closest(".scroll");
if (frame && !location.hash) frame.scrollLeft = frame.scrollWidth;
