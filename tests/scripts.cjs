// Works a chapter's table in colors and a term by keyboard, asks for the viewer of structures, and
// prints what shows, as JSON. Usage: node scripts.cjs CHROME CHAPTER STRUCTURES
const { chromium } = require("playwright-core");

const [chrome, address, structures] = process.argv.slice(2);

(async () => {
  const browser = await chromium.launch({ executablePath: chrome, args: ["--no-sandbox"] });
  const page = await browser.newPage();
  page.setDefaultTimeout(150000); // the viewer is large, and machines are busy
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(address, { waitUntil: "load" });
  const box = page.locator(".lumlip-heat").first();
  const rows = () => box.locator("tr").evaluateAll((all) => all.map((row) => [...row.cells].slice(1).map((cell) => cell.textContent)));
  const said = () => box.locator("p").textContent();

  const before = await rows();
  await box.locator("button").first().focus();
  await page.keyboard.press("Enter");
  const after = await rows();
  await page.keyboard.press("Enter");
  const again = await rows();
  await box.locator("td[tabindex='0']").focus();
  const focused = await said();
  await page.keyboard.press("ArrowRight");
  const moved = await said();

  const term = page.locator('.bd-article a[href*="#term-GFRE"]').first();
  await term.focus();
  const card = await page.locator("#term-card:visible").textContent();
  const described = await term.getAttribute("aria-describedby");
  await page.keyboard.press("Escape");
  const escaped = await page.locator("#term-card").isHidden();

  await page.goto(structures, { waitUntil: "load" });
  await page.locator(".show-viewer").first().click();
  await page.locator(".chemiscope-sphinx").first().waitFor();
  const viewer = await page.locator(".chemiscope-sphinx .visualizer-container *").count();
  await browser.close();
  console.log(JSON.stringify({ before, after, again, focused, moved, card, described, escaped, viewer, errors }));
})();
