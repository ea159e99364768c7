/** How much longer than the short form a campaign is. */
const FACTOR = Number(process.env.TEST_TRIES ?? 1);

/**
 * How many examples a property is tried with. Each run draws other ones, so the short form that
 * `npm test` runs looks further every time; `TEST_TRIES=20 npx vitest run --testTimeout=1e8
 * test/property` makes a campaign of it.
 */
export function tries(short: number): number {
  return Math.ceil(short * FACTOR);
}
