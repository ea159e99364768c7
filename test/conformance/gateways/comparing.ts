import { seeded } from '../../support/random-bytes.ts';
import { type Gateway, type GatewayResponse, startGatewayPair } from './gateway-pair.ts';
import { type Difference, responseDifferences, stateDifferences } from './observed.ts';
import { type GatewayRequest, PushScenarios } from './push-scenarios.ts';

/** How both gateways are started. */
interface Profile {
  readonly flags: readonly string[];
  readonly prefix?: string;
  readonly telemetryPath?: string;
}

const ADMIN = '--web.enable-admin-api';

/** Sets of flags by name. */
export const PROFILES: Readonly<Record<string, Profile>> = {
  default: { flags: [] },
  admin: { flags: [ADMIN, '--web.enable-lifecycle'] },
  unchecked: { flags: ['--push.disable-consistency-check', ADMIN] },
  prefix: { flags: ['--web.route-prefix=/pg', ADMIN], prefix: '/pg' },
  external: { flags: ['--web.external-url=http://gw.example.org/ext/', ADMIN], prefix: '/ext' },
  telemetry: { flags: ['--web.telemetry-path=/own/metrics', ADMIN], telemetryPath: '/own/metrics' },
};

/** A difference, and the request after which it was seen. */
export interface Found {
  readonly profile: string;
  readonly scenario: number;
  readonly request: GatewayRequest;
  readonly difference: Difference;
  readonly responses: readonly [ours: GatewayResponse, original: GatewayResponse];
  /** The requests of the scenario before this one. */
  readonly before: readonly GatewayRequest[];
}

/**
 * Sends generated scenarios to both gateways.
 *
 * @param onFound - is told of each difference; whether the scenario goes on after a response that
 * differs. A state that differs ends it, since all later ones would.
 */
export async function compareScenarios(
  name: string,
  count: number,
  seed: number,
  onFound: (found: Found) => boolean,
): Promise<{ readonly requests: number; readonly broken: number }> {
  const profile = PROFILES[name]!;
  const { prefix = '', telemetryPath = '/metrics', flags } = profile;
  const paths = { page: prefix + telemetryPath, groups: `${prefix}/api/v1/metrics` };
  const scenarios = new PushScenarios(seeded(seed * 7919 + name.length * 104_729 + 1), true);
  const { ours, original } = await startGatewayPair(flags);
  let requests = 0;
  let broken = 0;
  try {
    for (let scenario = 0; scenario < count; scenario++) {
      const sent = scenarios.next(prefix);
      for (const [at, request] of sent.entries()) {
        requests++;
        const [own, theirs] = await Promise.all([ours.send(request), original.send(request)]);
        const tell = (difference: Difference): boolean =>
          onFound({
            profile: name,
            scenario,
            request,
            difference,
            before: sent.slice(0, at),
            responses: [own, theirs],
          });
        const isKnown = responseDifferences(own, theirs).map(tell).every(Boolean);
        const state = await stateDifferences(ours, original, paths);
        if (state.isBroken) broken++;
        state.found.forEach(tell);
        if (!isKnown || state.isBroken || state.found.length > 0) break;
      }
      const all = sent.slice(0);
      const isEmptied = flags.includes(ADMIN);
      await Promise.all(
        [ours, original].map((gateway) =>
          isEmptied ? wipe(gateway, prefix, paths.groups) : deleteAll(gateway, all, paths.groups),
        ),
      );
    }
  } finally {
    await Promise.all([ours.stop(), original.stop()]);
  }
  return { requests, broken };
}

async function wipe(gateway: Gateway, prefix: string, groups: string): Promise<void> {
  await gateway.send({ method: 'PUT', path: `${prefix}/api/v1/admin/wipe` });
  await untilEmpty(gateway, groups);
}

/** Deletes the groups that requests have named, as they named them. */
async function deleteAll(
  gateway: Gateway,
  requests: readonly GatewayRequest[],
  groups: string,
): Promise<void> {
  for (const { path } of requests) await gateway.send({ method: 'DELETE', path });
  await untilEmpty(gateway, groups);
}

async function untilEmpty(gateway: Gateway, groups: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const { body } = await gateway.send({ path: groups });
    if ((JSON.parse(body) as { data: unknown[] }).data.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`the gateway is not empty: ${(await gateway.send({ path: groups })).body}`);
}
