const MOST_READ = 2_048;
const MOST_WRITTEN = 600;
const MOST_CAUSES = 5;

/** What an error says, and what its causes say; neither has a password. */
export interface ErrorText {
  /** The message of the error. */
  readonly message: string;
  /** The messages of its causes, from the nearest to the first; empty if it has none. */
  readonly cause: string;
}

/** Reads the messages of an error and of its causes. Never throws; the length is bounded. */
export function errorText(error: unknown): ErrorText {
  const texts: string[] = [];
  let link = error;
  for (let depth = 0; depth <= MOST_CAUSES && link !== undefined; depth++) {
    const text = messageOf(link);
    if (text !== texts.at(-1)) texts.push(text);
    link = causeOf(link);
  }
  const [message = '', ...causes] = texts;
  return { message, cause: shortened(causes.join(': ')) };
}

/** A text as it may be logged: passwords are left out, and it is not longer than a few lines. */
export function loggableText(text: string): string {
  // A word that the limit cuts could be a secret that is no longer recognised.
  const read = text.length > MOST_READ ? text.slice(0, MOST_READ).replace(/\S*$/, '…') : text;
  return shortened(SECRETS.reduce((safe, secret) => safe.replace(secret, '$1***$2'), read));
}

const SECRET_NAME =
  'passw(?:or)?d|passphrase|pwd|secret|token|credentials?|authorization|cookie|(?:api|access|private)[_-]?key';
const SECRET_VALUE = /(?:(?:Basic|Bearer)\s+)?(?:"[^"]*"?|'[^']*'?|[^\s"'&,;]+)/.source;

// Each keeps the text before and behind the secret.
const SECRETS: readonly RegExp[] = [
  // The user information of a URL. A password may have unescaped `/` and `@`, so the last `@`
  // counts.
  /(\/\/)\S+(@)/g,
  new RegExp(
    `(\\b(?:[\\w-]{0,40}(?:${SECRET_NAME})[\\w-]{0,40}|pass)["']?\\s*(?:[:=]|%3[ad])\\s*)${SECRET_VALUE}()`,
    'gi',
  ),
  /([?&](?:key|sig|signature|auth|code)=)[^\s"'&,;]+()/gi,
  // Without a digit or a sign it is a word, such as in "Basic authentication".
  /(\b(?:Basic|Bearer)\s+)(?=[^\s"',;]*[\d._~+/=-])[^\s"',;]+()/gi,
  /(\$2[aby]\$\d\d\$)[./\w]{53}()/g,
];

function shortened(text: string): string {
  return text.length > MOST_WRITTEN ? `${text.slice(0, MOST_WRITTEN)}…` : text;
}

function messageOf(thrown: unknown): string {
  try {
    if (typeof thrown !== 'object' || thrown === null) return loggableText(String(thrown));
    const { message, code, name } = thrown as Partial<NodeJS.ErrnoException>;
    // Node's error of several attempts to connect has a code and no message.
    const text = [message, code, name].find((word) => typeof word === 'string' && word !== '');
    return loggableText(text ?? 'an object without a message');
  } catch {
    return 'an error that cannot be read';
  }
}

/** The cause; of several errors in one, the first. */
function causeOf(thrown: unknown): unknown {
  try {
    if (typeof thrown !== 'object' || thrown === null) return undefined;
    return thrown instanceof AggregateError
      ? (thrown.errors[0] as unknown)
      : (thrown as Error).cause;
  } catch {
    return undefined;
  }
}
