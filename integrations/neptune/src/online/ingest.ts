import { setTimeout as delay } from 'node:timers/promises';

import { Transient } from '@mortise/core';

import { NOT_YET, readRequestIds, readStatuses, type RequestStatus } from '../wire/read-answers.ts';
import { writeRequestIds } from '../wire/write-operations.ts';
import { strangeAnswer } from './http-failure.ts';
import type { NeptuneSession } from './neptune-session.ts';

const PROTOBUF = { 'content-type': 'application/x-protobuf' };
/** As many ids are asked for at once as the Python client does. */
const MOST_IDS = 1_000;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

/** Sends an operation. Gives the ids under which Neptune processes it, one for each snapshot. */
export async function submit(session: NeptuneSession, operation: Uint8Array, signal: AbortSignal): Promise<string[]> {
  const request = { call: 'ingest', method: 'POST' as const, path: '/api/client/v1/ingest', headers: PROTOBUF, body: operation };
  const { body } = await session.ask(request, signal);
  const ids = decoded(session, 'ingest', () => readRequestIds(body));
  if (ids.length === 0) throw strangeAnswer(session.server, 'ingest');
  return ids;
}

/** Waits until Neptune has processed all of these. Throws `Transient` when that takes longer than one request may. */
export async function processed(
  session: NeptuneSession,
  project: string,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<RequestStatus[]> {
  const found: RequestStatus[] = [];
  const { timeoutMs } = session.http;
  const deadline = performance.now() + timeoutMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const asked = ids.slice(found.length, found.length + MOST_IDS);
    const statuses = await check(session, project, asked, signal);
    const ready = statuses.findIndex(({ counts }) => counts.some(({ code }) => code === NOT_YET));
    found.push(...(ready < 0 ? statuses : statuses.slice(0, ready)));
    if (found.length === ids.length) return found;
    if (ready < 0) continue;
    if (performance.now() > deadline) throw new Transient(`${session.server} has not processed a batch within ${timeoutMs / 1_000} s`);
    await delay(pause, undefined, { signal });
  }
}

async function check(session: NeptuneSession, project: string, ids: readonly string[], signal: AbortSignal): Promise<RequestStatus[]> {
  const path = `/api/client/v1/ingest/check?projectIdentifier=${encodeURIComponent(project)}`;
  const request = { call: 'ingest/check', method: 'POST' as const, path, headers: PROTOBUF, body: writeRequestIds(ids) };
  const { body } = await session.ask(request, signal);
  const statuses = decoded(session, 'ingest/check', () => readStatuses(body));
  if (statuses.length !== ids.length) throw strangeAnswer(session.server, 'ingest/check');
  return statuses;
}

function decoded<T>(session: NeptuneSession, call: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw strangeAnswer(session.server, call, cause);
  }
}
