import { expect, it } from 'vitest';
import { subjectAltNames } from './subject-alt-names.ts';

it.each([
  [undefined, []],
  ['', []],
  ['DNS:a.example', ['a.example']],
  [
    'DNS:a, IP Address:127.0.0.1, email:a@b.c, URI:spiffe://a/b',
    ['a', '127.0.0.1', 'a@b.c', 'spiffe://a/b'],
  ],
  ['IP Address:FD00:0:0:0:0:0:0:17', ['fd00::17']],
  ['URI:"http://a/, DNS:trusted"', ['http://a/, DNS:trusted']],
  ['DNS:"a\\", DNS:trusted", DNS:b', ['a", DNS:trusted', 'b']],
  ['othername:UPN:trusted, DirName:"CN=trusted", Registered ID:1.2, DNS:b', ['b']],
  ['IP Address:<invalid length=5>', ['<invalid length=5>']],
  ['DNS:a, garbage" DNS:trusted', ['a']],
])('reads %j', (text, names) => {
  expect(subjectAltNames(text)).toEqual(names);
});
