import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { listening, metrics, port } from './metrics.ts';

const app = fastify();
app.get('/metrics', (request, reply) => {
  // From here on the response is the handler's: Fastify must not send one of its own. Headers that
  // plugins have set on `reply` are lost with that; set them on `reply.raw`.
  reply.hijack();
  metrics(request.raw, reply.raw);
});

// Without a host Fastify listens to this machine alone.
await app.listen({ port, host: '0.0.0.0' });
listening((app.server.address() as AddressInfo).port);
