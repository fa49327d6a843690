/**
 * What the clients of tracking servers share of HTTP.
 * @module @mortise/http-client
 */
export { faultOfAuthorities } from './authorities.ts';
export { chunks } from './chunks.ts';
export { wasClosed, type NoAnswerKind } from './connection-failure.ts';
export { Heartbeat } from './heartbeat.ts';
export {
  HttpClient,
  textOf,
  type ClientErrors,
  type HttpAnswer,
  type HttpBody,
  type HttpClientOptions,
  type HttpRequest,
  type OpenAnswer,
  type Refused,
} from './http-client.ts';
export { inParts } from './in-parts.ts';
export { oneLine } from './one-line.ts';
export { Pace } from './pace.ts';
export { queryOf, type Query } from './query.ts';
export { fieldsOf, kindOfStatus, redirectTarget, storageCode } from './refusal.ts';
export { retryAfter } from './retry-after.ts';
export { senderOf, type Send } from './send.ts';
export { unshared } from './unshared.ts';
export { untilAborted } from './until-aborted.ts';
