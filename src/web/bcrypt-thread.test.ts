import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { bcryptProgramFile, PROGRAM_FILE } from '../../scripts/bundle-bcrypt.ts';
import { SECRET_HASH } from '../../test/support/web-config-files.ts';
import { BcryptThread } from './bcrypt-thread.ts';

it('compares passwords in a thread that needs no file beside it', async () => {
  const thread = new BcryptThread();
  onTestFinished(() => thread.close());
  for (const prefix of ['$2y$', '$2a$', '$2b$']) {
    const hash = prefix + SECRET_HASH.slice(4);
    expect(await thread.compare('secret', hash)).toBe(true);
    expect(await thread.compare('wrong', hash)).toBe(false);
  }
});

it('runs the bcryptjs that is installed', () => {
  expect(readFileSync(PROGRAM_FILE, 'utf8')).toBe(bcryptProgramFile());
});
