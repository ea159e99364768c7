// Lets the examples find the package of this repository, as it is built, without its sources.
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';

const target = new URL('node_modules/snapscrape/', import.meta.url);
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
symlinkSync('../../../../package.json', new URL('package.json', target), 'file');
symlinkSync('../../../../dist', new URL('dist', target), 'junction');
