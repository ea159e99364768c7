/**
 * Writes docs/configuration.md and docs/snapscrape.schema.json from the settings of the program. Run
 * it after a change of a flag or a key; a test compares the result.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  flagTable,
  jsonSchema,
  keyList,
  keyTable,
} from '../src/cli/settings/configuration-page.ts';
import { flagsOf } from '../src/cli/settings/flags.ts';
import {
  PUSHGATEWAY_FLAGS,
  PUSHGATEWAY_SETTINGS,
} from '../src/cli/settings/pushgateway-settings.ts';
import { SERVE_FLAGS, SERVE_SETTINGS } from '../src/cli/settings/serve-settings.ts';
import type { AnyGroup } from '../src/cli/settings/shape.ts';

const SERVE = SERVE_SETTINGS as unknown as AnyGroup;

/** The files and their texts. */
export function configurationDocs(): ReadonlyMap<string, string> {
  const page = `# Configure the program

Check a file before you use it: \`snapscrape serve --config.check --config.file=snapscrape.yml\`. A flag
goes before its variable of the environment, that before the configuration file, and that before the
default. Variables that are not in these tables are ignored.

Durations are such as \`15d\`, \`1h30m\` and \`500ms\`. Sizes are such as \`8MB\`; a kilobyte has 1 024
bytes. Paths in the file are relative to the file. An editor checks the file by
[snapscrape.schema.json](snapscrape.schema.json).

\`snapscrape serve\` reads the file again on SIGHUP, on \`POST /-/reload\` (with
\`--web.enable-lifecycle\`), and if the file or one that it names changes. A reload is all or nothing:
if a key is wrong, or needs a restart, the configuration before stays in force and the log names the
key. \`snapscrape_config_last_reload_successful\` is 0 then.

A password belongs in a file: \`url_file\`, \`credentials_file\`, \`password_file\`. Neither \`ps\` nor the
log nor \`/api/v1/status/config\` shows it. \`snapscrape hash-password\` makes the hashes of
\`basic_auth_users\`.

## Flags of \`snapscrape serve\`

${flagTable(flagsOf(SERVE_SETTINGS, SERVE_FLAGS))}
## Flags of \`snapscrape pushgateway\`

Its file has the keys \`push\` and \`log\` alone, and is read at the start.

${flagTable(flagsOf(PUSHGATEWAY_SETTINGS, PUSHGATEWAY_FLAGS))}
## Keys of the file

The keys below \`push\` count in \`snapscrape serve\` if \`--web.enable-push-api\` is set. Pushes go to
the paths of a Pushgateway then: \`/metrics/job/<job>/<label>/<value>\` by PUT, POST and DELETE, and
\`/api/v1/metrics\`. The page has them beside everything else, as OpenMetrics: a label without a value
is no label, \`instance\` is not added, and a negative counter or a histogram that contradicts itself
is refused. The store is memory, LMDB, or Redis with one partition. While Redis is away, a push is
refused with 503, and everything else is served.

${keyTable(SERVE)}
${keyList(SERVE)}`;
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'snapscrape',
    ...jsonSchema(SERVE),
  };
  return new Map([
    ['docs/configuration.md', page],
    ['docs/snapscrape.schema.json', `${JSON.stringify(schema, null, 2)}\n`],
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const docs = configurationDocs();
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  for (const [file, text] of docs) writeFileSync(join(cwd, file), text);
  execFileSync('npx', ['biome', 'format', '--write', ...docs.keys()], { cwd, stdio: 'inherit' });
}
