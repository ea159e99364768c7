import type { Re2Library } from './value-pattern.ts';

/**
 * Loads the regex engine. Unlike the core's own way, bundlers follow this one: a program that calls
 * it has the engine in its bundle.
 */
export async function loadRegexEngine(): Promise<Re2Library> {
  return import('re2js');
}
