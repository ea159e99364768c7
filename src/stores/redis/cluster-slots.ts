import { unexpectedReply } from './replies.ts';
import type { NodeAddress } from './sentinel-lookup.ts';

const SLOTS = 16_384;
const CRC_POLYNOMIAL = 0x1021;
// In place of the host of a server that is to be named and has no name yet.
const UNNAMED = '?';

/** Which master has which slot, as one server says. */
export interface SlotTable {
  /** By slot the address of its master, if it has one. */
  readonly masters: (NodeAddress | undefined)[];
  /** The same as a text, to compare what servers say. */
  readonly text: string;
}

/** The slot of a key: of the text in its first braces, or of all of it (CRC-16/XMODEM). */
export function slotOf(key: string): number {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  const hashed = close > open + 1 ? key.slice(open + 1, close) : key;
  let crc = 0;
  for (const byte of Buffer.from(hashed)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) {
      crc = ((crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ CRC_POLYNOMIAL) & 0xffff;
    }
  }
  return crc % SLOTS;
}

/**
 * Reads what `CLUSTER SLOTS` returns.
 *
 * @param asked - the host that was asked: a server that does not know its own name leaves it out.
 */
export function readSlots(reply: unknown, asked: string): SlotTable {
  if (!Array.isArray(reply)) throw unexpectedReply('CLUSTER SLOTS');
  const masters: (NodeAddress | undefined)[] = [];
  const ranges: string[] = [];
  for (const range of reply as readonly unknown[]) {
    const [from, to, master] = Array.isArray(range) ? (range as readonly unknown[]) : [];
    const [named, port, , more] = Array.isArray(master) ? (master as readonly unknown[]) : [];
    const host = named === UNNAMED ? addressIn(more) : named;
    if (!isSlot(from) || !isSlot(to) || typeof port !== 'number') {
      throw unexpectedReply('CLUSTER SLOTS');
    }
    const node = { host: typeof host === 'string' && host !== '' ? host : asked, port };
    for (let slot = from; slot <= to; slot++) masters[slot] = node;
    ranges.push(`${from}-${to} ${node.host}:${node.port}`);
  }
  return { masters, text: ranges.sort().join() };
}

/** Where a redirection leads: the address at the end of `MOVED 3999 host:port` or `ASK …`. */
export function readRedirection(
  message: string,
  asked: string,
): { readonly slot: number; readonly node: NodeAddress } | undefined {
  const match = /^(?:MOVED|ASK) (\d+) (\S*):(\d+)$/.exec(message);
  if (match === null) return undefined;
  const [, slot, host, port] = match;
  if (host === UNNAMED) return undefined;
  const node = { host: host === '' ? asked : host!, port: Number(port) };
  return isSlot(Number(slot)) ? { slot: Number(slot), node } : undefined;
}

function isSlot(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < SLOTS;
}

/**
 * The IP address among what `CLUSTER SLOTS` adds to a server: a list or a map of names and values.
 */
function addressIn(more: unknown): unknown {
  if (!Array.isArray(more)) return (more as { readonly ip?: unknown } | null)?.ip;
  return more[more.indexOf('ip') + 1];
}
