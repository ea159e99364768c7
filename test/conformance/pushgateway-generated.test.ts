import { describe, expect, it } from 'vitest';
import { skipWithoutCommand } from '../support/certificates.ts';
import { compareScenarios, type Found, PROFILES } from './gateways/comparing.ts';
import { departureOf } from './gateways/departures.ts';

// A small part of what `scripts/compare-pushgateways.ts` does.

const SCENARIOS = 12;
const SEED = 1;

describe('the program and the original', () => {
  skipWithoutCommand('prometheus-pushgateway');

  it.each(Object.keys(PROFILES))('answer generated requests alike: %s', async (profile) => {
    const unnamed: Found[] = [];
    const { requests } = await compareScenarios(profile, SCENARIOS, SEED, (found) => {
      const isNamed = departureOf(found) !== undefined;
      if (!isNamed) unnamed.push(found);
      return isNamed;
    });
    expect(requests).toBeGreaterThan(SCENARIOS);
    const shown = ({ request, difference, scenario }: Found) => ({
      scenario,
      difference,
      method: request.method,
      path: request.path,
      body: request.body.toString('latin1'),
    });
    expect(unnamed.map(shown)).toEqual([]);
  });
});
