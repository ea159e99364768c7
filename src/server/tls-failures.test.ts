import { request } from 'node:https';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TLS } from '../../test/http/transports.ts';
import { Clock } from '../../test/support/clock.ts';
import { until } from '../../test/support/until.ts';
import { SECRET_HASH, WebConfigOnDisk } from '../../test/support/web-config-files.ts';
import type { SnapscrapeError } from '../model/errors.ts';
import { MemoryStore } from '../stores/memory-store.ts';
import { CLIENT_REFUSALS } from '../web/client-rejection.ts';
import { createExporterServer } from './exporter-server.ts';
import type { ExporterServerOptions } from './server-options.ts';
import { TlsFailures } from './tls-failures.ts';

const disk = new WebConfigOnDisk();
const PAIR = `cert: ${JSON.stringify(TLS.cert)}, key: ${JSON.stringify(TLS.key)}`;

describe('failures of TLS clients', () => {
  it('are counted each, and reported once a minute for each reason', () => {
    const clock = new Clock(0);
    const reports: SnapscrapeError[] = [];
    const failures = new TlsFailures((error) => reports.push(error), clock.now);
    for (let i = 0; i < 1000; i++) failures.add('unknown_ca', `10.0.0.${i % 256}`);
    failures.add('plain_http', undefined);
    expect(reports.map(({ code }) => code)).toEqual(['handshake_failed', 'handshake_failed']);
    expect(reports[0]?.message).toMatch(
      /^A TLS client at 10\.0\.0\.0 was rejected \(unknown_ca\): /,
    );
    clock.advance(60_000);
    failures.add('unknown_ca', '10.0.0.7');
    expect(reports[2]?.message).toMatch(/10\.0\.0\.7 .*, and 999 more since the last report$/);
    expect(failures.count('unknown_ca')).toBe(1001);
    expect(CLIENT_REFUSALS.reduce((all, reason) => all + failures.count(reason), 0)).toBe(1002);
  });
});

describe('the metrics of a server with a web configuration file', () => {
  async function serve(text: string, options?: ExporterServerOptions) {
    disk.write(text);
    const errors: SnapscrapeError[] = [];
    const server = createExporterServer(new MemoryStore(), {
      listenAddresses: ['127.0.0.1:0'],
      webConfigFile: disk.path,
      onError: (error) => errors.push(error),
      ...options,
    });
    onTestFinished(() => server.close());
    const [address] = await server.start();
    return { errors, url: address!.url, port: address!.port! };
  }

  function page(url: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const sent = request(`${url}/metrics`, { rejectUnauthorized: false }, (response) => {
        let text = '';
        response.on('data', (part: Buffer) => {
          text += part.toString();
        });
        response.on('end', () => resolve(text));
      });
      sent.on('error', reject).end();
    });
  }

  it.each(['true', 'false'])('count rejected clients by reason, http2: %s', async (http2) => {
    const { errors, url, port } = await serve(
      `tls_server_config: {${PAIR}}\nhttp_server_config: {http2: ${http2}}`,
    );
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\n\r\n'));
      socket.on('data', (part) => {
        text += part.toString();
      });
      socket.on('close', () => resolve(text));
    });
    expect(answer).toBe(
      'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n',
    );
    const text = await page(url);
    expect(text).toContain('snapscrape_tls_handshake_failures_total{reason="plain_http"} 1\n');
    expect(text.match(/snapscrape_tls_handshake_failures_total\{/g)).toHaveLength(
      CLIENT_REFUSALS.length,
    );
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^A TLS client at 127\.0\.0\.1 was rejected \(plain_http\): /),
    ]);
  });

  it('show how the last reload went, and when the file was last good', async () => {
    const { errors, url } = await serve('{}');
    const values = async (): Promise<readonly number[]> => {
      const text = await (await fetch(`${url}/metrics`)).text();
      expect(text).not.toContain('tls_handshake_failures');
      const lines = text.matchAll(/^snapscrape_web_config_last_reload_\w+ (\S+)$/gm);
      return [...lines].map(([, value]) => Number(value));
    };
    const [before, at] = await values();
    expect(before).toBe(1);
    expect(Math.abs(at! - Date.now() / 1000)).toBeLessThan(60);
    disk.write('no_such: 1');
    await until('the bad file is read', () => errors.length > 0);
    expect(await values()).toEqual([0, at]);
  });

  it('are not there without the file', async () => {
    const { url } = await serve('', { webConfigFile: undefined });
    expect(await (await fetch(`${url}/metrics`)).text()).not.toMatch(/web_config|tls_/);
  });
});

describe('costs of bcrypt hashes', () => {
  it('are bound by an option of the server, in the file and in views', async () => {
    const hash = SECRET_HASH.replace('$04$', '$18$');
    disk.write(`basic_auth_users: {bob: ${hash}}`);
    const auth = { users: { bob: hash } };
    const start = async (maxBcryptCost: number): Promise<void> => {
      const server = createExporterServer(new MemoryStore(), {
        listenAddresses: ['127.0.0.1:0'],
        webConfigFile: disk.path,
        views: [{ path: '/bob', auth }],
        maxBcryptCost,
      });
      await server.start();
      await server.close();
    };
    await start(18);
    await expect(start(17)).rejects.toMatchObject({
      code: 'invalid_options',
      message: expect.stringMatching(/view \/bob .*cost 18; .*raise maxBcryptCost \(17\)/),
    });
    const server = createExporterServer(new MemoryStore(), { webConfigFile: disk.path });
    await expect(server.start()).rejects.toMatchObject({
      code: 'invalid_web_config',
      message: expect.stringMatching(/cost of 18; with maxBcryptCost it must be from 4 to 16$/),
    });
  });
});
