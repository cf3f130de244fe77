// The status page as an operator meets it: a real slickqd, real queues, a real browser.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {column, contrasts, launch, names, open, row, updateCost} from './browser.mjs';
import {Scene, sleep, until} from './scene.mjs';

const kHostile = '<img src=x onerror=alert(1)>';
const kQueues = [
  {name: 'ticks', size: 65536, elem: 64, cursors: ['strategy']},
  {name: 'orders', size: 1024, elem: 256, stall: {after: '1s', action: 'report'}},
  {name: 'fills', size: 1024, elem: 128, cursors: ['booking'], lag: {warn: '20%', critical: '90%'}},
  {name: 'positions', size: 256, elem: 64},
  {name: 'heartbeat', size: 64, elem: 64},
  {name: 'audit', size: 4096, elem: 512},
  {name: kHostile, size: 64, elem: 64},
  {name: "-it's odd", size: 64, elem: 64, stall: {after: '1s', action: 'report'}},
];

let browser;
let scene;
let page;

/** For the picture in the README: a past, so that the charts have something to show. */
async function warmUp() {
  const minutes = Number(/^(\d+)m$/.exec(process.env.SLICKQ_PAGE_WARM_UP ?? '')?.[1] ?? 0);
  for (let k = 0; k < 2 * minutes; ++k) {
    const more = scene.run('examples/demo_producer', 'orders', String(40 + 50 * (k % 3) + 30 * (k % 4)));
    await sleep(30000);
    more.kill('SIGTERM');
    await more.ended;
  }
}

before(async () => {
  browser = await launch();
  scene = await Scene.start(kQueues, '250ms');
  scene.run('examples/demo_producer', 'ticks', '4000', 'ACME');
  scene.run('examples/demo_producer', 'orders', '120', 'GLOBEX');
  scene.run('examples/demo_producer', 'heartbeat', '2');
  scene.run('examples/demo_consumer', 'ticks', 'strategy');
  for (let k = 0; k < 400; k += 100) scene.slickq('push', '-q', 'fills', ...Array(100).fill(['-m', 'filled']).flat());
  await warmUp();
  page = await open(browser, scene.url);
});

after(async () => {
  await browser?.close();
  await scene?.stop();
});

const detailOf = (name) => row(page, name).locator('xpath=following-sibling::tr[1][contains(@class, "detail")]');
const focused = () => page.evaluate(() => document.activeElement.textContent.trim());

test('the page is one file that loads nothing else, under a policy that lets it', async () => {
  const answer = await fetch(scene.url);
  assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
  const policy = answer.headers.get('content-security-policy');
  assert.match(policy, /^default-src 'none'; script-src 'sha256-[\w+/]{43}='; style-src 'sha256-[\w+/]{43}=';/);
  assert.match(policy, /frame-ancestors 'none'/);
  const text = await answer.text();
  assert.ok(text.length < 60 * 1024, `${text.length} bytes`);
  assert.ok(!/\b(src|href)="(?!#|data:)/.test(text), 'something is referred to');
  const meta = text.match(/http-equiv="Content-Security-Policy" content="([^"]*)"/)[1];
  assert.ok(policy.startsWith(meta), 'the page and its header say different policies');
});

test('every configured queue has its row, with a state in words and its numbers', async () => {
  assert.deepEqual((await names(page)).sort(), kQueues.map(({name}) => name).sort());
  // On a busy machine its consumer begins late, and is told to be overrun soon while it catches up.
  await until(async () => (await column(page, 'state')).ticks === 'ready');
  assert.equal((await column(page, 'state')).fills, 'lagging');
  assert.match((await column(page, 'layout')).ticks, /^slq1 65,536.×.64.B$/);
  assert.match((await column(page, 'lag')).fills, /^400 39.1.% booking$/);
  await until(async () => /^[34]\.\d\d.k$/.test((await column(page, 'rate')).ticks));
  await until(async () => /8 queues.*1 lagging.*7 ready/.test(await page.locator('#summary').textContent()));
});

test('a hostile name is text wherever it stands', async () => {
  await row(page, kHostile).getByRole('button').click();
  assert.equal(await detailOf(kHostile).locator('.charts').count(), 1);
  assert.equal(await page.locator('img').count(), 0);
  await row(page, kHostile).getByRole('button').click();
  assert.equal(await detailOf(kHostile).count(), 0);
});

test('a stalled queue turns red, comes first, and has a banner', async () => {
  const pid = await scene.stall('orders', 3);
  await row(page, 'orders').and(page.locator('.crit')).waitFor();
  assert.equal((await column(page, 'state')).orders, 'stalled');
  assert.match((await column(page, 'hole')).orders, new RegExp(`s ${pid} dead$`));
  await until(async () => (await names(page))[0] === 'orders');
  const [red, green, blue] = (await row(page, 'orders')
    .evaluate((line) => getComputedStyle(line).backgroundColor)).match(/\d+/g).map(Number);
  assert.ok(red > green + 10 && red > blue + 10, 'the row is not red');
  await page.locator('#trouble').waitFor();
  assert.match(await page.locator('#trouble').textContent(), /1 queue needs attention:.*orders stalled for/);
  assert.equal(await page.title(), `(1) slickqd ${os.hostname()}`);

  await page.locator('#trouble').getByRole('button', {name: 'orders'}).click();
  const detail = detailOf('orders');
  assert.match(await detail.locator('.problem').textContent(),
    new RegExp(`3 elements reserved, not published for .* producer \\(${pid}\\) is dead`));
  assert.equal(await detail.locator('.command code').first().textContent(),
    `slickq repair --shm-dir ${scene.shm} orders`);
  await page.locator('#news').getByText('stall', {exact: true}).first().waitFor();
});

test('the command offered is one that a shell takes, whatever the name', async () => {
  await scene.stall("-it's odd", 1);
  await row(page, "-it's odd").and(page.locator('.crit')).waitFor();
  await row(page, "-it's odd").getByRole('button').click();
  const command = await detailOf("-it's odd").locator('.command code').first().textContent();
  assert.equal(command, `slickq repair --shm-dir ${scene.shm} -- '-it'\\''s odd'`);
  assert.match(scene.shell(command), /repaired -it's odd: 1 element/);
  await until(async () => (await column(page, 'state'))["-it's odd"] === 'ready');
  await row(page, "-it's odd").getByRole('button').click();
});

test('charts draw, and are read by pointer and by keys', async () => {
  const charts = detailOf('orders').locator('.chart');
  assert.equal(await charts.count(), 4);
  const points = async (k) => (await charts.nth(k).locator('.line').getAttribute('d'))?.match(/[ML]/g)?.length ?? 0;
  for (const chart of [0, 1, 3]) await until(async () => await points(chart) >= 3);
  assert.equal(await points(2), 0, 'a queue without a cursor has no lag');
  assert.match(await charts.first().textContent(), /−15 min−10 min−5 minnow/);

  const output = detailOf('orders').locator('output');
  assert.doesNotMatch(await output.first().textContent(), /:/);
  await charts.first().focus();
  await page.keyboard.press('ArrowLeft');
  assert.match(await output.first().textContent(), /\/s, \d\d:\d\d:\d\d$/);
  assert.match(await output.nth(1).textContent(), /, \d\d:\d\d:\d\d$/, 'the others are read at the same time');
  assert.match(await charts.first().getAttribute('aria-valuetext'), /\/s, \d\d:\d\d:\d\d$/);
  const box = await charts.nth(1).boundingBox();
  await page.mouse.move(box.x + box.width - 12, box.y + 40);
  assert.match(await output.nth(1).textContent(), /, \d\d:\d\d:\d\d$/);
  await page.mouse.move(1, 1);
  await page.locator('#filter').focus();
  assert.doesNotMatch(await output.first().textContent(), /:/);

  await page.screenshot({path: path.join(process.env.SLICKQ_BUILD_DIR, 'page-test', 'status-page.png')});
});

test('the chart of the lag shows that of the slowest cursor', async () => {
  await row(page, 'fills').getByRole('button').click();
  const detail = detailOf('fills');
  const lag = detail.locator('.chart').nth(2);
  await until(async () => ((await lag.locator('.line').getAttribute('d'))?.match(/[ML]/g)?.length ?? 0) >= 3);
  assert.match(await lag.getAttribute('aria-label'), /^Largest lag, elements/);
  await until(async () => /^400, now$/.test(await lag.getAttribute('aria-valuetext')));
  await row(page, 'fills').getByRole('button').click();
});

test('every text is told from its ground, in light and dark, also in a red row and in a banner', async () => {
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({colorScheme: scheme, reducedMotion: 'reduce'});
    await sleep(400);  // the colours have changed
    const found = await contrasts(page);
    for (const kind of ['state crit', 'state warn', 'state ok', 'more', 'hint', 'DT', 'SMALL', 'text']) {
      assert.ok(found.some((one) => one.class.trim() === kind), `${kind} is nowhere`);
    }
    assert.ok(found[0].ratio >= 4.5, `${scheme}: ${JSON.stringify(found[0])}`);
  }
  await page.emulateMedia({colorScheme: 'light', reducedMotion: 'no-preference'});
});

test('a repair from the command line is seen', async () => {
  scene.slickq('repair', 'orders');
  await row(page, 'orders').and(page.locator('.ok')).waitFor();
  assert.equal((await column(page, 'state')).orders, 'ready');
  assert.ok(await page.locator('#trouble').isHidden());
  const news = page.locator('#news .event').filter({hasText: 'orders'});
  assert.match(await news.first().textContent(), /ready again.*orders.*was stalled/);
});

test('a queue that is removed is missing, one that comes back is well', async () => {
  scene.slickq('unlink', 'audit');
  await until(async () => (await column(page, 'state')).audit === 'missing');
  assert.match(await page.locator('#trouble').textContent(), /audit missing/);
  scene.slickq('create', '--name', 'audit', '--size', '4096', '--elem', '512');
  await until(async () => (await column(page, 'state')).audit === 'ready');
});

test('a reload that was refused has a banner with the reason', async () => {
  const good = fs.readFileSync(scene.config);
  fs.writeFileSync(scene.config, '{"quues": []}');
  scene.daemon.kill('SIGHUP');
  await page.locator('#reload').waitFor();
  assert.match(await page.locator('#reload').textContent(), /refused.*unknown key "quues"/);
  fs.writeFileSync(scene.config, good);
  scene.daemon.kill('SIGHUP');
  await page.locator('#reload').waitFor({state: 'hidden'});
});

test('events stay in the order in which they came, also when a clock is set back; none comes twice', async () => {
  const told = [{time: '2030-01-01T12:00:00.000Z', event: 'created', queue: 'first'},
    {time: '2030-01-01T11:00:00.000Z', event: 'vanished', queue: 'second'}];
  const context = await browser.newContext();
  const other = await context.newPage();
  let asked = 0;
  await other.route('**/v1/events*', async (route) => {
    ++asked;  // the answer ends, so that the browser asks again, and is told the same
    const more = asked > 1 ? [{time: '2030-01-01T10:00:00.000Z', event: 'stall', queue: 'third'}] : [];
    await route.fulfill({contentType: 'text/event-stream',
      body: `retry: 100\n${[...told, ...more].map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}`});
  });
  await other.goto(scene.url);
  const queues = () => other.locator('#news .event .link').allTextContents();
  await until(async () => asked > 3 && (await queues()).length >= 3);
  assert.deepEqual(await queues(), ['third', 'second', 'first']);
  await context.close();
});

test('the page says for how long slickqd has run, whatever its clock says', async () => {
  const context = await browser.newContext();
  const other = await context.newPage();
  await other.route('**/v1/status', async (route) => {
    const response = await route.fetch();
    const status = await response.json();
    await route.fulfill({response, json: {...status, started: '2099-01-01T00:00:00.000Z', uptime_s: 7200}});
  });
  await other.goto(scene.url);
  await until(async () => /Up2.h/.test(await other.locator('#facts').textContent()));
  await context.close();
});

test('a directory that is gone is said to be gone, until it is back', async () => {
  const away = `${scene.shm}-away`;
  fs.renameSync(scene.shm, away);
  try {
    await page.locator('#lost').waitFor();
    assert.match(await page.locator('#lost').textContent(), /cannot be read: .*No such file or directory/);
    await until(async () => (await column(page, 'state')).ticks === 'missing');
    await until(async () => await page.getByText('Shared memory').isHidden());
    await row(page, 'audit').getByRole('button').click();
    await detailOf('audit').locator('.problem').waitFor();
    assert.equal(await detailOf('audit').locator('.command').count(), 0, 'a reload would not bring it back');
    assert.match(await detailOf('audit').locator('.problem').textContent(), /out of reach/);
    await row(page, 'audit').getByRole('button').click();
  } finally {
    fs.renameSync(away, scene.shm);
  }
  await page.locator('#lost').waitFor({state: 'hidden'});
  assert.ok(await page.getByText('Shared memory').isVisible());
  await until(async () => (await column(page, 'state')).ticks === 'ready');
});

test('metrics that cannot be written to their file are said to be so', async () => {
  const good = fs.readFileSync(scene.config);
  const config = JSON.parse(good);
  config.metrics.textfile = path.join(scene.etc, 'nowhere', 'slickqd.prom');
  fs.writeFileSync(scene.config, JSON.stringify(config));
  scene.daemon.kill('SIGHUP');
  await page.locator('#textfile').waitFor();
  assert.match(await page.locator('#textfile').textContent(), /not written to their file.*nowhere/);
  fs.writeFileSync(scene.config, good);
  scene.daemon.kill('SIGHUP');
  await page.locator('#textfile').waitFor({state: 'hidden'});
});

test('data as old as its interval allows is not called old', async () => {
  const context = await browser.newContext();
  const other = await context.newPage();
  await other.clock.install();
  await other.route('**/v1/status', async (route) => {
    const response = await route.fetch();
    const status = await response.json();
    await route.fulfill({response, json: {...status, interval_ms: 120000, rounds: 7}});
  });
  await other.goto(scene.url);
  await other.locator('.queue').first().waitFor();
  await other.clock.runFor('04:00');
  assert.ok(await other.locator('#old').isHidden());
  await other.clock.runFor('05:00');
  assert.ok(await other.locator('#old').isVisible());
  await context.close();
});

test('keys alone filter, sort and open', async () => {
  await row(page, 'orders').getByRole('button').click();
  assert.equal(await page.locator('.detail').count(), 0);
  await page.locator('h1').click();
  await page.keyboard.press('/');
  await page.keyboard.type('slq1 tick');
  assert.deepEqual(await names(page), ['ticks']);
  await page.keyboard.press('Escape');
  assert.equal((await names(page)).length, kQueues.length);

  const order = [];
  for (let k = 0; k < 11; ++k) {
    await page.keyboard.press('Tab');
    order.push(await focused());
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, 'solid', `the focus on ${order.at(-1)} is not seen`);
  }
  assert.deepEqual(order, ['Queue', 'State', 'Layout', 'Rate /s', 'Gap', 'Oldest hole', 'Holders', 'Largest lag',
    'Turnover', 'Overrun in', 'ticks'], 'one stop for the table: the row that was last used');

  for (let k = 0; k < 7; ++k) await page.keyboard.press('Shift+Tab');
  assert.equal(await focused(), 'Rate /s');
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('#titles [aria-sort]').getAttribute('aria-sort'), 'descending');
  assert.deepEqual((await names(page)).slice(0, 2), ['ticks', 'orders']);
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('#titles [aria-sort]').getAttribute('aria-sort'), 'ascending');
  assert.equal((await names(page)).at(-1), 'ticks');

  for (let k = 0; k < 7; ++k) await page.keyboard.press('Tab');
  await page.keyboard.press('End');
  assert.equal(await focused(), 'ticks');
  await page.keyboard.press('Enter');
  assert.equal(await row(page, 'ticks').getByRole('button').getAttribute('aria-expanded'), 'true');
  await sleep(600);  // rounds in which rows could have moved away from the focus
  assert.equal(await focused(), 'ticks');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'slider');
});

test('on a phone rows are cards, and nothing has to be moved sideways', async () => {
  await page.setViewportSize({width: 360, height: 740});
  const wide = () => page.evaluate(() => [...document.querySelectorAll('body, body *')]
    .filter((element) => element.checkVisibility() && !element.closest('.unseen, .skip'))
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 1).map((element) => element.outerHTML));
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  assert.deepEqual(await wide(), []);
  assert.ok(await page.locator('#sorting').isVisible());
  await page.locator('#sorting').selectOption('name');
  assert.equal((await names(page))[1], kHostile);
  await page.setViewportSize({width: 1600, height: 960});
});

test('old data is said to be old, until there is new', async () => {
  scene.daemon.kill('SIGSTOP');
  await page.locator('#old').waitFor();
  assert.match(await page.locator('#old').textContent(), /The data is \d+.0.s old\./);
  const opacity = () => page.evaluate(() => Number(getComputedStyle(document.getElementById('content')).opacity));
  await until(async () => await opacity() < 0.7);
  assert.match(await page.locator('#announcement').textContent(), /old/);
  await until(async () => /does not answer/.test(await page.locator('#old').textContent()));
  scene.daemon.kill('SIGCONT');
  await page.locator('#old').waitFor({state: 'hidden'});
});

test('nobody complained, and nothing was asked of anybody else', () => assert.deepEqual(page.complaints, []));

test('a daemon that ended is seen', async () => {
  scene.daemon.kill('SIGTERM');
  await page.locator('#old').waitFor();
  await until(async () => /No connection to slickqd/.test(await page.locator('#old').textContent()));
});

test('a thousand queues that all change take less than 50 ms of script an update', async () => {
  const many = Array.from({length: 1000}, (_, k) => ({name: `queue-${k}`, size: 8, elem: 8}));
  const crowd = await Scene.start(many, '1s');
  try {
    const crowded = await open(browser, crowd.url);
    const cost = await updateCost(browser, crowded, 5, (status, round) => status.queues.forEach((queue, k) => {
      Object.assign(queue, {published_per_s: round * 1000 + k, gap: round + k, holders: round % 7,
        turnover_s: round + k / 10});
    }));
    assert.equal(await crowded.locator('.queue').count(), 1000);
    console.log(`1,000 queues: script ${cost.script.toFixed(1)} ms, layout ${cost.layout.toFixed(1)} ms an update`);
    assert.ok(cost.script > 1 && cost.script < 50);
    await crowded.locator('#filter').fill('queue-99');
    assert.equal(await crowded.locator('.queue').count(), 11);
    assert.deepEqual(crowded.complaints, []);
    await crowded.context().close();
  } finally {
    await crowd.stop();
  }
});
