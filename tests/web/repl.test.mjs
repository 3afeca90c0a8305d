// The page in a real browser: the engine loads under a strict content security policy, and what is
// typed is answered.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { serveStatic } from '../../dist/node/static.js';

const kFlags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const dist = fileURLToPath(new URL('../../dist', import.meta.url));

describe('the page', { skip: existsSync(executablePath) ? false : 'no Chromium' }, () => {
  const complaints = [];
  let server;
  let browser;
  let page;

  before(async () => {
    server = await serveStatic(dist, { home: '/web/' });
    browser = await chromium.launch({ executablePath, args: kFlags });
    page = await browser.newPage();
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
    await page.goto(server.url);
    await page.locator('#line:enabled').waitFor();
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  /** Types a line and gives what the log shows of it. */
  async function type(line) {
    const replies = page.locator('#log pre');
    const earlier = await replies.count();
    await page.getByLabel('kvasm').fill(line);
    await page.keyboard.press('Enter');
    await replies.nth(earlier).waitFor();
    return replies.nth(earlier).textContent();
  }

  it('answers what is typed', async () => {
    assert.equal(await type('SET greeting "hello world"'), 'OK');
    assert.equal(await type('get greeting'), '"hello world"');
    assert.equal(await type('HSET user:1 name Ada born 1815'), '(integer) 2');
    assert.equal(await type('HGETALL user:1'), '1# "name" => "Ada"\n2# "born" => "1815"');
    assert.equal(await type('ZADD z 2 b 1 a'), '(integer) 2');
    assert.equal(await type('ZRANGE z 0 -1'), '1) "a"\n2) "b"');
    assert.match(await type('INCR greeting'), /^\(error\) ERR value is not an integer/);
    assert.match(await type('SET "unbalanced'), /^\(error\) Invalid argument/);
  });

  it('shows markup as text', async () => {
    assert.equal(
      await type("ECHO '<img src=x onerror=alert(1)>'"),
      '"<img src=x onerror=alert(1)>"',
    );
    assert.equal(await page.locator('#log img').count(), 0);
  });

  it('recalls earlier lines and shows the selected database', async () => {
    await type('ECHO one');
    await type('ECHO two');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    assert.equal(await page.getByLabel('kvasm').inputValue(), 'ECHO one');
    await page.keyboard.press('ArrowDown');
    assert.equal(await page.getByLabel('kvasm').inputValue(), 'ECHO two');
    assert.equal(await type('SELECT 3'), 'OK');
    assert.equal(await page.locator('#place').textContent(), 'kvasm[3]>');
  });

  it('offers scripts the package: text, bytes, two databases that share nothing', async () => {
    const seen = await page.evaluate(async () => {
      const { open } = await import('/bindings/js/index.js');
      const [a, b] = await Promise.all([open('memory:'), open('memory:')]);
      await a.set('k', 'é'.repeat(100));
      const bytes = await a.bytes.get('k');
      const answers = [a.sync.get('k').length, b.sync.get('k'), bytes.length];
      const refusal = await a.listen({ port: 0 }).catch((error) => error.message);
      await Promise.all([a.close(), b.close()]);
      return [...answers, bytes.constructor.name, refusal];
    });
    assert.deepEqual(seen, [
      100,
      null,
      200,
      'Uint8Array',
      'listen() needs Node: a page cannot accept connections',
    ]);
  });

  it('has nothing to complain about', () => {
    assert.deepEqual(complaints, []);
  });
});
