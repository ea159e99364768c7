import type { Server } from 'node:tls';
import { expect, it } from 'vitest';
import { TLS } from '../../test/http/transports.ts';
import { WebConfigOnDisk } from '../../test/support/web-config-files.ts';
import { secureServer } from './secure-server.ts';

const disk = new WebConfigOnDisk();

it('refuses a server that cannot follow the file, as one of node:https in Bun', async () => {
  const [cert, key] = [TLS.cert, TLS.key].map((pem) => JSON.stringify(pem));
  const file = await disk.load(`tls_server_config: {cert: ${cert}, key: ${key}}`);
  expect(() => secureServer({} as Server, file)).toThrow(
    expect.objectContaining({ code: 'invalid_web_config' }),
  );
});
