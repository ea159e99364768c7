import { MemoryStore } from '../../src/index.ts';
import type { StoreSubject } from './store-subject.ts';

/** The store in this process's memory. */
export const MEMORY: StoreSubject = {
  name: 'MemoryStore',
  open: async () => {
    const store = new MemoryStore();
    return { store, bytes: async () => undefined, discard: () => store.close() };
  },
};
