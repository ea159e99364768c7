import { SnapscrapeError } from '../model/errors.ts';
import { usage } from './settings/problems.ts';

/** Starts a program; an error names the flag that is to blame. */
export async function startNamed<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof SnapscrapeError)) throw error;
    const { code, message } = error;
    const [first = ''] = message.split('\n');
    if (code === 'listen_failed' && message.includes('fd:3')) {
      const remedy = 'start it by a socket unit of systemd, or leave the flag out';
      throw usage(`--web.systemd-socket: file descriptor 3 is not a socket; ${remedy}`);
    }
    if (code === 'listen_failed') {
      throw new SnapscrapeError(code, `--web.listen-address: ${message}`, { cause: error });
    }
    if (code === 'invalid_web_config') throw usage(`--web.config.file: ${first}`);
    if (code === 'invalid_options') throw usage(first.replace(/^createExporterServer: /, ''));
    if (code === 'invalid_selector') throw usage(`push.rules: ${first}`);
    throw error;
  }
}
