import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { compress } from 'hono/compress';
import { listening, metrics, port } from './metrics.ts';

const app = new Hono();
app.use(compress());
// `c.req.raw` is the web-standard request; the answer is streamed at the client's pace.
app.get('/metrics', (c) => metrics.fetch(c.req.raw));

serve({ fetch: app.fetch, port }, (info) => listening(info.port));
