// The process of one subject: it serves scrapes on a port of its own and obeys the driver's
// commands on its standard input, one line each.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import type { Command, SubjectSetup } from '../protocol.ts';
import { Workload } from '../workload/workload.ts';
import { Meter, readMemory } from './meter.ts';
import { openTelemetrySubject } from './opentelemetry.ts';
import { peerVersion } from './peer-package.ts';
import { promClientSubject } from './prom-client.ts';
import { overArray, overCompactSource, overMemoryStore } from './snapscrape.ts';
import { staticPageSubject } from './static-page.ts';
import type { Subject, SubjectFactory } from './subject.ts';

const OPENTELEMETRY = '@opentelemetry/exporter-prometheus';
const CLIENTS = ['prom-client', '@prometheus-io/client', '@platformatic/prom-client'];

const FACTORIES: Readonly<Record<string, SubjectFactory>> = {
  snapscrape: (workload) => overCompactSource(workload),
  'snapscrape + MemoryStore': (workload) => overMemoryStore(workload, false),
  'snapscrape without gzip': (workload) => overCompactSource(workload, { compressions: [] }),
  'snapscrape + MemoryStore in order': (workload) => overMemoryStore(workload, false),
  'snapscrape + MemoryStore in any order': (workload) => overMemoryStore(workload, true),
  'snapscrape + array': (workload) => overArray(workload, false),
  'snapscrape + array in any order': (workload) => overArray(workload, true),
  [OPENTELEMETRY]: openTelemetrySubject,
  'static Buffer': staticPageSubject,
  ...Object.fromEntries(
    CLIENTS.map((name) => [name, (workload: Workload) => promClientSubject(name, workload)]),
  ),
};

/** Runs commands one by one, in the order in which they come. */
class Commands {
  readonly #workload: Workload;
  readonly #subject: Subject;
  readonly #meter: Meter = new Meter();

  constructor(workload: Workload, subject: Subject) {
    this.#workload = workload;
    this.#subject = subject;
  }

  async run(command: Command): Promise<object> {
    switch (command.command) {
      case 'build':
        return this.#measure(() => this.#subject.build());
      case 'refresh':
        await this.#note(command);
        return this.#measure(() => this.#subject.refresh!(), command.keepsGarbage);
      case 'refresh-and-begin':
        await this.#note(command);
        await this.#meter.begin();
        await this.#subject.refresh!();
        return {};
      case 'begin':
        await this.#meter.begin(command.keepsGarbage);
        return {};
      case 'end':
        return this.#meter.end();
      case 'memory':
        return readMemory();
    }
  }

  async #note({ change }: Extract<Command, { readonly change: object }>): Promise<void> {
    await this.#subject.note!(change, this.#workload.change(change));
  }

  async #measure(work: () => Promise<void> | void, keepsGarbage?: boolean): Promise<object> {
    await this.#meter.begin(keepsGarbage);
    await work();
    this.#meter.pause();
    return this.#meter.end();
  }
}

function versionOf(subject: string): string | undefined {
  const isPackage = CLIENTS.includes(subject) || subject === OPENTELEMETRY;
  return isPackage ? peerVersion(subject) : undefined;
}

function reply(answer: object): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const setup = JSON.parse((await lines.next()).value as string) as SubjectSetup;
const workload = new Workload(setup);
const factory = FACTORIES[setup.subject];
if (factory === undefined) throw new Error(`There is no subject named ${setup.subject}`);
const subject = await factory(workload);
const server = createServer(subject.listener).listen(0, '127.0.0.1');
await once(server, 'listening');
const commands = new Commands(workload, subject);
reply({ port: (server.address() as AddressInfo).port, version: versionOf(setup.subject) });
for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
  reply(await commands.run(JSON.parse(line.value) as Command));
}
process.exit(0);
