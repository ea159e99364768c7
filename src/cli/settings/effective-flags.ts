import { loggableText } from '../../logging/error-text.ts';
import type { Flag } from './flags.ts';

/**
 * All flags with the values in force as texts, wherever these come from, without passwords.
 *
 * @param own - the values of flags without keys, by name.
 * @param settings - those of the configuration file, which have the values of flags with keys.
 */
export function flagTexts(
  flags: readonly Flag[],
  own: object,
  settings: object,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    flags.map(({ name, key, leaf, isRepeatable }) => {
      const value = key === undefined ? valueAt(own, [name]) : valueAt(settings, key.split('.'));
      const textOf = (each: unknown): string => (each === undefined ? '' : leaf.type.text(each));
      const text = isRepeatable ? `[${(value as unknown[]).map(textOf).join(',')}]` : textOf(value);
      return [name, loggableText(text)];
    }),
  );
}

function valueAt(values: object, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, field) => Object(at)[field] as unknown, values);
}
