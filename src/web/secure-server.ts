import type { Server, TLSSocket } from 'node:tls';
import { type ClientRefusal, clientRefusal } from './client-refusal.ts';
import { clientAuthOptionsOf, secureContextOptionsOf } from './tls-options.ts';
import type { WebConfig } from './web-config.ts';
import type { WebConfigFile } from './web-config-file.ts';

/**
 * Keeps a TLS server at what its web configuration file says: new connections get the certificates,
 * versions and suites of now, those that are open go on, and clients whose certificate will not do are
 * cut off before anything of theirs is read.
 *
 * Does nothing where the file has no TLS.
 *
 * @param server - of `node:https` or `node:http2`, just made with `tlsOptionsOf(file.current)`: listeners
 *   of `secureConnection` that it has by then hear of admitted clients only, later ones of all.
 * @param onRefusal - told why a client was cut off. Must not throw.
 * @returns ends the renewing: the server goes on with the certificates of then. Clients are looked at still.
 */
export function secureServer(
  server: Server,
  file: Pick<WebConfigFile, 'current' | 'onReload'>,
  onRefusal?: (refusal: ClientRefusal) => void,
): () => void {
  // The server's own listener begins to read, and what came with the handshake it reads at once, even
  // from a socket that was destroyed: so it is asked only after the client was looked at.
  const listeners = server.rawListeners('secureConnection');
  const admit = (socket: TLSSocket): void => {
    const { tls } = file.current;
    const refusal = tls === undefined ? undefined : clientRefusal(tls, socket);
    if (refusal === undefined) {
      for (const listener of listeners) listener.call(server, socket);
      return;
    }
    socket.on('error', () => undefined).destroy();
    onRefusal?.(refusal);
  };
  const renew = ({ tls }: WebConfig): void => {
    if (tls === undefined) return;
    server.setSecureContext(secureContextOptionsOf(tls));
    // Node reads these two for each connection, but has no method to set them. Were that to change,
    // clients would be refused, since `clientRefusal` asks for what the file says.
    Object.assign(server, clientAuthOptionsOf(tls));
  };
  server.removeAllListeners('secureConnection').prependListener('secureConnection', admit);
  return file.onReload(renew);
}
