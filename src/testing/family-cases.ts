import assert from 'node:assert/strict';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { MetricStore } from '../stores/metric-store.ts';
import { casesOf } from './case-run.ts';
import type { ContractCase, ContractSubject } from './contract-subject.ts';

/** How the metadata of families is kept. */
export function familyCases(subject: ContractSubject): ContractCase[] {
  return casesOf('families', subject, FAMILIES);
}

async function familiesOf(store: MetricStore): Promise<FamilyMetadata[]> {
  const families: FamilyMetadata[] = [];
  for await (const family of await store.families()) families.push(family);
  return families.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const FAMILIES: Parameters<typeof casesOf>[2] = [
  {
    title: 'are added, and replaced by name',
    async body({ open }) {
      const store = await open();
      assert.deepEqual(await familiesOf(store), []);
      await store.setFamilies([{ name: 'a', type: 'gauge', help: 'One.' }]);
      const second: FamilyMetadata[] = [
        { name: 'a', type: 'counter' },
        { name: 'b_seconds', type: 'unknown', unit: 'seconds', help: 'With "\\\n\u{1f600}.' },
        { name: '__proto__', type: 'gauge', help: '' },
        { name: 'l'.repeat(3_000), type: 'gauge' },
      ];
      await store.setFamilies(new Set(second));
      const expected = [...second].sort((a, b) => (a.name < b.name ? -1 : 1));
      assert.deepEqual(await familiesOf(store), expected);
    },
  },
  {
    title: 'are refused with all their faults, and none is taken',
    async body({ open }) {
      const store = await open();
      const given = [
        { name: 'a', type: 'gauge' },
        { name: 'b', type: 'enum' },
        { name: 'c', type: 'gauge', unit: 'm/s' },
      ];
      const set = async () => store.setFamilies(given as FamilyMetadata[]);
      await assert.rejects(set, { code: 'invalid_options', message: /b has .*c has /s });
      assert.deepEqual(await familiesOf(store), []);
      for (const none of [null, 7, {}]) {
        const setNone = async () => store.setFamilies(none as never);
        await assert.rejects(setNone, { code: 'invalid_options' });
      }
    },
  },
  {
    title: 'end by name, and are there again once they are set again',
    async body({ open }) {
      const store = await open();
      const long = 'l'.repeat(3_000);
      const all: FamilyMetadata[] = ['a', 'b', '__proto__', long].map((name) => ({
        name,
        type: 'counter',
      }));
      await store.setFamilies(all);
      await store.upsert({ name: 'a', value: 1 });
      const wrong = async () => store.deleteFamilies(['a', 7 as never]);
      await assert.rejects(wrong, { code: 'invalid_options' });
      assert.equal((await familiesOf(store)).length, 4);
      await store.deleteFamilies(['a', '__proto__', long, 'none', '', 'a']);
      assert.deepEqual(await familiesOf(store), [{ name: 'b', type: 'counter' }]);
      let points = 0;
      for await (const _ of await store.snapshot()) points++;
      assert.equal(points, 1);
      await store.deleteFamilies([]);
      await store.setFamilies([{ name: 'a', type: 'gauge' }]);
      assert.equal((await familiesOf(store)).length, 2);
    },
  },
  {
    title: 'are there when the same store is opened again',
    needs: 'durable',
    async body({ open }) {
      const store = await open();
      await store.setFamilies([
        { name: 'a', type: 'counter', help: 'One.' },
        { name: 'b', type: 'gauge' },
      ]);
      await store.deleteFamilies(['b']);
      await store.close();
      assert.deepEqual(await familiesOf(await open()), [
        { name: 'a', type: 'counter', help: 'One.' },
      ]);
    },
  },
];
