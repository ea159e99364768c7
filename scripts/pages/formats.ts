/** The `Accept` header that asks for each format. */
export const FORMATS: readonly string[] = [
  'text/plain;version=0.0.4',
  'text/plain;version=1.0.0;escaping=allow-utf-8',
  'application/openmetrics-text;version=0.0.1',
  'application/openmetrics-text;version=1.0.0',
];

/** One format of each syntax. */
export const SYNTAXES: readonly string[] = [FORMATS[0]!, FORMATS[3]!];
