// Serves requests and measures them. The primary process reads its registry.
import { createServer } from 'node:http';
import { Histogram, register } from 'prom-client';

const duration = new Histogram({
  name: 'shop_request_duration_seconds',
  help: 'How long requests took.',
  buckets: [0.001, 0.01, 0.1, 1],
});

createServer((_, response) => {
  const end = duration.startTimer();
  response.end('hello\n', () => end());
}).listen(Number(process.argv[2] ?? 8080), '127.0.0.1');

process.on('message', ({ question }: { question: number }) => {
  void register.getMetricsAsJSON().then((metrics) => process.send?.({ question, metrics }));
});
