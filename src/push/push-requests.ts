import type { NodeRequest } from '../http/node-exchange.ts';
import type { ProgramLog } from '../logging/program-log.ts';
import { SnapscrapeError } from '../model/errors.ts';
import { plainResponse, type ShortResponse } from '../server/short-response.ts';
import type { GatewayPaths } from './gateway-paths.ts';
import { groupKey, type PushMode } from './group-index.ts';
import { type GroupLabels, readGroupLabels } from './group-path.ts';
import type { OwnMetrics } from './own-metrics.ts';
import { type BodyReceiver, readFamilies } from './pushed-body.ts';
import { InconsistentPush, PushError, type PushedFamilies } from './pushed-families.ts';
import type { PushedGroups } from './pushed-groups.ts';
import { RefusalLog } from './refusal-log.ts';
import type { StoreWatch } from './store-watch.ts';

/** How pushes are taken. */
export interface PushSettings {
  /** Whether an inconsistent push gets 202 like any other; it is not kept all the same. */
  readonly isUnchecked: boolean;
  readonly allowsUtf8: boolean;
}

/** What takes pushes. */
export interface PushTakers {
  readonly groups: PushedGroups;
  readonly receiver: BodyReceiver;
  readonly own: OwnMetrics;
  /** Logs whether the store can be written. */
  readonly watch: StoreWatch;
  readonly log: ProgramLog;
}

/** The group that a path names. */
export interface NamedGroup {
  readonly job: { readonly text: string; readonly isBase64: boolean };
  readonly rest: string;
}

/** Takes pushes and deletions of groups. */
export class PushRequests {
  readonly #takers: PushTakers;
  readonly #settings: PushSettings;
  readonly #refusals: RefusalLog;

  constructor(takers: PushTakers, settings: PushSettings) {
    this.#takers = takers;
    this.#settings = settings;
    this.#refusals = new RefusalLog(takers.log, (reason) => takers.own.countRefused(reason));
  }

  /** Takes a push; returns the response when what it brought is kept. */
  async push(request: NodeRequest, named: NamedGroup, mode: PushMode): Promise<ShortResponse> {
    const began = performance.now();
    const { own } = this.#takers;
    let bytes = 0;
    try {
      return await this.#responding(
        named,
        (labels) =>
          this.#receive(request, labels, (body) => {
            bytes = body.length;
            return this.#keep(request, labels, { body, mode });
          }),
        (error) => this.#refusals.refused(NO_GROUP, error),
      );
    } catch (error) {
      // A client that is gone has no fault of the store.
      if (error instanceof SnapscrapeError) own.countRefused('storage');
      throw error;
    } finally {
      const head = request.rawHeaders.reduce((sum, text) => sum + text.length, 0);
      own.observePush(request.method ?? '', (performance.now() - began) / 1000, head + bytes);
    }
  }

  /** Deletes a group; one that is not there too. */
  async delete(request: NodeRequest, named: NamedGroup): Promise<ShortResponse> {
    const { groups, receiver } = this.#takers;
    return this.#responding(named, (labels) =>
      receiver.receive(request, async () => {
        await groups.delete(labels);
        return EMPTY_202;
      }),
    );
  }

  /** Deletes the group that a form of the page at `/` names, and leads back there. */
  async deleteByForm(request: NodeRequest, paths: GatewayPaths): Promise<ShortResponse> {
    if (isOfAnotherSite(request)) return FOREIGN_FORM;
    const { receiver } = this.#takers;
    const form = await receiver.receive(request, (body) => body.toString());
    const target = paths.findOwn(new URLSearchParams(form).get('group') ?? '');
    if (target.kind !== 'group') return plainResponse(400, 'The form names no group.\n');
    return this.#responding(target, async (labels) => {
      await this.#takers.groups.delete(labels);
      return BACK;
    });
  }

  /** Deletes all groups by the form of the page at `/`, and leads back there. */
  async deleteAllByForm(request: NodeRequest): Promise<ShortResponse> {
    if (isOfAnotherSite(request)) return FOREIGN_FORM;
    await this.#takers.groups.wipe();
    return BACK;
  }

  /** Receives the body of a push, and notes whether the push was kept. */
  async #receive(
    request: NodeRequest,
    labels: GroupLabels,
    keep: (body: Buffer) => Promise<void>,
  ): Promise<ShortResponse> {
    const group = { key: groupKey(labels), labels };
    const { isUnchecked } = this.#settings;
    try {
      await this.#takers.receiver.receive(request, keep);
      this.#refusals.accepted(group);
    } catch (error) {
      if (error instanceof PushError) this.#refusals.refused(group, error);
      if (!(isUnchecked && error instanceof InconsistentPush)) throw error;
    }
    return isUnchecked ? EMPTY_202 : EMPTY_200;
  }

  async #keep(
    request: NodeRequest,
    labels: GroupLabels,
    { body, mode }: { readonly body: Buffer; readonly mode: PushMode },
  ): Promise<void> {
    const families = await this.#families(request, labels, body);
    await this.#takers.groups.push(labels, families, mode);
  }

  async #families(
    { headers }: NodeRequest,
    labels: GroupLabels,
    body: Buffer,
  ): Promise<PushedFamilies> {
    try {
      return readFamilies(body, headers['content-type'], this.#settings.allowsUtf8);
    } catch (error) {
      if (error instanceof InconsistentPush) await this.#takers.groups.fail(labels);
      throw error;
    }
  }

  async #responding(
    { job, rest }: NamedGroup,
    take: (labels: GroupLabels) => Promise<ShortResponse>,
    onBadPath: (error: PushError) => void = () => undefined,
  ): Promise<ShortResponse> {
    let labels: GroupLabels | undefined;
    try {
      labels = readGroupLabels(job, rest, this.#settings.allowsUtf8);
      return await take(labels);
    } catch (error) {
      if (!(error instanceof PushError)) throw error;
      if (labels === undefined) onBadPath(error);
      return refusal(error);
    }
  }
}

/** Stands for all paths that name no group. */
const NO_GROUP = { key: '', labels: new Map<string, string>() };

/** The response to a request that is refused. */
export function refusal({ status, message }: PushError): ShortResponse {
  return plainResponse(status, `${message}\n`, status === 503 ? { 'Retry-After': '1' } : {});
}

const EMPTY_200 = plainResponse(200, '');
const EMPTY_202 = plainResponse(202, '');
const BACK = plainResponse(303, '', { Location: '../' });
const FOREIGN_FORM = plainResponse(403, 'This form is of another site.\n');

/** Whether a browser sends a form that another site has. */
function isOfAnotherSite({ headers }: NodeRequest): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return false;
  const own = host ?? String(headers[':authority']);
  return origin !== `http://${own}` && origin !== `https://${own}`;
}
