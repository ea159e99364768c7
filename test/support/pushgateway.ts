import { onTestFinished } from 'vitest';
import type { ProgramLog } from '../../src/logging/program-log.ts';
import {
  type PushgatewayOptions,
  type RunningPushgateway,
  startPushgateway,
} from '../../src/push/pushgateway.ts';

/** A line of the log: its level, its message and its fields. */
export type LogLine = readonly [
  level: string,
  msg: string,
  fields: Readonly<Record<string, unknown>>,
];

/** A gateway of a test's own. */
export interface StartedPushgateway extends RunningPushgateway {
  /** What it has logged. */
  readonly lines: readonly LogLine[];
  readonly url: string;
  readonly request: (path: string, init?: RequestInit) => Promise<Response>;
}

/** A log that adds its lines to a list. */
export function logTo(lines: LogLine[]): ProgramLog {
  return Object.fromEntries(
    ['debug', 'info', 'warn', 'error'].map((level) => [
      level,
      (_: string, msg: string, fields = {}) => lines.push([level, msg, fields]),
    ]),
  ) as unknown as ProgramLog;
}

/** Starts a gateway with the defaults of the program at a free port; it ends with the test. */
export async function startedPushgateway(
  options: Partial<PushgatewayOptions> = {},
): Promise<StartedPushgateway> {
  const lines: LogLine[] = [];
  const gateway = await startPushgateway({
    listenAddresses: ['127.0.0.1:0'],
    systemdSocket: false,
    telemetryPath: '/metrics',
    enableLifecycle: false,
    enableAdminApi: false,
    disableConsistencyCheck: false,
    enableUtf8Names: false,
    ttlMs: 0,
    rules: [],
    groupLimit: 100,
    bodySizeLimit: 100_000,
    flags: {},
    log: logTo(lines),
    ...options,
  });
  onTestFinished(() => gateway.close());
  const [url = ''] = gateway.addresses;
  const request = (path: string, init: RequestInit = {}) => fetch(url + path, init);
  return { ...gateway, lines, url, request };
}
