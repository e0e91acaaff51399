// Opens the pages of a folder in Chromium, and prints what happened as JSON.
// node tests/report/browser.mjs FOLDER; TMPDIR must be a folder of its own.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { launch } from "./chromium.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const [folder] = process.argv.slice(2);
const WIDE = { width: 1120, height: 900 };
const NARROW = { width: 360, height: 740 };

const browser = await launch();

async function opened(name, { viewport = WIDE, scheme = "light", media = "screen", scripts = true } = {}) {
  const page = await browser.newPage();
  const seen = { console: [], errors: [], requests: [], dialogs: 0 };
  page.on("console", (message) => seen.console.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("dialog", (dialog) => { seen.dialogs += 1; dialog.dismiss(); });
  await page.setViewport(viewport);
  const session = await page.createCDPSession(); // puppeteer's two methods undo each other
  await session.send("Emulation.setEmulatedMedia", { media, features: [{ name: "prefers-color-scheme", value: scheme }] });
  await page.setJavaScriptEnabled(scripts);
  await page.goto(pathToFileURL(`${folder}/${name}.html`).href, { waitUntil: "load" });
  seen.requests = seen.requests.filter((url) => !url.endsWith(`/${name}.html`) && url !== "data:,");
  return { page, seen };
}

async function faultsOf(page) {
  await page.evaluate(AXE);
  const { violations, incomplete, passes } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations", "incomplete"] }));
  const named = (found) => found.map((each) => `${each.id}: ${each.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")} (${each.nodes.length})`);
  return { violations: named(violations), incomplete: named(incomplete), passes: passes.length };
}

const structure = () => ({
  charts: [...document.querySelectorAll("svg.chart")].map((chart) => {
    const marks = [...chart.querySelectorAll("[role=graphics-symbol]")];
    return {
      label: chart.getAttribute("aria-label"),
      marks: marks.map((mark) => mark.getAttribute("aria-label")),
      heights: marks.map((mark) => mark.getBoundingClientRect().height),
      fill: getComputedStyle(marks[0]).fill,
      texts: [...chart.querySelectorAll("text")].map((text) => text.textContent),
      width: chart.getBoundingClientRect().width,
    };
  }),
  tables: [...document.querySelectorAll("table")].map((table) => table.getBoundingClientRect().height),
  tags: [...new Set([...document.querySelectorAll("*")].map((each) => each.localName))].sort(),
  scripts: document.scripts.length,
  handlers: [...document.querySelectorAll("*")].flatMap((each) => each.getAttributeNames()).filter((name) => name.startsWith("on")),
  text: document.body.textContent,
  paper: getComputedStyle(document.documentElement).backgroundColor,
  overflow: document.documentElement.scrollWidth > innerWidth,
});

async function tooltipOf(page) {
  return page.$eval("#tooltip", (each) => {
    const at = each.getBoundingClientRect();
    const inside = at.left >= 0 && at.top >= 0 && at.right <= innerWidth && at.bottom <= innerHeight;
    return { text: each.textContent, inside };
  });
}

const results = {};

await Promise.all(Object.entries({
  light: {},
  dark: { scheme: "dark" },
  print: { media: "print", scheme: "dark" },
  narrow: { viewport: NARROW },
}).map(async ([mode, options]) => {
  const { page, seen } = await opened("example", options);
  if (options.media !== "print") { // where the style sheet opens them
    await page.$$eval("details", (all) => all.forEach((each) => { each.open = true; }));
  }
  results[mode] = { seen, axe: await faultsOf(page), page: await page.evaluate(structure) };
  await page.close();
}));

{
  const { page, seen } = await opened("example");
  const chart = await page.$("svg.chart");
  const mark = await chart.$("[role=graphics-symbol]");
  await mark.hover();
  const hovered = await tooltipOf(page);
  const labels = await chart.$$eval("[role=graphics-symbol]", (all) => all.map((each) => each.getAttribute("aria-label")));
  await page.mouse.move(0, 0);
  const left = await tooltipOf(page);
  await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); });
  const stops = [];
  for (let press = 0; press < 40; press += 1) {
    await page.keyboard.press("Tab");
    stops.push(await page.evaluate(() => document.activeElement.getAttribute("class") || document.activeElement.localName));
    if (stops.at(-1) === "chart") break;
  }
  const focused = await tooltipOf(page);
  await page.keyboard.press("ArrowRight");
  const next = await tooltipOf(page);
  await page.keyboard.press("End");
  const last = await tooltipOf(page);
  await page.keyboard.press("Escape");
  const escaped = await tooltipOf(page);
  await page.focus("details:not([open]) summary");
  await page.keyboard.press("Enter");
  const toggled = await page.evaluate(() => document.activeElement.parentElement.open);
  results.interaction = { seen, hovered, labels, left, stops, focused, next, last, escaped, toggled };
  const closed = await page.$$eval("details:not([open])", (all) => all.length);
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  const printed = await page.$$eval("details:not([open])", (all) => all.length);
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  results.printing = { closed, printed, after: await page.$$eval("details:not([open])", (all) => all.length) };
  await page.close();
}

{
  const { page, seen } = await opened("hostile");
  await page.hover("svg.chart [role=graphics-symbol]");
  results.hostile = { seen, page: await page.evaluate(structure), tooltip: await tooltipOf(page), axe: await faultsOf(page) };
  await page.close();
}

{
  const { page, seen } = await opened("example", { scripts: false });
  const session = await page.createCDPSession(); // what is rendered, for scripts are off
  const { documents, strings } = await session.send("DOMSnapshot.captureSnapshot", { computedStyles: [] });
  const text = documents[0].layout.text.map((each) => strings[each] ?? "").join("\n");
  const classes = documents[0].nodes.attributes.filter((each) => each.some((name, place) => strings[name] === "class" && strings[each[place + 1]] === "chart"));
  results.static = { seen, text, charts: classes.length };
  await page.close();
}

{ // what a name could do if it did break out
  const { page, seen } = await opened("example");
  const failed = [];
  page.on("requestfailed", (request) => failed.push([request.url(), request.failure().errorText]));
  await page.evaluate(async () => {
    const script = document.createElement("script");
    script.textContent = "document.title = 'ran'";
    document.body.append(script);
    const image = document.createElement("img");
    image.src = "http://127.0.0.1:9/x.png";
    document.body.append(image);
    document.body.insertAdjacentHTML("beforeend", "<p style='color: red' onclick='document.title = 1'>p</p>");
    document.body.lastElementChild.click();
    await fetch("http://127.0.0.1:9/x").catch(() => {});
  });
  results.policy = { refused: seen.console, requests: seen.requests, failed, title: await page.title() };
  await page.close();
}

await browser.close();
process.stdout.write(JSON.stringify(results));
