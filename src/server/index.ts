/**
 * A small server around the handler: listening, the web configuration file, views, probes,
 * draining.
 *
 * @packageDocumentation
 */

export { CLIENT_REFUSALS, type ClientRefusal } from '../web/client-rejection.ts';
export {
  createRequestGuard,
  type GuardedRequest,
  type RequestGuard,
  type RequestGuardOptions,
  type RequestRefusal,
} from '../web/request-guard.ts';
export { Secret } from '../web/secret.ts';
export { type SecureServerSettings, secureServer } from '../web/secure-server.ts';
export { type SecureServerOptions, tlsOptionsOf } from '../web/tls-options.ts';
export type {
  AccessConfig,
  ClientAuthType,
  RateLimit,
  TlsServerConfig,
  WebConfig,
} from '../web/web-config.ts';
export {
  WebConfigFile,
  type WebConfigFileOptions,
  type WebConfigReload,
  type WebConfigReloads,
} from '../web/web-config-file.ts';
export { drainOnSignals } from './drain-on-signals.ts';
export { createExporterServer, type ExporterServer } from './exporter-server.ts';
export {
  createHealthHandler,
  type HealthHandler,
  type HealthOptions,
} from './health.ts';
export type { LandingPage } from './landing-page.ts';
export type { ServedAddress } from './listen-address.ts';
export type { Readiness } from './readiness.ts';
export type { ExporterServerOptions, ServerView } from './server-options.ts';
export type { ViewAuth } from './view-auth.ts';
