import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { connect as connectSecurely } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { TLS } from '../http/fixture-tls.ts';
import {
  type Random,
  randomBytes,
  randomFrames,
  randomHead,
  seeded,
} from '../support/random-bytes.ts';
import { until } from '../support/until.ts';

// A longer campaign: CAMPAIGN_SECONDS=600 CAMPAIGN_SEED=7 npx vitest run
// test/fault/campaign.test.ts
const SECONDS = Number(process.env.CAMPAIGN_SECONDS ?? 2);
const SEED = Number(process.env.CAMPAIGN_SEED ?? 1);
const CLIENTS = 24;
/** How long the event loop may be held at a stretch, in ms. */
const MOST_HELD = 50;

const PROGRAM = fileURLToPath(new URL('./campaign-servers.ts', import.meta.url));

type Kind = 'plain' | 'https' | 'http2' | 'bareHttp' | 'bareHttp2' | 'bareHttps' | 'unix';
const KINDS: readonly Kind[] = [
  'plain',
  'https',
  'http2',
  'bareHttp',
  'bareHttp2',
  'bareHttps',
  'unix',
];
const SECURE: ReadonlySet<Kind> = new Set(['https', 'http2', 'bareHttps']);

async function servers() {
  const folder = mkdtempSync(join(tmpdir(), 'campaign-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'tls.crt'), TLS.cert);
  writeFileSync(join(folder, 'tls.key'), TLS.key);
  const tls = 'tls_server_config: { cert_file: tls.crt, key_file: tls.key }\n';
  writeFileSync(join(folder, 'http2.yml'), tls);
  writeFileSync(join(folder, 'https.yml'), `${tls}http_server_config: { http2: false }\n`);
  const child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', PROGRAM, folder], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  child.stdout
    .setEncoding('utf8')
    .on('data', (text: string) => lines.push(...text.trim().split('\n')));
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  await until('the servers listen', () => lines.length === 1 || child.exitCode !== null);
  const ports = JSON.parse(lines[0]!) as Record<Exclude<Kind, 'unix'>, number>;
  const open = (kind: Kind): Socket =>
    kind === 'unix' ? connect(join(folder, 'exporter.sock')) : connect(ports[kind], '127.0.0.1');
  /** How long the event loop was held since it was asked last, and the memory of the process. */
  const report = async (): Promise<{ held: number; heapUsed: number }> => {
    const count = lines.length;
    child.stdin.write('\n');
    await until(
      'the process reports',
      () => lines.length > count || child.exitCode !== null,
      30_000,
    );
    return JSON.parse(lines[count] ?? '{}');
  };
  return { child, open, report, errors: () => errors };
}

/** One client: it sends something, at once or in parts, and leaves in one of several ways. */
async function attack(random: Random, kind: Kind, open: (kind: Kind) => Socket): Promise<void> {
  let socket = open(kind);
  socket.on('error', () => undefined);
  // Some do not speak TLS where they should.
  if (SECURE.has(kind) && random(4) > 0) {
    const protocols = [['http/1.1'], ['h2'], ['h2', 'http/1.1'], ['x']][random(4)]!;
    socket = connectSecurely({
      socket,
      ca: TLS.cert,
      servername: 'localhost',
      ALPNProtocols: protocols,
    });
    socket.on('error', () => undefined);
  }
  if (random(4) > 0) socket.resume();
  const makers = [randomBytes, randomHead, randomHead, randomFrames, randomFrames];
  const bytes = Buffer.concat(
    Array.from({ length: 1 + random(4) }, () => makers[random(makers.length)]!(random)),
  );
  const cut = random(3) === 0 ? random(bytes.length + 1) : bytes.length;
  socket.write(bytes.subarray(0, cut));
  if (cut < bytes.length) {
    await setTimeout(random(20));
    socket.write(bytes.subarray(cut));
  }
  const gone = new Promise((resolve) => socket.once('close', resolve));
  if (random(3) === 0) socket.end();
  if (random(3) > 0) await Promise.race([gone, setTimeout(random(100))]);
  socket.destroy();
}

async function statusOf(kind: Kind, open: (kind: Kind) => Socket): Promise<string> {
  const protocol = ['http/1.1'];
  const plain = open(kind);
  const socket = SECURE.has(kind)
    ? connectSecurely({
        socket: plain,
        ca: TLS.cert,
        servername: 'localhost',
        ALPNProtocols: protocol,
      })
    : plain;
  let text = '';
  socket.on('error', (error) => (text += error.message));
  socket.on('data', (part: Buffer) => (text += part.toString('latin1')));
  // Not ended here: to Node a client that ends its side has gone.
  socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await new Promise((resolve) => socket.once('close', resolve));
  return text.slice(0, 15);
}

it(
  `servers of every kind outlive ${SECONDS} s of random clients (seed ${SEED}), and are never held`,
  async () => {
    const { child, open, report, errors } = await servers();
    const random = seeded(SEED);
    let attacks = 0;
    const attackFor = async (seconds: number): Promise<void> => {
      const deadline = performance.now() + seconds * 1000;
      const client = async (): Promise<void> => {
        while (performance.now() < deadline && child.exitCode === null) {
          await attack(random, KINDS[random(KINDS.length)]!, open);
          attacks++;
        }
      };
      await Promise.all(Array.from({ length: CLIENTS }, client));
    };
    // Code that runs for the first time is compiled, which takes its time.
    await attackFor(1);
    await report();
    await attackFor(SECONDS);
    expect(child.exitCode, errors()).toBe(null);
    const { held, heapUsed } = await report();
    console.log(
      `${attacks} clients, held ${held.toFixed(1)} ms, ${(heapUsed / 2 ** 20).toFixed(0)} MiB`,
    );
    expect(held).toBeLessThan(MOST_HELD);
    for (const kind of KINDS) {
      if (kind === 'bareHttp2') continue; // It speaks no HTTP/1.
      expect(await statusOf(kind, open), kind).toBe('HTTP/1.1 200 OK');
    }
  },
  SECONDS * 1000 + 120_000,
);
