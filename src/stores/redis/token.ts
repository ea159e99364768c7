import { randomBytes } from 'node:crypto';

/** A token that no other call has: 48 random bits. */
export function newToken(): string {
  return randomBytes(6).readUIntBE(0, 6).toString(36);
}
