import { readFileSync } from 'node:fs';

type Words =
  | 'jobs'
  | 'badJobs'
  | 'groupLabels'
  | 'otherPaths'
  | 'methods'
  | 'textTypes'
  | 'protobufTypes'
  | 'names'
  | 'oddNames'
  | 'types'
  | 'oddTypes'
  | 'helps'
  | 'values'
  | 'counts'
  | 'oddValues'
  | 'labels'
  | 'oddLabels'
  | 'oddLines'
  | 'protobufNames';

/** What requests are made of; what is odd is refused, or nearly. */
export const PARTS: Readonly<Record<Words, readonly string[]>> & {
  readonly protobufLabels: readonly (readonly [name: string, value: string])[];
} = JSON.parse(readFileSync(new URL('./parts.json', import.meta.url), 'utf8'));
