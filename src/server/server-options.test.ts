import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { asDocumented, documentedDefaults } from '../../test/support/documented-defaults.ts';
import { createExporterServer } from './exporter-server.ts';
import {
  checkServerOptions,
  type ExporterServerOptions,
  SERVER_DEFAULTS,
} from './server-options.ts';

// What `printf %s "$TOKEN" | sha256sum` says where $TOKEN is not set.
const EMPTY_HASH = createHash('sha256').digest('hex');

const reader = { snapshot: () => [] };

describe('the options of a server', () => {
  it('have the defaults that their comments say, in a frozen constant', () => {
    const documented = documentedDefaults(
      new URL('./server-options.ts', import.meta.url),
      'ExporterServerOptions',
    );
    const inWords: Partial<Record<keyof ExporterServerOptions, string>> = {
      handler: "the handler's own defaults",
      cache: 'it refreshes in the background',
      auth: 'none',
      views: 'none',
      closes: 'none',
      webConfigFile: 'none',
      landingPage: 'a page without a name',
      onError: 'a line on standard error',
    };
    const expected = Object.entries(SERVER_DEFAULTS).map(([field, value]) => [
      field,
      inWords[field as keyof ExporterServerOptions] ?? asDocumented(value),
    ]);
    expect([...documented]).toEqual(expected);
    expect(Object.isFrozen(SERVER_DEFAULTS)).toBe(true);
    expect(checkServerOptions(undefined)).toEqual(SERVER_DEFAULTS);
  });

  it('are checked all at once, each problem with its value and the remedy', () => {
    const given = {
      listenAddresses: ['9464'],
      metricsPath: 'metrics',
      handler: { gzipLevel: 0, shards: 1 },
      views: [
        { path: '/-/ready' },
        { path: '/v', auth: { users: { 'a:b': `$2y$10$${'a'.repeat(53)}` } } },
        { path: '/v', auth: { users: { ann: 'secret password' } } },
        { path: '/w', auth: { bearerTokens: { ann: 'secret token' } } },
        { path: '/e', auth: { bearerTokens: { ann: `sha256:${EMPTY_HASH}` } } },
        { path: '/x', auth: {}, match: '{' },
        { path: '/y', auth: { password: 'secret' } },
        null,
      ],
      webConfigFile: '',
      landingPage: { name: 'x' },
      maxConnections: 0,
      listen: ':80',
    };
    const make = (): unknown =>
      createExporterServer(reader, given as unknown as ExporterServerOptions);
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_options' }));
    for (const problem of [
      'createExporterServer: ',
      'listenAddresses (object) must be a list of addresses: :9464, 127.0.0.1:9464,',
      'metricsPath ("metrics") must be a path that begins with a slash',
      'handler (object) is wrong: createOpenMetricsHandler: gzipLevel (0) must be',
      'unknown option "shards"',
      'views (object) [0] path is the path of a probe',
      '[1] auth has a user with a colon',
      '[2] auth must have users with bcrypt hashes',
      '[3] auth must have bearerTokens of sha256:',
      '[4] auth must have bearerTokens of sha256: and lower-case hex, not of the empty token',
      '[5] auth admits no client; give users or bearerTokens, or leave it out; is wrong: ',
      '[6] auth has password, but only users and bearerTokens are known',
      '[7] must be an object with a path',
      'webConfigFile ("") must be the path of a file',
      'landingPage (object) must have texts alone: title, description, version',
      'maxConnections (0) must be a whole number of connections from 1 to 1000000',
      'unknown option "listen"; the options are listenAddresses, metricsPath',
    ]) {
      expect(make).toThrow(problem);
    }
    expect(make).not.toThrow('secret');
  });

  it('must fit together', () => {
    const make = (): unknown =>
      createExporterServer(reader, {
        metricsPath: '/a',
        views: [{ path: '/b' }, { path: '/a' }, { path: '/b' }],
        requestTimeout: 5000,
      });
    expect(make).toThrow(
      'createExporterServer: the path /a is given twice; the path /b is given twice; ' +
        'requestTimeout (5000) must not be below headersTimeout (10000)',
    );
  });

  it('are for a reader', () => {
    expect(() => createExporterServer({} as never)).toThrow(
      'createExporterServer: reader must be a snapshot reader',
    );
  });
});
