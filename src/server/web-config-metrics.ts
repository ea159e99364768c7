import type { SelfFamily } from '../http/self-families.ts';
import type { WebConfigFile } from '../web/web-config-file.ts';

/** The metrics of reloads of a web configuration file; left out without such a file. */
export function webConfigFamilies(
  file: () => Pick<WebConfigFile, 'lastReload' | 'lastSuccess'> | undefined,
): readonly SelfFamily[] {
  return [
    {
      name: 'web_config_last_reload_successful',
      type: 'gauge',
      help: 'Whether the latest read of the web configuration file succeeded.',
      samples: () => {
        const reload = file()?.lastReload;
        return reload && [[{}, reload.ok ? 1 : 0]];
      },
    },
    {
      name: 'web_config_last_reload_success_timestamp_seconds',
      type: 'gauge',
      help: 'When the web configuration file was last read successfully, in seconds since 1970.',
      samples: () => {
        const at = file()?.lastSuccess;
        return at === undefined ? undefined : [[{}, at / 1000]];
      },
    },
  ];
}
