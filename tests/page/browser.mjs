// Headless Chromium, and what a page did that it must not: errors, and requests to elsewhere.
import {createRequire} from 'node:module';
import path from 'node:path';
import process from 'node:process';

const require = createRequire(path.join(process.env.SLICKQ_BUILD_DIR, 'page-test', 'package.json'));
const {chromium} = require('playwright-core');

export async function launch() {
  // Its sandbox refuses to run as root; the only page it sees is ours.
  const args = process.getuid() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args});
}

/** A page of its own context; `page.complaints` is empty as long as it behaves. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({viewport: {width: 1600, height: 960}, ...options});
  const page = await context.newPage();
  page.setDefaultTimeout(30000);
  page.complaints = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) page.complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => page.complaints.push(`error: ${error.stack}`));
  page.on('dialog', (dialog) => {
    page.complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', (request) => {
    const to = request.url();
    if (!to.startsWith(url) && !to.startsWith('data:')) page.complaints.push(`request to ${to}`);
  });
  await page.goto(url);
  await page.locator('.queue').first().waitFor();
  return page;
}

export const row = (page, name) =>
  page.locator('.queue').filter({has: page.getByRole('button', {name, exact: true})});
export const names = (page) => page.locator('.queue bdi').allTextContents();
/** The cells of one column, by the queue. */
export const column = (page, key) => page.evaluate((wanted) => Object.fromEntries(
  [...document.querySelectorAll('.queue')].map((line) => [line.querySelector('bdi').textContent,
    line.querySelector(`[data-column=${wanted}]`).textContent.trim()])), key);

/**
 * Every text that is seen, with the ratio of its contrast to what is behind it by WCAG 2: the lowest first.
 */
export const contrasts = (page) => page.evaluate(() => {
  const parsed = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
    return {r, g, b, a};
  };
  const luminance = ({r, g, b}) => {
    const [x, y, z] = [r, g, b].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parsed(getComputedStyle(at).backgroundColor);
      if (colour.a === 1) return colour;
      if (colour.a > 0) throw new Error(`half-transparent: ${at.outerHTML}`);
    }
    return parsed('rgb(255, 255, 255)');
  };
  const found = [];
  for (const element of document.body.querySelectorAll('*')) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join('');
    if (text === '' || !element.checkVisibility() || ['SCRIPT', 'STYLE', 'OPTION'].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const colour = parsed(element instanceof SVGElement ? style.fill : style.color);
    const [high, low] = [luminance(colour), luminance(behind(element))].sort((a, b) => b - a);
    found.push({text: text.slice(0, 40), class: element.getAttribute('class') ?? element.tagName,
      ratio: (high + 0.05) / (low + 0.05)});
  }
  return found.sort((a, b) => a.ratio - b.ratio);
});

/**
 * Milliseconds that the page's thread works for one update, while `count` of them come in, each changed before by
 * `change(status, round)`. Its own time, not the wall's: others use the machine, too.
 */
export async function updateCost(browser, page, count, change) {
  let rounds = 0;
  let enough;
  const done = new Promise((resolve) => { enough = resolve; });
  await page.route('**/v1/status', async (route) => {
    const response = await route.fetch();
    const status = await response.json();
    change(status, rounds);
    await route.fulfill({response, json: status});
    ++rounds;
    if (rounds === 3) await browser.startTracing(page, {categories: ['devtools.timeline', 'v8.execute']});
    if (rounds === 3 + count + 1) enough();  // the next is asked for when the one before is shown
  });
  await done;
  const {traceEvents} = JSON.parse((await browser.stopTracing()).toString());
  await page.unrouteAll({behavior: 'wait'});
  // The largest `count` are one for each update; of these the least, the others may have been hindered.
  const cost = (event) => traceEvents.filter(({name, tdur}) => name === event && tdur)
    .map(({tdur}) => tdur / 1000).sort((a, b) => b - a)[count - 1] ?? 0;
  return {script: cost('RunMicrotasks') + cost('FunctionCall'), layout: cost('UpdateLayoutTree') + cost('Layout')};
}
