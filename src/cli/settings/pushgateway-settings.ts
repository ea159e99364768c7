import { type FlagsOf, type Group, group, leaf, optional } from './shape.ts';
import {
  addressFlag,
  LOG_SETTINGS,
  LONGEST_MS,
  type LogSettings,
  PUSH_SETTINGS,
  type PushSettings,
  SYSTEMD_FLAG,
  WEB_FLAGS,
  type WebFlags,
} from './shared-settings.ts';
import { BOOLEAN, duration, PATH } from './value-types.ts';

/** The values of the flags of `snapscrape pushgateway`. */
export interface PushgatewayFlags extends WebFlags {
  readonly 'web.listen-address': readonly string[];
  readonly 'web.systemd-socket': boolean;
  readonly 'persistence.file': string | undefined;
  readonly 'persistence.interval': number;
  readonly 'push.disable-consistency-check': boolean;
  readonly 'push.enable-utf8-names': boolean;
  readonly 'config.file': string | undefined;
}

/** What the configuration file of `snapscrape pushgateway` says. */
export interface PushgatewaySettings {
  readonly push: PushSettings;
  readonly log: LogSettings;
}

/** The flags of `snapscrape pushgateway` that have no key. */
export const PUSHGATEWAY_FLAGS: FlagsOf<PushgatewayFlags> = {
  'web.listen-address': addressFlag(':9091'),
  'web.systemd-socket': SYSTEMD_FLAG,
  ...WEB_FLAGS,
  'web.enable-lifecycle': leaf(BOOLEAN, false, 'Whether PUT and POST /-/quit end the program.'),
  'persistence.file': optional(
    PATH,
    "Where groups are kept: the folder <path>.lmdb. A Pushgateway's file <path> is imported once.",
  ),
  'persistence.interval': leaf(
    duration(0, LONGEST_MS),
    300_000,
    'Has no use here: with --persistence.file each push is on the disk before the response.',
  ),
  'push.disable-consistency-check': leaf(
    BOOLEAN,
    false,
    'Whether a push that contradicts another group gets 202, too. It is not kept all the same.',
  ),
  'push.enable-utf8-names': leaf(BOOLEAN, false, 'Whether names may have any character.'),
  'config.file': optional(PATH, 'The configuration file: lifetimes and limits of groups.'),
};

/** The configuration file of `snapscrape pushgateway`. */
export const PUSHGATEWAY_SETTINGS: Group<PushgatewaySettings> = group('The configuration file.', {
  push: PUSH_SETTINGS,
  log: LOG_SETTINGS,
});
