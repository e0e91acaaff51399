// Starts Chromium from its npm package. TMPDIR must be a folder of its own: it is unpacked there.
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import chromium, { inflate, setupLambdaEnvironment } from "@sparticuz/chromium";
import puppeteer from "puppeteer-core";

export async function launch() {
  // The package has libraries and fonts that a machine may lack. By itself it takes them in Lambda only.
  await inflate(fileURLToPath(new URL("../bin/al2023.tar.br", import.meta.resolve("@sparticuz/chromium"))));
  setupLambdaEnvironment(join(tmpdir(), "al2023", "lib"));
  const executablePath = await chromium.executablePath();
  // The package's configuration names its fonts in /tmp, wherever they are unpacked.
  const fonts = join(tmpdir(), "fonts");
  const configuration = join(fonts, "fonts.conf");
  await writeFile(configuration, (await readFile(configuration, "utf8")).replaceAll("/tmp/fonts", fonts));
  return puppeteer.launch({
    args: chromium.args,
    executablePath,
    headless: "shell",
  });
}
