import { setMaxListeners } from 'node:events';
import { OpeningError } from './connection-errors.ts';
import { firstAnswers } from './first-answers.ts';
import { countOf, textsOf } from './replies.ts';
import {
  type ClientOptions,
  type ConnectionPlan,
  type Deadline,
  type OnStage,
  ServerConnection,
} from './server-connection.ts';

/** A host and its port. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** Where a node is reached whose own address leads nowhere from here. */
export type AddressMap =
  | Readonly<Record<string, NodeAddress>>
  | ((address: string) => NodeAddress | undefined);

/** What is asked for the master. */
export interface SentinelPlan extends Omit<ConnectionPlan, 'options'> {
  /** The name under which the Sentinels watch it. */
  readonly name: string;
  readonly sentinels: readonly NodeAddress[];
  /** What connections to the Sentinels are made with. */
  readonly options: ClientOptions;
}

interface KnownMaster extends NodeAddress {
  /** Grows with each failover. */
  readonly epoch: number;
}

/** Asks all Sentinels at once where the master is; takes the answer of the latest failover. */
export async function findMaster(
  plan: SentinelPlan,
  deadline: Deadline,
  onStage?: OnStage,
): Promise<NodeAddress> {
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  const end = (): void => abort.abort();
  if (deadline.aborted) end();
  deadline.addEventListener('abort', end, { once: true });
  try {
    const known = await firstAnswers(
      plan.sentinels.map((sentinel) =>
        askSentinel(plan, sentinel, abort.signal, (pending) =>
          onStage?.(OpeningError.ofAll('sentinels', [pending])),
        ),
      ),
    );
    return known.reduce((latest, each) => (each.epoch > latest.epoch ? each : latest));
  } catch (error) {
    const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
    throw OpeningError.ofAll('sentinels', errors);
  } finally {
    deadline.removeEventListener('abort', end);
    // Those that have not answered are not waited for.
    end();
  }
}

async function askSentinel(
  { library, timeout, options, name }: SentinelPlan,
  { host, port }: NodeAddress,
  deadline: Deadline,
  onStage: OnStage,
): Promise<KnownMaster> {
  const socket = { ...options.socket, host, port } as NonNullable<ClientOptions['socket']>;
  // With RESP 2 the answer is a list, whatever the Sentinel's version.
  const connection = await ServerConnection.open(
    { library, timeout, options: { ...options, RESP: 2, socket } as object },
    deadline,
    onStage,
  );
  try {
    const onDeadline = (): void =>
      connection.destroy(new OpeningError('sentinels', { isLate: true }));
    deadline.addEventListener('abort', onDeadline, { once: true });
    const fields = textsOf(await connection.send(['SENTINEL', 'MASTER', name]));
    deadline.removeEventListener('abort', onDeadline);
    const field = (of: string): string | undefined => {
      const at = fields.findIndex((text, i) => i % 2 === 0 && text === of);
      return at < 0 ? undefined : fields[at + 1];
    };
    const master = { host: field('ip') ?? '', port: countOf(field('port')) };
    return { ...master, epoch: countOf(field('config-epoch') ?? 0) };
  } finally {
    connection.destroy(undefined);
  }
}

/** Where a node is reached, by the address that Redis gives. */
export function mappedAddress(node: NodeAddress, map: AddressMap | undefined): NodeAddress {
  const address = `${node.host}:${node.port}`;
  const mapped = typeof map === 'function' ? map(address) : map?.[address];
  return mapped ?? node;
}
