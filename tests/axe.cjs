// Prints what axe finds in rendered pages, light and dark, wide and narrow, as JSON: what is
// critical or serious, and pages wider than the screen, of pages given as file:// addresses. Usage: node axe.cjs CHROME PAGE...
const { chromium } = require("playwright-core");
const axe = require("axe-core").source;

const [chrome, ...pages] = process.argv.slice(2);
const VIEWS = [
  { colorScheme: "light", viewport: { width: 1440, height: 900 } },
  { colorScheme: "dark", viewport: { width: 390, height: 844 } },
];

(async () => {
  const browser = await chromium.launch({ executablePath: chrome, args: ["--no-sandbox"] });
  const found = [];
  for (const view of VIEWS) {
    const page = await (await browser.newContext({ ...view, bypassCSP: true })).newPage();
    for (const address of pages) {
      await page.goto(address, { waitUntil: "load" });
      await page.waitForTimeout(300);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      if (width > view.viewport.width) found.push(`${address.split("/").pop()}: ${width} px wide`);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run(document));
      for (const { id, impact, nodes } of violations) {
        if (!["critical", "serious"].includes(impact)) continue;
        for (const node of nodes) {
          found.push(`${address.split("/").pop()} ${view.colorScheme}: ${id}: ${node.html.slice(0, 120)}`);
        }
      }
    }
  }
  await browser.close();
  console.log(JSON.stringify(found));
})();
