// What the mouse or the arrow keys point at in a chart is described beside it, in words that the
// chart itself has as labels. Nothing here makes HTML of text.
"use strict";

const tooltip = document.getElementById("tooltip");
const REACH = 24;

function marksOf(chart) {
  return [...chart.querySelectorAll("[role=graphics-symbol][aria-label]")];
}

function show(chart, mark) {
  hide();
  mark.classList.add("highlighted");
  tooltip.textContent = mark.getAttribute("aria-label");
  chart.current = mark;
  place(mark);
}

function place(mark) {
  const at = mark.getBoundingClientRect();
  const size = tooltip.getBoundingClientRect();
  const left = Math.min(Math.max(4, at.x + at.width / 2 - size.width / 2), innerWidth - size.width - 4);
  const above = at.y - size.height - 8;
  tooltip.style.transform = `translate(${left}px, ${above < 4 ? at.bottom + 8 : above}px)`;
}

function hide() {
  tooltip.textContent = "";
  document.querySelectorAll(".highlighted").forEach((mark) => mark.classList.remove("highlighted"));
}

function nearest(chart, x, y) {
  let found = null;
  let least = REACH;
  for (const mark of marksOf(chart)) {
    const at = mark.getBoundingClientRect();
    const distance = Math.hypot(
      Math.max(at.left - x, 0, x - at.right), Math.max(at.top - y, 0, y - at.bottom));
    if (distance < least) [found, least] = [mark, distance];
  }
  return found;
}

function step(chart, key) {
  const marks = marksOf(chart);
  const place = marks.indexOf(chart.current);
  const last = marks.length - 1;
  const to = { ArrowRight: place + 1, ArrowDown: place + 1, ArrowLeft: place - 1, ArrowUp: place - 1, Home: 0, End: last }[key];
  return to === undefined ? null : marks[Math.min(Math.max(to, 0), last)];
}

for (const chart of document.querySelectorAll("svg.chart")) {
  if (!marksOf(chart).length) continue;
  chart.setAttribute("tabindex", "0");
  chart.addEventListener("pointermove", (event) => {
    const mark = nearest(chart, event.clientX, event.clientY);
    if (mark) show(chart, mark);
    else hide();
  });
  chart.addEventListener("pointerleave", hide);
  chart.addEventListener("focus", () => show(chart, chart.current ?? marksOf(chart)[0]));
  chart.addEventListener("blur", hide);
  chart.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    const mark = step(chart, event.key);
    if (!mark) return;
    event.preventDefault();
    show(chart, mark);
  });
}

const closed = [];
addEventListener("beforeprint", () => {
  closed.push(...document.querySelectorAll("details:not([open])"));
  closed.forEach((each) => { each.open = true; });
});
addEventListener("afterprint", () => closed.splice(0).forEach((each) => { each.open = false; }));
addEventListener("scroll", () => {
  const mark = document.querySelector(".highlighted");
  if (mark) place(mark);
}, { passive: true });
