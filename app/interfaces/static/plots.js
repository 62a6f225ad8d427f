// Draws the plots of a page. Their colours are names of our style sheet, so that they follow the colour scheme.

const NAMED = /^var\((--[\w-]+)\)$/;
const SETTINGS = { displayModeBar: false, responsive: true, doubleClick: false, showTips: false };

function inThisScheme(value, style) {
  if (typeof value === "string") {
    const name = NAMED.exec(value);
    return name ? style.getPropertyValue(name[1]).trim() : value;
  }
  if (Array.isArray(value)) return value.map((one) => inThisScheme(one, style));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inThisScheme(one, style)]));
}

function drawAll() {
  const style = getComputedStyle(document.documentElement);
  for (const place of document.querySelectorAll("[data-figure]")) {
    const figure = inThisScheme(JSON.parse(place.dataset.figure), style);
    window.Plotly.react(place, figure.data, figure.layout, SETTINGS);
  }
}

drawAll();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
