// Writes a picture of a part of a report: node tests/report/picture.mjs REPORT.html PICTURE.png
import { pathToFileURL } from "node:url";
import { launch } from "./chromium.mjs";

const [report, picture] = process.argv.slice(2);
const browser = await launch();
const page = await browser.newPage();
await page.setViewport({ width: 1080, height: 900 });
await page.goto(pathToFileURL(report).href, { waitUntil: "load" });
const clip = await page.evaluate(() => {
  const [first, last] = ["#flow-1", "#flow-1-changes"].map((each) => document.querySelector(each).getBoundingClientRect().top);
  return { x: 0, y: first - 10, width: innerWidth, height: last - first - 20 };
});
await page.screenshot({ path: picture, clip, captureBeyondViewport: true, optimizeForSpeed: false });
await browser.close();
