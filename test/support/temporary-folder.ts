import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of a test's own. */
export interface TemporaryFolder {
  readonly path: string;
  /** The path of a file in it. */
  readonly file: (name: string) => string;
  readonly remove: () => void;
}

/** Makes a folder with files. */
export function temporaryFolder(
  files: Readonly<Record<string, string | Uint8Array>> = {},
): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), 'snapscrape-'));
  const file = (name: string): string => join(path, name);
  for (const [name, content] of Object.entries(files)) writeFileSync(file(name), content);
  return { path, file, remove: () => rmSync(path, { recursive: true, force: true }) };
}
