import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import compress from 'koa-compress';
import { listening, metrics, port } from './metrics.ts';

const app = new Koa();
app.use(compress());
app.use(async (context, next) => {
  if (context.path !== '/metrics') return next();
  // From here on the response is the handler's: Koa, and what stands in front, must not send one.
  context.respond = false;
  metrics(context.req, context.res);
});

const server = app.listen(port, () => listening((server.address() as AddressInfo).port));
