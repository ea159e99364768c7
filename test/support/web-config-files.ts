import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { WebConfigFile, type WebConfigFileOptions } from '../../src/web/web-config-file.ts';

/** A bcrypt hash of `secret`, as cheap as one may be. */
export const SECRET_HASH = '$2y$04$6i4izenIFEG2Zxe9QSP9UuIjptoV8A0bIbiQiBzfqvrfCsrW7p8M6';

/** A web configuration file in a folder of its own, for the tests of one file. */
export class WebConfigOnDisk {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'web-config-'));
  readonly path: string = join(this.folder, 'web.yml');

  /** Makes the folder, which is gone when the tests of the file are done. */
  constructor() {
    afterAll(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  /** Replaces the file. */
  write(text: string | Uint8Array): void {
    writeFileSync(this.path, text);
  }

  /** Replaces the file and loads it. */
  load(text: string | Uint8Array, options?: WebConfigFileOptions): Promise<WebConfigFile> {
    this.write(text);
    return WebConfigFile.load(this.path, options);
  }
}

/** An `Authorization` header of basic authentication. */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
