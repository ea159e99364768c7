import { askServer, askServers } from './ask-servers.ts';
import { countOf, listOf, textsOf, unexpectedReply } from './replies.ts';
import type { ConnectionPlan, Deadline, OnStage, ServerConnection } from './server-connection.ts';

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
interface SentinelPlan extends ConnectionPlan {
  /** The name under which the Sentinels watch it. */
  readonly name: string;
  readonly sentinels: readonly NodeAddress[];
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
  { sentinels, name, ...plan }: SentinelPlan,
  deadline: Deadline,
  onStage?: OnStage,
): Promise<WatchedMaster> {
  const asks = sentinels.map(({ host, port }) => {
    const socket = { ...plan.options.socket, host, port };
    // With RESP 2 the answer is a list, whatever the Sentinel's version.
    const options = { ...plan.options, RESP: 2, socket } as object;
    const ask = (sentinel: ServerConnection): Promise<WatchedMaster> => askSentinel(sentinel, name);
    return (end: Deadline) =>
      askServer({ ...plan, options, stage: 'sentinels', ask }, end, onStage);
  });
  const known = await askServers('sentinels', asks, deadline);
  return known.reduce((latest, each) => (each.epoch > latest.epoch ? each : latest));
}

async function askSentinel(sentinel: ServerConnection, name: string): Promise<WatchedMaster> {
  const [master, sentinels] = await Promise.all([
    sentinel.send(['SENTINEL', 'MASTER', name]).then(fieldsOf),
    sentinel
      .send(['SENTINEL', 'SENTINELS', name])
      .then((reply) => listOf(reply).map((each) => addressOf(fieldsOf(each))))
      .catch(() => []),
  ]);
  const epoch = countOf(master.get('config-epoch') ?? 0);
  return { master: addressOf(master), epoch, sentinels };
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
