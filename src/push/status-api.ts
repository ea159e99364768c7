import { hostname } from 'node:os';
import type { ShortResponse } from '../server/short-response.ts';
import type { BuildInfo } from './own-metrics.ts';

/** What the status shows. */
export interface StatusFacts {
  /** Every flag of the original and its value, as text. */
  readonly flags: Readonly<Record<string, string>>;
  /** The flags that the original does not have, which its own status does not show. */
  readonly ownFlags?: Readonly<Record<string, string>>;
  /** What the configuration file could say, as YAML. Default: nothing. */
  readonly configuration?: string;
  /** When the gateway was started, in Unix ms. */
  readonly startedAt: number;
  readonly build: BuildInfo;
}

/** The headers of every response of the API, so that pages from elsewhere can read it. */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': 'application/json',
  'Access-Control-Allow-Headers': 'Accept, Authorization, Content-Type, Origin',
  'Access-Control-Allow-Methods': 'GET, POST, DELETE, OPTIONS',
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Date',
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  'X-Content-Type-Options': 'nosniff',
};

/** A response of the API. */
export function jsonResponse(body: string): ShortResponse {
  return { status: 200, headers: HEADERS, body };
}

/** What Prometheus shows of a process that runs. */
export function processFacts(startedAt: number): Readonly<Record<string, string>> {
  return {
    startTime: new Date(startedAt).toISOString(),
    CWD: process.cwd(),
    hostname: hostname(),
    serverTime: new Date().toISOString(),
  };
}

/** The status of a gateway: as the original has it, and below that as Prometheus has it. */
export class StatusApi {
  readonly #facts: StatusFacts;

  constructor(facts: StatusFacts) {
    this.#facts = facts;
  }

  /** What responds at which path. */
  paths(): readonly (readonly [path: string, respond: () => ShortResponse])[] {
    const { flags, ownFlags, configuration = '', startedAt, build } = this.#facts;
    const start = new Date(startedAt).toISOString();
    const information = {
      branch: 'unknown',
      buildDate: 'unknown',
      buildUser: 'unknown',
      goVersion: `node ${process.version}`,
      revision: 'unknown',
      version: build.version,
    };
    const state = { reloadConfigSuccess: true, lastConfigTime: start };
    const data: Readonly<Record<string, object | (() => object)>> = {
      '/api/v1/status': { flags, start_time: start, build_information: information },
      '/api/v1/status/flags': { ...flags, ...ownFlags },
      '/api/v1/status/buildinfo': information,
      '/api/v1/status/config': { yaml: configuration },
      '/api/v1/status/runtimeinfo': () => ({ ...processFacts(startedAt), ...state }),
    };
    return Object.entries(data).map(([path, given]) => {
      const respond = (): ShortResponse => {
        const shown = typeof given === 'function' ? (given as () => object)() : given;
        return jsonResponse(JSON.stringify({ status: 'success', data: shown }));
      };
      return [path, respond] as const;
    });
  }
}
