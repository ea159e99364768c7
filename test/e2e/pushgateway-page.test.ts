import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { skipWithoutCommand } from '../support/certificates.ts';
import { type StartedPushgateway, startedPushgateway } from '../support/pushgateway.ts';

// The page of groups in a real browser.

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const CHROMIUM = '/usr/bin/chromium';
let browser: Browser;

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) return;
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
});
afterAll(() => browser?.close());

/** Opens the page of a gateway; what the browser complains about is kept. */
async function open(
  { url }: StartedPushgateway,
  options: BrowserContextOptions = {},
): Promise<Page & { readonly complaints: readonly string[] }> {
  const page = await (await browser.newContext(options)).newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => complaints.push(dialog.message()));
  await page.goto(`${url}/`);
  return Object.assign(page, { complaints });
}

const base64 = (value: string): string => `${Buffer.from(value).toString('base64url')}=`;
const HOSTILE = {
  script: '<script>alert(1)</script>',
  image: '"><img src=x onerror=alert(1)>',
  rightToLeft: '\u202Ejob \u05D0\u05D1',
  long: 'x'.repeat(3_000),
  prototype: '__proto__',
};

/** Pushes a family of each kind to a group. */
async function push({ request }: StartedPushgateway, job: string, body?: string): Promise<number> {
  const text = `# HELP size_bytes Size of ${job.slice(0, 50)}.
# TYPE size_bytes gauge
size_bytes{part=${JSON.stringify(job)}} 1
# TYPE wait_seconds histogram
wait_seconds_bucket{le="1"} 4
wait_seconds_bucket{le="+Inf"} 5
wait_seconds_sum 7.5
wait_seconds_count 5
# TYPE ${'y'.repeat(300)} gauge
${'y'.repeat(300)} 1
`;
  const path = `/metrics/job@base64/${base64(job)}`;
  const response = await request(path, { method: 'PUT', body: body ?? text });
  return response.status;
}

async function pushHostile(gateway: StartedPushgateway): Promise<void> {
  for (const name of Object.values(HOSTILE)) expect(await push(gateway, name)).toBe(200);
  expect(await push(gateway, 'failing', 'late 1 1000\n')).toBe(400);
}

describe('the page at /', () => {
  skipWithoutCommand(CHROMIUM);

  it.each(['light', 'dark'] as const)('has nothing that axe finds, in %s', async (colorScheme) => {
    const gateway = await startedPushgateway({ enableAdminApi: true });
    await pushHostile(gateway);
    // Only the judge needs a script.
    const page = await open(gateway, { colorScheme, bypassCSP: true });
    await page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true");
    await page.evaluate(axe);
    const { violations } = (await page.evaluate('axe.run()')) as {
      readonly violations: readonly { readonly id: string; readonly nodes: readonly unknown[] }[];
    };
    expect(violations.map(({ id, nodes }) => [id, nodes])).toEqual([]);
    const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(background).toBe(colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(20, 23, 26)');
    await page.context().close();
  });

  it('shows names as they are, runs nothing of them, and fits a narrow screen', async () => {
    const gateway = await startedPushgateway({ enableAdminApi: true });
    await pushHostile(gateway);
    const page = await open(gateway, { viewport: { width: 320, height: 700 } });
    const labels = await page.locator('details.group > summary .badge').allTextContents();
    const jobs = [...Object.values(HOSTILE), 'failing'].map((job) => `job=${JSON.stringify(job)}`);
    expect(labels.sort()).toEqual(jobs.sort());
    for (const group of await page.locator('details.group > summary').all()) {
      await group.press('Enter');
    }
    expect(await page.getByText('wait_seconds').count()).toBe(Object.keys(HOSTILE).length);
    expect(await page.getByText('Last push failed').count()).toBe(1);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(await page.locator('script, img, link').count()).toBe(0);
    // Neither a dialog nor a violation of the policy.
    expect(page.complaints).toEqual([]);
    await page.context().close();
  });

  it('is used by the keyboard alone and without a script: search, open, delete', async () => {
    const gateway = await startedPushgateway({ enableAdminApi: true });
    for (const job of ['backup', 'mail', 'report']) await push(gateway, job);
    const page = await open(gateway, { javaScriptEnabled: false });
    const tab = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) await page.keyboard.press('Tab');
    };
    await tab(3); // Two links, then the search.
    await page.keyboard.type('job=ma');
    await page.keyboard.press('Enter');
    await page.getByText('1 of 3 groups').waitFor();
    await tab(5); // Its button, then the group.
    await page.keyboard.press('Enter');
    await page.getByText('size_bytes').waitFor();
    await tab(4); // Three tables, which scroll, then what is deleted.
    await page.keyboard.press('Enter');
    await page.getByText('Its series are gone').waitFor();
    await tab(1);
    await page.keyboard.press('Enter');
    await page.getByText('2 groups').waitFor();
    const served = await (await gateway.request('/metrics')).text();
    expect(served).not.toContain('job="mail"');
    expect(served).toContain('job="backup"');
    await page.locator('summary', { hasText: 'Delete all' }).click();
    await page.getByRole('button', { name: 'Delete all' }).click();
    await page.getByText('No client has pushed yet.').waitFor();
    expect(page.complaints).toEqual([]);
    await page.context().close();
  });

  it('has nothing to delete by without the flag', async () => {
    const gateway = await startedPushgateway();
    await push(gateway, 'backup');
    const page = await open(gateway);
    expect(await page.getByText('Delete').count()).toBe(0);
    await page.context().close();
  });

  it('sends as little of 1 000 groups of 20 series as of 50, and is paged and searched', async () => {
    const gateway = await startedPushgateway({ groupLimit: 10_000 });
    const lines = Array.from({ length: 20 }, (_, at) => `load_m${at}{shard="a"} ${at}\n`).join('');
    await Promise.all(
      Array.from({ length: 16 }, async (_, from) => {
        for (let at = from; at < 1_000; at += 16) {
          const job = `job-${String(at).padStart(4, '0')}`;
          await gateway.request(`/metrics/job/${job}`, { method: 'PUT', body: lines });
        }
      }),
    );
    // bench/pushgateway.ts has 5,000 groups. The original sends all of them, 130 MB.
    const bytes = async (path: string): Promise<number> =>
      (await (await gateway.request(path)).arrayBuffer()).byteLength;
    for (const path of ['/', '/?page=20', '/?q=job-09']) {
      expect(await bytes(path)).toBeLessThan(500_000);
    }
    const page = await open(gateway, { javaScriptEnabled: false });
    await page.getByText('Page 1 of 20').waitFor();
    await page.getByRole('link', { name: 'Next' }).click();
    await page.getByText('Page 2 of 20').waitFor();
    expect(await page.locator('details.group').count()).toBe(50);
    await page.getByText('job="job-0050"').waitFor();
    await page.getByLabel('Labels').fill('job=job-09');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByText('100 of 1000 groups').waitFor();
    await page.getByRole('link', { name: 'Next' }).click();
    await page.getByText('job="job-0999"').waitFor();
    expect(page.complaints).toEqual([]);
    await page.context().close();
  });
});
