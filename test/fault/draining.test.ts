import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { createCachedSnapshotReader, mergeReaders } from '../../src/index.ts';
import { bundleProgram } from '../support/bundle.ts';
import { type RunningExporter, startExporter, TLS_CONFIG, webConfig } from '../support/exporter.ts';
import { type KeptClient, keptClient } from '../support/kept-client.ts';
import { keptConnection, SPEECHES, type Speech } from '../support/kept-connection.ts';
import { Gate, ScriptedSource, state, statePage } from '../support/scripted-source.ts';
import { until } from '../support/until.ts';

/** An exporter whose scrapes are answered when their gates are opened. */
async function gated(
  speech: Speech,
  options: { drainTimeout: number; shutdownDelay?: number },
): Promise<RunningExporter & { gates: readonly Gate[]; source: ScriptedSource }> {
  const gates = [new Gate(), new Gate()];
  const source = new ScriptedSource();
  source.answer = async () => {
    await gates[source.reads - 1]?.promise;
    return [state(7)];
  };
  // Of several readers those without a cache are read for each scrape.
  const running = await startExporter(mergeReaders([source]), {
    ...options,
    handler: { selfMetrics: false },
    ...(speech === 'HTTP/1.1' ? {} : { webConfigFile: webConfig(TLS_CONFIG) }),
  });
  return { ...running, gates, source };
}

describe.each(SPEECHES)('an exporter that is closed, over %s', (speech) => {
  it('lets a scrape under way finish, and ends what is idle', async () => {
    const { server, port, gates, source } = await gated(speech, { drainTimeout: 20_000 });
    const busy = keptConnection(port, speech);
    const slow = keptConnection(port, speech);
    const idle = keptConnection(port, speech);
    expect((await idle.ask('/-/healthy'))[0]).toBe(200);
    const scrape = busy.ask('/metrics');
    await until('the scrape is under way', () => source.reads === 1);
    const slowScrape = slow.ask('/metrics');
    await until('the other is under way', () => source.reads === 2);
    let isClosed = false;
    const closing = server.close().then(() => (isClosed = true));
    await until('the idle connection is closed', () => idle.isClosed());
    await expect(keptConnection(port, speech).ask('/-/healthy')).rejects.toThrow();
    expect([isClosed, busy.isClosed(), server.readiness()]).toEqual([false, false, 'draining']);
    gates[0]!.open();
    expect(await scrape).toEqual([200, statePage(7)]);
    await until('its connection is closed', () => busy.isClosed());
    expect(isClosed).toBe(false);
    gates[1]!.open();
    expect(await slowScrape).toEqual([200, statePage(7)]);
    await closing;
    await until('the last connection is closed', () => slow.isClosed());
  });

  it('cuts a scrape that takes longer than the drain timeout', async () => {
    const { server, port, source } = await gated(speech, { drainTimeout: 50 });
    const scrape = keptConnection(port, speech).ask('/metrics');
    const cut = expect(scrape).rejects.toThrow();
    await until('the scrape is under way', () => source.reads === 1);
    await server.close();
    await cut;
  });

  it('is not held open by a connection that says nothing', async () => {
    const { server, port } = await gated(speech, { drainTimeout: 20_000 });
    const silent = connect(port, '127.0.0.1');
    onTestFinished(() => void silent.destroy());
    silent.on('error', () => undefined);
    silent.write(speech === 'HTTP/1.1' ? 'GET /metrics HTTP/1.1\r\n' : '\x16\x03\x01');
    await once(silent, 'connect');
    expect((await keptConnection(port, speech).ask('/-/healthy'))[0]).toBe(200);
    await Promise.all([server.close(), once(silent, 'close')]);
  });

  it('still accepts connections for the shutdown delay, and says that it is not ready', async () => {
    const { server, port } = await gated(speech, { drainTimeout: 20_000, shutdownDelay: 1000 });
    const before = keptConnection(port, speech);
    expect((await before.ask('/-/ready'))[0]).toBe(200);
    const closing = server.close();
    const [status, body] = await keptConnection(port, speech).ask('/-/ready');
    expect([status, body]).toEqual([503, 'Not ready: the exporter is shutting down.\n']);
    expect((await before.ask('/-/healthy'))[0]).toBe(200);
    await closing;
    expect(before.isClosed()).toBe(true);
  });
});

describe.each([0, 1500])(
  'an exporter that is closed under load, with a delay of %s ms',
  (delay) => {
    it.each(SPEECHES)('cuts no request that it has not announced, over %s', async (speech) => {
      const source = { snapshot: () => [state(7)] };
      const { server, port } = await startExporter(createCachedSnapshotReader(source), {
        drainTimeout: 20_000,
        shutdownDelay: delay,
        ...(speech === 'HTTP/1.1' ? {} : { webConfigFile: webConfig(TLS_CONFIG) }),
      });
      const clients = await Promise.all(
        Array.from({ length: 50 }, () =>
          keptClient(port, speech === 'HTTP/2', speech !== 'HTTP/1.1'),
        ),
      );
      /** Asks until its connection is announced to end. */
      const load = async (client: KeptClient, pauseMs: number): Promise<void> => {
        while (!(await client.ask('/metrics'))) await setTimeout(pauseMs);
      };
      // Some ask without a pause, some now and then; those that come later than the grace are idle.
      const loads = clients.map((client, at) => load(client, at % 5 === 0 ? 200 : 0));
      await setTimeout(100);
      const closing = server.close();
      if (delay > 0) {
        // A new client is served, and gets the announcement at once.
        const late = await keptClient(port, speech === 'HTTP/2', speech !== 'HTTP/1.1');
        expect(await late.ask('/metrics')).toBe(true);
      }
      await Promise.all(loads);
      await closing;
    });
  },
);

describe('closing an exporter', () => {
  it('twice is closing it once, and the reader stays open', async () => {
    const source = new ScriptedSource();
    const reader = createCachedSnapshotReader(source);
    const { server } = await startExporter(reader);
    expect(server.close()).toBe(server.close());
    await server.closed;
    await reader.refresh();
  });
});

describe('a process that gets a signal to end', () => {
  const program = bundleProgram(fileURLToPath(new URL('./draining-exporter.ts', import.meta.url)));
  afterAll(() => program.remove());

  /** A process that serves, and whose scrapes take until the test lets it go on. */
  async function started() {
    const child = spawn(process.execPath, [program.path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    const ended = once(child, 'close');
    await until('it listens', () => /\n/.test(out));
    const said = (line: string): Promise<void> => until(line, () => out.includes(`${line}\n`));
    return { child, ended, said, port: Number(/\d+/.exec(out)![0]), out: () => out };
  }

  it.each(['SIGTERM', 'SIGINT'] as const)('by %s finishes a scrape first', async (signal) => {
    const { child, ended, said, port } = await started();
    const connection = keptConnection(port, 'HTTP/1.1');
    expect((await connection.ask('/-/ready'))[0]).toBe(200);
    const scrape = connection.ask('/metrics');
    await said('reading');
    child.kill(signal);
    await said('draining');
    child.stdin.write('go on\n');
    expect(await scrape).toEqual([200, statePage(7)]);
    // Nothing is left that keeps it alive.
    expect(await ended).toEqual([0, null]);
    await said('closed');
  });

  it('a second time ends at once', async () => {
    const { child, ended, said, port } = await started();
    const scrape = keptConnection(port, 'HTTP/1.1').ask('/metrics');
    const cut = expect(scrape).rejects.toThrow();
    await said('reading');
    child.kill('SIGTERM');
    await said('draining');
    child.kill('SIGTERM');
    expect(await ended).toEqual([null, 'SIGTERM']);
    await cut;
  });

  it('by two signals that are handled at once ends at once', async () => {
    const { child, ended, said, port } = await started();
    const scrape = keptConnection(port, 'HTTP/1.1').ask('/metrics');
    const cut = expect(scrape).rejects.toThrow();
    await said('reading');
    // Both wait for the process, as for one whose event loop is busy.
    for (const signal of ['SIGSTOP', 'SIGTERM', 'SIGINT', 'SIGCONT'] as const) child.kill(signal);
    const [code, signal] = await ended;
    expect([code, ['SIGTERM', 'SIGINT'].includes(signal)]).toEqual([null, true]);
    await cut;
  });
});

it('tells a client that goes on to ask while it is closed that the connection ends', async () => {
  const { server, port, gates, source } = await gated('HTTP/1.1', { drainTimeout: 20_000 });
  const client = connect(port, '127.0.0.1');
  onTestFinished(() => void client.destroy());
  let answers = '';
  client.setEncoding('latin1').on('data', (part: string) => (answers += part));
  const request = 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n';
  client.write(request);
  await until('the first scrape is under way', () => source.reads === 1);
  const closing = server.close();
  await expect(keptConnection(port, 'HTTP/1.1').ask('/-/healthy')).rejects.toThrow();
  client.write(request);
  await until('the second one is under way', () => source.reads === 2);
  for (const gate of gates) gate.open();
  await Promise.all([closing, once(client, 'close')]);
  const heads = answers.split('HTTP/1.1 200 OK\r\n').slice(1);
  expect(heads.map((head) => /^Connection: (.*)\r$/m.exec(head)?.[1])).toEqual([
    'keep-alive',
    'close',
  ]);
});
