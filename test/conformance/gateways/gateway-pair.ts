import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { type RunningProcess, startProcess } from '../../e2e/process.ts';
import { freePort } from '../../support/redis-servers.ts';
import { REPOSITORY } from '../../support/tools.ts';
import type { GatewayRequest } from './push-scenarios.ts';

/** What a gateway answers. */
export interface GatewayResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** A gateway that runs as a program. */
export interface Gateway {
  send(sent: Partial<GatewayRequest> & { readonly path: string }): Promise<GatewayResponse>;
  stop(): Promise<void>;
}

const PATIENCE_MS = 10_000;

/** Starts our program and the original with the same flags, both without a file. */
export async function startGatewayPair(
  flags: readonly string[],
): Promise<{ readonly ours: Gateway; readonly original: Gateway }> {
  const main = join(REPOSITORY, 'dist/cli/main.js');
  const [ours, original] = await Promise.all([
    startGateway(process.execPath, [main, 'pushgateway', ...flags]),
    startGateway('prometheus-pushgateway', ['--persistence.file=', ...flags]),
  ]);
  return { ours, original };
}

async function startGateway(command: string, args: readonly string[]): Promise<Gateway> {
  const port = await freePort();
  const program: RunningProcess = startProcess(command, [
    ...args,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  await program.printed(/msg="?Listening/i);
  const agent = new Agent({ keepAlive: true });
  return {
    send: (sent) => send(port, agent, sent),
    stop: async () => {
      agent.destroy();
      await program.stop();
    },
  };
}

function send(
  port: number,
  agent: Agent,
  asked: Parameters<Gateway['send']>[0],
  isAgain = false,
): Promise<GatewayResponse> {
  const { method = 'GET', path, headers = {}, body, isChunked = false } = asked;
  return new Promise((resolve, reject) => {
    const length = body?.length ?? 0;
    const isSized = !isChunked && (length > 0 || method === 'PUT' || method === 'POST');
    const sent = request({
      port,
      host: '127.0.0.1',
      agent: isAgain ? false : agent,
      method,
      path: Buffer.from(path).toString('latin1'),
      headers: {
        ...headers,
        ...(isSized && { 'content-length': length }),
        ...(isChunked && { 'transfer-encoding': 'chunked' }),
      },
    });
    sent.setTimeout(PATIENCE_MS, () => sent.destroy(new Error(`no answer to ${method} ${path}`)));
    sent.on('error', (error: Error & { rawPacket?: Buffer }) => {
      // To HEAD the original sends the body of this one, too.
      const isRefused = /^HTTP\/1.1 400 /.test(error.rawPacket?.toString('latin1') ?? '');
      if (isRefused) resolve({ status: 400, headers: {}, body: '' });
      // The original panics, and goes on with other requests.
      else if (isAgain) resolve({ status: 0, headers: {}, body: error.message });
      else if (/hang up|ECONNRESET|EPIPE/.test(String(error)))
        resolve(send(port, agent, asked, true));
      else reject(new Error(`${method} ${path}: ${error.message}`));
    });
    sent.on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          headers: response.headers as Record<string, string>,
          body: Buffer.concat(parts).toString('utf8'),
        }),
      );
    });
    sent.end(body);
  });
}
