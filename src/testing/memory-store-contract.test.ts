import { describe, it } from 'vitest';
import { MemoryStore } from '../stores/memory-store.ts';
import { storeContract } from './store-contract.ts';

const cases = storeContract({
  createDataSet: () => ({ open: (options) => new MemoryStore(options) }),
  isShared: false,
  isDurable: false,
  hasGroups: true,
  hasAllValues: true,
});

describe.each(cases)('MemoryStore: $topic', ({ title, run }) => {
  it(title, run);
});
