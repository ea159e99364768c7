import { compareScenarios, type Found, PROFILES } from '../test/conformance/gateways/comparing.ts';
import { departureOf } from '../test/conformance/gateways/departures.ts';

// Sends generated requests to our program and to Debian's `prometheus-pushgateway`, and compares
// what both answer and hold: `npm run build && node --import tsx scripts/compare-pushgateways.ts
// [scenarios] [seed] [profile]`. Prints what differs, and exits with 1 if a difference has no name
// in test/conformance/gateways/departures.ts.

const count = Number(process.argv[2] ?? 3000);
const seed = Number(process.argv[3] ?? 1);
const profiles = Object.keys(PROFILES).filter((name) => (process.argv[4] ?? name) === name);
const MOST_PRINTED = 30;

const named = new Map<string, number>();
const unnamed = new Map<string, Found[]>();
let requests = 0;
let broken = 0;
for (const profile of profiles) {
  const each = Math.ceil(count / profiles.length);
  const done = await compareScenarios(profile, each, seed, (found) => {
    const name = departureOf(found);
    if (name !== undefined) named.set(name, (named.get(name) ?? 0) + 1);
    else {
      const { of, ours, original } = found.difference;
      const both = of === 'status' ? [ours, original] : [masked(ours), masked(original)];
      const sign = `${of}: ${both.join(' | ')}`;
      unnamed.set(sign, [...(unnamed.get(sign) ?? []), found]);
    }
    return name !== undefined;
  });
  requests += done.requests;
  broken += done.broken;
}
for (const [sign, all] of [...unnamed]
  .sort(([, a], [, b]) => b.length - a.length)
  .slice(0, MOST_PRINTED)) {
  const [{ profile, request, difference, scenario }] = all as [Found];
  const { method, path, headers, body } = request;
  console.log(`\n== ${all.length} × ${sign}`);
  console.log(`${profile} ${scenario}: ${method} ${path.slice(0, 200)} ${JSON.stringify(headers)}`);
  console.log(`body     ${JSON.stringify(body.toString('latin1').slice(0, 700))}`);
  console.log(`ours     ${JSON.stringify(difference.ours.slice(0, 600))}`);
  console.log(`original ${JSON.stringify(difference.original.slice(0, 600))}`);
}
const different = [...unnamed.values()].flat().length;
const departures = Object.fromEntries([...named].sort(([, a], [, b]) => b - a));
console.log(
  JSON.stringify({ scenarios: count, seed, requests, broken, departures, different }, null, 2),
);
if (different > 0) process.exitCode = 1;

/** What is left of a text without what differs from case to case. */
function masked(text: string): string {
  return text
    .replace(/line \d+/g, 'line N')
    .replace(/"(?:[^"\\]|\\.)*"/g, 'Q')
    .replace(/[0-9.e+-]+/g, '0')
    .slice(0, 90);
}
