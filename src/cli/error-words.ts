// Errors of the library name its options. A user of the program has keys, or no such option.
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/; set fallbackFormat to read it anyway/, '; make its server name a format of metrics'],
  [
    /\bmaxBytes is (\d+)\. Make the page smaller, or raise the limit that the message names/,
    'body_size_limit is $1. Make the page smaller, or raise body_size_limit',
  ],
  [/\bmaxFileBytes is (\d+)/, 'body_size_limit is $1'],
  [/\bmaxLineBytes is (\d+)/, 'a line may have $1 bytes'],
  [/\bmaxLines is (\d+)/, 'it may have $1 lines'],
  [/\bmaxFamilies is (\d+)/, 'it may have $1 families'],
  [/, or raise the limit that the message names/, ''],
  [/\bcloses\[\d+\]/, 'The store'],
];

/**
 * Says what an error says in the words of the program.
 *
 * @param component - which part logs it; only a source has a timeout that a key sets.
 */
export function programWords(component: string, text: string): string {
  const remedy = component === 'source' ? ' or raise its refresh_timeout' : '';
  const timed = text.replace(' or raise refreshTimeout', remedy);
  return WORDS.reduce((said, [words, own]) => said.replace(words, own), timed);
}
