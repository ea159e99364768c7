import { isIPv6, SocketAddress } from 'node:net';

// Node writes `DNS:a, IP Address:127.0.0.1, URI:"odd, \"value\""`: a value with anything odd in it
// is quoted as in JSON, so that no name can pretend to be two (CVE-2021-44532).
const ENTRY = /^([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/;
const KINDS: ReadonlySet<string> = new Set(['DNS', 'IP Address', 'email', 'URI']);

/**
 * The names in a certificate's subject alternative names, as Go writes them: DNS, e-mail, IP
 * addresses (the short form of IPv6) and URIs.
 *
 * @param text - as in `X509Certificate.subjectAltName`. From where it cannot be read on, it has no
 *   names.
 */
export function subjectAltNames(text: string | undefined): readonly string[] {
  const names: string[] = [];
  let rest = text ?? '';
  while (rest !== '') {
    const entry = ENTRY.exec(rest);
    if (entry === null) break;
    const [whole, kind, value] = entry;
    const name = KINDS.has(kind!) ? unquoted(value!) : undefined;
    if (name !== undefined) names.push(kind === 'IP Address' ? shortAddress(name) : name);
    rest = rest.slice(whole.length);
  }
  return names;
}

function unquoted(value: string): string | undefined {
  if (!value.startsWith('"')) return value;
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'string' ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** OpenSSL writes all eight groups of an IPv6 address. */
function shortAddress(address: string): string {
  return isIPv6(address) ? new SocketAddress({ address, family: 'ipv6' }).address : address;
}
