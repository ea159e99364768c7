import { setMaxListeners } from 'node:events';
import { OpeningError } from './connection-errors.ts';
import { firstAnswers } from './first-answers.ts';
import { countOf, listOf, textsOf, unexpectedReply } from './replies.ts';
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

/** What a Sentinel knows. */
export interface WatchedMaster {
  readonly master: NodeAddress;
  /** Grows with each failover. */
  readonly epoch: number;
  /** The other Sentinels; empty if the user may not ask for them. */
  readonly sentinels: readonly NodeAddress[];
}

/** Asks all Sentinels at once where the master is; takes the reply of the latest failover. */
export async function findMaster(
  plan: SentinelPlan,
  deadline: Deadline,
  onStage?: OnStage,
): Promise<WatchedMaster> {
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
): Promise<WatchedMaster> {
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
    const [master, others] = await Promise.all([
      connection.send(['SENTINEL', 'MASTER', name]).then(fieldsOf),
      connection
        .send(['SENTINEL', 'SENTINELS', name])
        .then((reply) => listOf(reply).map((each) => addressOf(fieldsOf(each))))
        .catch(() => []),
    ]);
    deadline.removeEventListener('abort', onDeadline);
    const epoch = countOf(master.get('config-epoch') ?? 0);
    return { master: addressOf(master), epoch, sentinels: others };
  } finally {
    connection.destroy(undefined);
  }
}

/** Names and values that alternate in a list. */
function fieldsOf(reply: unknown): ReadonlyMap<string, string> {
  const texts = textsOf(reply);
  return new Map(texts.flatMap((name, i) => (i % 2 === 0 ? [[name, texts[i + 1] ?? '']] : [])));
}

function addressOf(fields: ReadonlyMap<string, string>): NodeAddress {
  const host = fields.get('ip');
  const port = countOf(fields.get('port'));
  if (host === undefined || host === '' || port < 1 || port > 65_535) {
    throw unexpectedReply('SENTINEL');
  }
  return { host, port };
}

/** Where a node is reached, by the address that Redis gives. */
export function mappedAddress(node: NodeAddress, map: AddressMap | undefined): NodeAddress {
  const address = `${node.host}:${node.port}`;
  const mapped = typeof map === 'function' ? map(address) : map?.[address];
  return mapped ?? node;
}
