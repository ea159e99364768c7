import { Agent, request } from 'node:http';

/** How many series a group has. */
export const SERIES_A_GROUP = 20;

/** A response: its status, and how many bytes its body has. */
export interface Answer {
  readonly status: number;
  readonly bytes: number;
}

/** Clients of a gateway, each with a connection of its own that is kept. */
export class PushClients {
  readonly #port: number;
  readonly #agent: Agent;
  readonly #clients: number;

  constructor(port: number, clients: number) {
    this.#port = port;
    this.#clients = clients;
    this.#agent = new Agent({ keepAlive: true, maxSockets: clients });
  }

  /** Pushes to groups by their numbers; the clients share them. Each push has other values. */
  async pushAll(groups: Iterable<number>): Promise<number> {
    const left = groups[Symbol.iterator]();
    let pushed = 0;
    const client = async (): Promise<void> => {
      for (let next = left.next(); !next.done; next = left.next()) {
        const { status } = await this.send('PUT', `/metrics/job/load/instance/i${next.value}`, {
          body: groupBody(pushed++),
        });
        if (status !== 200 && status !== 202) throw new Error(`A push got ${status}`);
      }
    };
    await Promise.all(Array.from({ length: this.#clients }, client));
    return pushed;
  }

  /** Sends a request, and reads all of its response. */
  send(
    method: string,
    path: string,
    { body, headers = {} }: { body?: string | Buffer; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const to = { port: this.#port, host: '127.0.0.1', method, path, headers, agent: this.#agent };
      const sent = request(to, (response) => {
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes }));
      });
      sent.on('error', reject).end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A page of the series of a group, two of each family. */
function groupBody(round: number): string {
  let body = '';
  for (let at = 0; at < SERIES_A_GROUP; at++) {
    const name = `load_family_${at >> 1}`;
    if (at % 2 === 0) body += `# HELP ${name} A family.\n# TYPE ${name} gauge\n`;
    body += `${name}{part="${at % 2}"} ${(round * 31 + at) % 10_007}.5\n`;
  }
  return body;
}
