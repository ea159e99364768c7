import { gzipSync } from 'node:zlib';
import type { Workload } from '../workload/workload.ts';
import { GZIP_LEVEL, wantsGzip } from './gzip-answer.ts';
import type { Subject } from './subject.ts';

/** Longer than any line. */
const LINE_BYTES = 160;

/** The floor: one Buffer with the page and one with its gzip, and nothing else to do. */
export function staticPageSubject(workload: Workload): Subject {
  let page: Buffer = Buffer.alloc(0);
  let gzipped: Buffer = Buffer.alloc(0);
  return {
    build: () => {
      page = renderPage(workload);
      gzipped = gzipSync(page, { level: GZIP_LEVEL });
    },
    listener: (request, response) => {
      const isGzip = wantsGzip(request);
      const body = isGzip ? gzipped : page;
      response.writeHead(200, {
        'Content-Type': 'text/plain; version=0.0.4; charset=utf-8',
        'Content-Length': body.length,
        ...(isGzip ? { 'Content-Encoding': 'gzip' } : {}),
      });
      response.end(body);
    },
  };
}

function renderPage(workload: Workload): Buffer {
  const page = Buffer.alloc(workload.places * LINE_BYTES + 64 * 1024);
  let at = 0;
  let family = '';
  for (const { name, labels, value } of workload.points()) {
    if (name !== family) at += page.write(`# TYPE ${name} gauge\n`, at, 'latin1');
    family = name;
    const { org, repo, user } = labels;
    at += page.write(
      `${name}{org="${org}",repo="${repo}",user="${user}"} ${Number(value)}\n`,
      at,
      'latin1',
    );
  }
  return Buffer.from(page.subarray(0, at));
}
