import type { AddressInfo } from 'node:net';
import compression from 'compression';
import express from 'express';
import { listening, metrics, port } from './metrics.ts';

const app = express();
// Middleware in front does no harm: bodies are not looked at, and what is compressed stays as it
// is.
app.use(express.json(), compression({ threshold: 0 }));
app.get('/metrics', metrics);
// At a mount Express takes the path away; the query remains, and nothing else is needed.
app.use('/internal/metrics', metrics);

const server = app.listen(port, () => listening((server.address() as AddressInfo).port));
