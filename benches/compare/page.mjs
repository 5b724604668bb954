// Shows the inspector in a headless browser until it is told to end; says on standard error how long the longest frame took.
//
//   node page.mjs URL MODULES        MODULES: a folder with node_modules/playwright-core
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [url, modules] = process.argv.slice(2);
const { chromium } = createRequire(join(resolve(modules), "from-here.js"))("playwright-core");
const args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args, handleSIGTERM: false });
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
await page.goto(url);
await page.locator('#live[data-state="on"]').waitFor();
await page.evaluate(() => {
  globalThis.longest = 0;
  let last = performance.now();
  const next = (now) => {
    globalThis.longest = Math.max(globalThis.longest, now - last);
    last = now;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
});
process.on("SIGTERM", async () => {
  const longest = await page.evaluate(() => globalThis.longest);
  console.error(`the longest frame took ${longest.toFixed(0)} ms`);
  await browser.close();
});
console.log("ready");
