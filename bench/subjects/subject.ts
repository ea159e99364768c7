import type { RequestListener } from 'node:http';
import type { Change, Workload } from '../workload/workload.ts';

/** Something that serves metrics and is measured, within its own process. */
export interface Subject {
  /** Answers scrapes. */
  readonly listener: RequestListener;
  /** Makes all state from the workload. */
  build(): Promise<void> | void;
  /**
   * Takes note of a change that was made to the workload: what a writer does, which is not
   * measured.
   */
  note?(change: Change, touched: Uint32Array): Promise<void> | void;
  /** Brings the state up to date with what was noted. */
  refresh?(): Promise<void> | void;
}

/** Makes a subject over a workload; sources are filled here, before anything is measured. */
export type SubjectFactory = (workload: Workload) => Promise<Subject> | Subject;
