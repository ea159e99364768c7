/**
 * Makes a store of one's own: a driver keeps the series, and the front does the rest.
 *
 * @packageDocumentation
 */

export {
  applyCommit,
  type CommitTable,
  type GroupTable,
  type StoredSample,
} from './apply-commit.ts';
export type {
  Commit,
  CommitRefusal,
  Committed,
  DriverChanges,
  DriverFrame,
  Entries,
  FrameOptions,
  GroupChange,
  GroupRecord,
  Lifetimes,
  ListedGroup,
  Payload,
  StoreDriver,
  StoredGroup,
  WriteNote,
  WriteNotes,
} from './driver.ts';
export { createStoreOver } from './store-front.ts';
