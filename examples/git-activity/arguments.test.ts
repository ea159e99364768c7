import { expect, test } from 'vitest';
import { HELP, readArguments, UsageError } from './arguments.ts';

test('without arguments everything has its default, which the help names', () => {
  expect(readArguments([])).toEqual({
    address: ':9464',
    metricsPath: '/metrics',
    webConfigFile: undefined,
    collectIntervalMs: 15_000,
    gitTimeoutMs: 120_000,
    paths: [],
    help: false,
  });
  expect(HELP).toMatch(/default :9464.*default \/metrics.*default 15s.*default 2m/s);
});

test('paths may stand anywhere and look like options after --', () => {
  const settings = readArguments(['a', '--collect.interval=1h', 'b', '--', '--c']);
  expect(settings.paths).toEqual(['a', 'b', '--c']);
  expect(settings.collectIntervalMs).toBe(3_600_000);
});

test.each([':9999', ':0', '127.0.0.1:9999', 'localhost:65535', '[::1]:9464'])(
  'the address %s is understood',
  (text) => {
    expect(readArguments([`--web.listen-address=${text}`]).address).toBe(text);
  },
);

test('the path of the metrics and the web configuration file can be chosen', () => {
  const settings = readArguments(['--web.telemetry-path=/a/b', '--web.config.file=web.yml']);
  expect([settings.metricsPath, settings.webConfigFile]).toEqual(['/a/b', 'web.yml']);
});

test.each([
  ['100ms', 100],
  ['1s', 1000],
  ['2m', 120_000],
  ['24h', 86_400_000],
])('the duration %s is understood', (text, ms) => {
  expect(readArguments([`--git.timeout=${text}`]).gitTimeoutMs).toBe(ms);
});

test.each([
  [['--web.listen-address=9464'], "--web.listen-address: '9464' is no address; use :9464, "],
  [['--web.listen-address=:65536'], "--web.listen-address: ':65536' is no address; "],
  [['--web.listen-address=::1:80'], "--web.listen-address: '::1:80' is no address; "],
  [['--web.listen-address='], "--web.listen-address: '' is no address; "],
  [['--web.telemetry-path=metrics'], "--web.telemetry-path: 'metrics' is no path of metrics; "],
  [['--web.telemetry-path=/-/ready'], "--web.telemetry-path: '/-/ready' is no path of metrics; "],
  [['--collect.interval=15'], "--collect.interval: '15' is no duration from 100ms to 24h; write "],
  [['--collect.interval=99ms'], "--collect.interval: '99ms' is no duration from 100ms to 24h; "],
  [['--git.timeout=25h'], "--git.timeout: '25h' is no duration from 100ms to 24h; "],
  [['--git.timeout=-1s'], "--git.timeout: '-1s' is no duration from 100ms to 24h; "],
  [['--colour'], "Unknown option '--colour'; see --help"],
  [['--collect.interval'], "Option '--collect.interval <value>' argument missing; see --help"],
  [['--help=yes'], "Option '-h, --help' does not take an argument; see --help"],
  [[''], "a path is empty; name a directory, or '.'"],
])('%j is rejected with the remedy', (args, message) => {
  const attempt = () => readArguments(args);
  expect(attempt).toThrow(UsageError);
  expect(attempt).toThrow(message);
});
