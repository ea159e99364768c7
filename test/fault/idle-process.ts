import { createCachedSnapshotReader } from '../../src/index.ts';
import { never, ScriptedSource } from '../support/scripted-source.ts';

// Run by a test as a process of its own: makes a cached reader, does not close it, and has nothing
// else to do. It must end by itself, far sooner than any of its timers.
const kind = process.argv[2];
const source = new ScriptedSource();
if (kind === 'hanging') source.answer = never;
const reader = createCachedSnapshotReader(source, {
  background: kind !== 'on-demand',
  refreshInterval: kind === 'on-demand' ? 0 : 3_600_000,
  refreshTimeout: 3_600_000,
});
if (kind !== 'hanging') await reader.snapshot();
console.log(`${kind}: done`);
