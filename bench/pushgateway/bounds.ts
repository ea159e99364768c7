import { type GatewayKind, GatewayProcess } from './gateway-process.ts';
import { besideSlowPushers, endlessBody, throwBombs } from './hostile-clients.ts';
import { CROWD, upTo } from './load.ts';
import { PushClients } from './push-client.ts';

const CLIENTS = 8;
export const ENDLESS_MIB = 64;
export const SLOW_PUSHERS = 500;
export const BOMBS = 2;
/** Limits of V8's old generation, in MiB. The report names the smallest that passes. */
const HEAPS = [24, 32, 48, 64, 96, 128];
/** A gateway that collects garbage for longer than this does not pass, in ms. */
const HEAP_PATIENCE_MS = 60_000;

/** What a gateway held at most while clients were hostile, in MiB, and what they got. */
export interface Hostile {
  readonly before: number;
  readonly bomb: number;
  readonly bombStatus: number;
  readonly endless: number;
  readonly endlessSent: number;
  readonly slow: number;
}

/** Measures what hostile clients cost a fresh gateway, which must take pushes afterwards. */
export async function measureHostile(
  kind: GatewayKind,
  bomb: Buffer,
  newFile: () => string,
): Promise<Hostile> {
  const peakOf = async <T>(run: (clients: PushClients, port: number) => Promise<T>) => {
    const gateway = await GatewayProcess.start(kind, newFile());
    const clients = new PushClients(gateway.port, CLIENTS);
    try {
      const result = await run(clients, gateway.port);
      const { status } = await clients.send('PUT', '/metrics/job/after', { body: 'after 1\n' });
      if (status !== 200) throw new Error(`${kind.name} takes no push afterwards: ${status}`);
      return { peak: gateway.memoryMb('VmHWM'), result };
    } finally {
      clients.close();
      await gateway.stop();
    }
  };
  const before = await peakOf(async () => undefined);
  const bombs = await peakOf((clients) => throwBombs(clients, bomb, BOMBS));
  const endless = await peakOf((_, port) => endlessBody(port, ENDLESS_MIB));
  const slow = await peakOf((clients, port) =>
    besideSlowPushers(port, SLOW_PUSHERS, () => clients.pushAll(upTo(100))),
  );
  return {
    before: before.peak,
    bomb: bombs.peak,
    bombStatus: bombs.result,
    endless: endless.peak,
    endlessSent: endless.result,
    slow: slow.peak,
  };
}

/** The smallest heap with which all groups are pushed and scraped, and the memory then. */
export async function smallestHeap(
  kind: GatewayKind,
  groups: number,
  newFile: () => string,
): Promise<readonly [heapMb: number, peakMb: number]> {
  for (const heapMb of HEAPS) {
    const gateway = await GatewayProcess.start(kind, newFile(), { heapMb });
    const clients = new PushClients(gateway.port, CROWD);
    const cut = setTimeout(() => void gateway.stop('SIGKILL'), HEAP_PATIENCE_MS);
    try {
      await clients.pushAll(upTo(groups));
      await clients.send('GET', '/metrics', { headers: { 'Accept-Encoding': 'gzip' } });
      await clients.pushAll(upTo(100));
      return [heapMb, gateway.memoryMb('VmHWM')];
    } catch (error) {
      // Its connections are reset a little before its end is known.
      if (!(await gateway.isGoneSoon())) throw error;
    } finally {
      clearTimeout(cut);
      clients.close();
      await gateway.stop('SIGKILL');
    }
  }
  throw new Error(`No heap of up to ${HEAPS.at(-1)} MiB is enough`);
}
