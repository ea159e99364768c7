import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SnapscrapeError } from '../../model/errors.ts';
import { parseExposition } from '../../parse/index.ts';
import { readGatewayState } from './gateway-state.ts';

// Written by Debian's Pushgateway 1.5.1 after three pushes and one that it rejected.
const FILE = fileURLToPath(new URL('pushgateway-1.5.1.state', import.meta.url));
const STATE: Buffer = readFileSync(FILE);

function read(bytes: Uint8Array): ReturnType<typeof readGatewayState> {
  return readGatewayState(bytes, 'a.state');
}

/** What reading some bytes throws; undefined if it throws nothing. */
function failureOf(bytes: Uint8Array): unknown {
  try {
    read(bytes);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('the state file of a Pushgateway', () => {
  it('has the groups, with their labels and the names of their families', () => {
    const groups = read(STATE).map(({ labels, families }) => [
      Object.fromEntries(labels),
      families.map(({ name }) => name).sort(),
    ]);
    const times = ['push_failure_time_seconds', 'push_time_seconds'];
    expect(groups).toHaveLength(4);
    expect(groups).toEqual(
      expect.arrayContaining([
        [{ instance: 'i1', job: 'backup' }, ['a_total', 'h', ...times, 's']],
        [{ job: 'a/b', x: 'ü' }, ['b', ...times]],
        [{ job: 'empty' }, times],
        [{ job: 'failed' }, times],
      ]),
    );
  });

  it('has each family as a message of protobuf, and when it was pushed', () => {
    const backup = read(STATE).find(({ labels }) => labels.get('job') === 'backup')!;
    const family = backup.families.find(({ name }) => name === 'a_total')!;
    expect(new Date(family.pushedAt!).toISOString()).toMatch(/^2026-11-26T19:17:55\.9/);
    const page = Buffer.concat([Buffer.from([family.message.length]), family.message]);
    const { points } = parseExposition(page, { format: 'protobuf' });
    expect(points.map(({ labels, value }) => [labels, value])).toEqual([
      [{ instance: 'i1', job: 'backup', x: '1' }, 3],
      [{ instance: 'i1', job: 'backup', x: '2' }, 4e9],
    ]);
  });

  it('is rejected with a code wherever it was cut', () => {
    for (let length = 0; length < STATE.length; length += 3) {
      expect(failureOf(STATE.subarray(0, length)), `${length}`).toMatchObject({
        code: 'invalid_state_file',
        message: expect.stringContaining('a.state'),
      });
    }
  });

  it('is read or rejected with a code, whatever byte of it is changed', () => {
    for (let at = 0; at < STATE.length; at++) {
      const bytes = Buffer.from(STATE);
      bytes[at]! ^= [0x01, 0x7f, 0xff][at % 3]!;
      const failure = failureOf(bytes);
      if (failure !== undefined) expect(failure, `${at}`).toBeInstanceOf(SnapscrapeError);
    }
  });
});
