import { createServer } from 'node:https';
import type { Server } from 'node:tls';
import { expect, it } from 'vitest';
import { TLS } from '../../test/http/transports.ts';
import { WebConfigOnDisk } from '../../test/support/web-config-files.ts';
import { secureServer } from './secure-server.ts';
import { tlsOptionsOf } from './tls-options.ts';
import type { WebConfigFile } from './web-config-file.ts';

const disk = new WebConfigOnDisk();

function loaded(): Promise<WebConfigFile> {
  const [cert, key] = [TLS.cert, TLS.key].map((pem) => JSON.stringify(pem));
  return disk.load(`tls_server_config: {cert: ${cert}, key: ${key}}`);
}

it('rejects a server that cannot follow the file, as one of node:https in Bun', async () => {
  const file = await loaded();
  expect(() => secureServer({} as Server, file)).toThrow(
    expect.objectContaining({ code: 'invalid_web_config' }),
  );
});

it("leaves what a user's own listener throws to the user", async () => {
  const file = await loaded();
  const server = createServer(tlsOptionsOf(file.current)!);
  secureServer(server, file);
  server.on('drained', () => {
    throw new Error('of the user');
  });
  expect(() => server.emit('drained')).toThrow('of the user');
});

it.each([{}, { socket: undefined }, { socket: null }])(
  'rejects a request without a connection: %o',
  async (request) => {
    const file = await loaded();
    const server = createServer(tlsOptionsOf(file.current)!, () => expect.unreachable());
    const rejected: unknown[] = [];
    secureServer(server, file, (rejection) => rejected.push(rejection));
    server.emit('request', request, {});
    expect(rejected).toEqual(['other']);
  },
);
