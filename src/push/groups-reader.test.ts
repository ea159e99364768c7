import { expect, it } from 'vitest';
import { gateway } from '../../test/support/gateway-groups.ts';
import { GroupsReader } from './groups-reader.ts';

it('has each push on the next page, however seldom it is refreshed otherwise', async () => {
  const { groups, store, push } = await gateway();
  const config = { refreshInterval: 3_600_000, background: true };
  const reader = new GroupsReader(store, config, groups);
  try {
    await reader.current();
    for (let value = 1; value <= 3; value++) {
      await push('job/j', `a ${value}\n`);
      const { families } = await reader.current();
      const text = families.flatMap(({ chunks }) => chunks.map((chunk) => chunk.text.toString()));
      expect(text.join('')).toContain(`a{job="j"} ${value}\n`);
      expect(reader.fresh()).toBeDefined();
    }
  } finally {
    reader.close();
  }
});
