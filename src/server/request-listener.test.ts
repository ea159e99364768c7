import { get } from 'node:http';
import bcrypt from 'bcryptjs';
import { expect, it, onTestFinished } from 'vitest';
import { startExporter, webConfig } from '../../test/support/exporter.ts';
import { until } from '../../test/support/until.ts';
import { basic } from '../../test/support/web-config-files.ts';

/** More than may wait: the last ones show that the queue is full. */
const CROWD = 80;

it('a client that leaves takes its password out of the queue', async () => {
  const start = process.cpuUsage();
  const hash = bcrypt.hashSync('open sesame', 11);
  const one = process.cpuUsage(start).user;
  const webConfigFile = webConfig(`basic_auth_users: { ann: '${hash}' }\n`);
  const { port } = await startExporter({ snapshot: () => [] }, { webConfigFile });
  let turnedAway = 0;
  const ask = (password: string, report: (status: number | undefined) => void) => {
    const headers = { authorization: basic('ann', password) };
    const options = { host: '127.0.0.1', port, path: '/metrics', headers, agent: false };
    const request = get(options, (response) => report(response.resume().statusCode));
    request.on('error', () => undefined);
    onTestFinished(() => void request.destroy());
    return request;
  };
  const crowd = Array.from({ length: CROWD }, (_, i) =>
    ask(`guess ${i}`, (status) => {
      if (status === 503) turnedAway++;
    }),
  );
  await until('the queue is full', () => turnedAway > 0);
  for (const request of crowd) request.destroy();
  const before = process.cpuUsage();
  const statuses: (number | undefined)[] = [];
  const again = (): void => {
    ask('open sesame', (status) => {
      statuses.push(status);
      if (status === 503) again();
    });
  };
  again();
  await until('the client that stayed is admitted', () => statuses.at(-1) === 200);
  // The crowd's passwords would have taken some sixty times that of one.
  expect(process.cpuUsage(before).user).toBeLessThan(one * (CROWD / 4));
});
