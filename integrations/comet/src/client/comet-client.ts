import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { Pace, queryOf } from '@mortise/http-client';

import { CometConnection, type ConnectionOptions } from './connection.ts';
import { CometError, isCometError } from './comet-error.ts';
import { multipartFile } from './multipart-file.ts';
import { batchOfParams, batchOfPoints, sentNumber, type CometLine, type CometParam, type CometPoint } from './points.ts';
import { textOf } from '../text-of.ts';

const zipped = promisify(gzip);
const JSON_BODY = { 'content-type': 'application/json;charset=utf-8' };
const REST = '/api/rest/v2';
const CLIENTLIB = '/clientlib';

export interface CometClientOptions extends ConnectionOptions {
  /** Most points of metrics that are sent in a minute, and in proportion of all else that Comet's documentation limits; 0: no limits. */
  metricsPerMinute: number;
}

/** Where an experiment is, as the server tells it. */
export interface OpenedExperiment {
  key: string;
  /** Of its page. */
  url?: string;
}

export interface CometStatus {
  isAlive: boolean;
  hasCrashed: boolean;
  error: string | null;
}

/** A file to be uploaded. `size` in bytes. */
export interface CometAsset {
  fileName: string;
  size: number;
  body: AsyncIterable<Uint8Array>;
  type?: string;
}

/** A point as Comet gives it back: values are texts. */
export interface ReadPoint {
  value: string;
  step: number | null;
  timestamp: number | null;
}

/** As Comet's documentation asks. */
const PER_MINUTE = { metric: 12_000, parameter: 10_000, other: 8_000, line: 12_000 };
/** Where the limit of a minute is reached, so many of something are worth a call, unless they take longer than these ms: who waits is to see that it goes on. */
const WORTH_A_CALL = 400;
const LONGEST_WAIT_MS = 10_000;

/** What a server limits. */
export type Limited = keyof typeof PER_MINUTE;

/** Calls of a Comet server. All throw `CometError`, or the signal's reason. */
export class CometClient {
  readonly #connection: CometConnection;
  readonly #paces: Record<Limited, Pace>;
  readonly #share: number;
  /** Routes that this server turned out not to have. */
  readonly #missing = new Set<string>();
  /** This server turned out to want the API key in the body of the request that opens an experiment. */
  #wantsKeyInBody = false;

  constructor(options: CometClientOptions) {
    this.#connection = new CometConnection(options);
    this.#share = options.metricsPerMinute / PER_MINUTE.metric;
    const paceOf = (what: Limited): Pace => new Pace(this.#perMinute(what));
    this.#paces = { metric: paceOf('metric'), parameter: paceOf('parameter'), other: paceOf('other'), line: paceOf('line') };
  }

  /** Scheme, host and port of the server. */
  get root(): string {
    return this.#connection.root;
  }

  /** How many can be sent now without a long wait for the limit of a minute; at least one. */
  freeSoon(what: Limited): number {
    const comeBack = Math.floor((this.#perMinute(what) * LONGEST_WAIT_MS) / 60_000);
    return Math.max(1, Math.min(WORTH_A_CALL, comeBack), this.#paces[what].free());
  }

  /** 0: no limit. */
  #perMinute(what: Limited): number {
    return this.#share === 0 ? 0 : Math.max(1, Math.floor(PER_MINUTE[what] * this.#share));
  }

  /** Whether the key is known there: names of its workspaces. */
  async workspaces(signal: AbortSignal): Promise<string[]> {
    const { workspaces = [] } = await this.#get('workspaces', {}, signal);
    return workspaces as string[];
  }

  /**
   * Finds the experiment of this key, or creates it. The API key goes into the header alone, as in Comet's documented calls; a server that refuses that is asked once
   * more with the key in the body, where Comet's Python client has it.
   */
  async openExperiment(
    { key, workspace, projectName }: { key: string; workspace: string | undefined; projectName: string },
    signal: AbortSignal,
  ): Promise<OpenedExperiment> {
    const body = {
      ...{ local_timestamp: Date.now(), experimentKey: key, offline: false },
      ...{ projectName, teamName: workspace ?? null, libVersion: SPEAKS_AS, getOrCreateEnabled: true },
    };
    const open = (more: object) => this.#post(`${CLIENTLIB}/logger/add/run`, { ...more, ...body }, signal);
    const withKey = { apiKey: this.#connection.apiKey };
    const answer = await open(this.#wantsKeyInBody ? withKey : {}).catch(async (error: unknown) => {
      if (this.#wantsKeyInBody || !mayWantKeyInBody(error)) throw error;
      const opened = await open(withKey);
      // A server that failed may have been well again by then.
      this.#wantsKeyInBody = error.status !== 500;
      return opened;
    });
    if (typeof answer['runId'] !== 'string') throw new CometError('protocol', `Comet at ${this.root} opened no run of the experiment`);
    const { focusUrl } = answer;
    // As Comet's own client makes it: the server tells of the project's page.
    return { key, ...(typeof focusUrl === 'string' && focusUrl !== '' && { url: `${focusUrl}${key}` }) };
  }

  /** At most 1,000 or so. One request, or one for each where the server does not take batches. */
  async logMetrics(experimentKey: string, points: readonly CometPoint[], signal: AbortSignal): Promise<void> {
    await this.#paces.metric.wait(points.length, signal);
    if (await this.#batch('metric', batchOfPoints(experimentKey, points), signal)) return;
    for (const { name, value, step, timestamp } of points)
      await this.#write('metric', { experimentKey, metricName: name, metricValue: sentNumber(value), step, timestamp }, signal);
  }

  async logParams(experimentKey: string, params: readonly CometParam[], signal: AbortSignal): Promise<void> {
    await this.#paces.parameter.wait(params.length, signal);
    if (await this.#batch('parameter', batchOfParams(experimentKey, params), signal)) return;
    for (const { name, value, timestamp } of params)
      await this.#write('parameter', { experimentKey, parameterName: name, parameterValue: value, timestamp }, signal);
  }

  async logOther(experimentKey: string, key: string, value: string | boolean, signal: AbortSignal): Promise<void> {
    await this.#paces.other.wait(1, signal);
    await this.#write('log-other', { experimentKey, key, value }, signal);
  }

  async addTags(experimentKey: string, addedTags: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#write('tags', { experimentKey, addedTags }, signal);
  }

  /** In place of what there is. */
  async setHtml(experimentKey: string, html: string, signal: AbortSignal): Promise<void> {
    await this.#write('html', { experimentKey, html, override: true, timestamp: Date.now() }, signal);
  }

  /** A model's graph, as JSON or text that Comet can draw. */
  async setGraph(experimentKey: string, graph: string, signal: AbortSignal): Promise<void> {
    await this.#write('graph', { experimentKey, graph }, signal);
  }

  async logOutput(experimentKey: string, lines: readonly CometLine[], signal: AbortSignal): Promise<void> {
    await this.#paces.line.wait(lines.length, signal);
    const outputLines = lines.map(({ text, stderr, timestamp, offset }) => ({ stderr, output: text, localTimestamp: timestamp, offset }));
    const body = { experimentKey, runContext: null, outputLines };
    await this.#post(`${CLIENTLIB}/rest/v2/write/experiment/output`, body, signal);
  }

  async updateStatus(experimentKey: string, status: CometStatus, signal: AbortSignal): Promise<void> {
    await this.#write('update-status', { experimentKey, ...status }, signal);
  }

  /** ms UTC. */
  async setTimes(experimentKey: string, { start, end }: { start?: number; end?: number }, signal: AbortSignal): Promise<void> {
    await this.#write('set-start-end-time', { experimentKey, startTimeMillis: start ?? null, endTimeMillis: end ?? null }, signal);
  }

  /** Streams a file, in place of one of the same name. */
  async uploadAsset(experimentKey: string, { fileName, size, body, type }: CometAsset, signal: AbortSignal): Promise<void> {
    const extension = /\.([^./]+)$/.exec(fileName)?.[1];
    const query = queryOf({ experimentKey, fileName, extension, type, overwrite: 'true' });
    const { headers, body: form } = multipartFile(body, size);
    await this.#connection.call({ method: 'POST', path: `${REST}/write/experiment/upload-asset${query}`, headers, body: form }, signal);
  }

  /** Says that the experiment goes on. */
  async beat(experimentKey: string, signal: AbortSignal): Promise<void> {
    await this.#get('write/experiment/set-status', { experimentKey }, signal);
  }

  /** Whether there is an experiment of this key. Comet says with 400 or, newer ones, with 404 that there is none. */
  async hasExperiment(experimentKey: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#get('experiment/metadata', { experimentKey }, signal);
      return true;
    } catch (error) {
      if (isCometError(error) && (error.kind === 'invalid' || error.kind === 'missing')) return false;
      throw error;
    }
  }

  /** Names of the metrics that the experiment has. */
  async metricNames(experimentKey: string, signal: AbortSignal): Promise<Set<string>> {
    const values = await this.#values('experiment/metrics/summary', experimentKey, signal);
    return new Set(values.map(({ name }) => textOf(name)));
  }

  /** The points of a metric that Comet keeps: of long curves not all. */
  async metric(experimentKey: string, metricName: string, signal: AbortSignal): Promise<ReadPoint[]> {
    const { metrics } = await this.#get('experiment/metrics/get-metric', { experimentKey, metricName }, signal);
    return listOf(metrics).map(({ metricValue, step, timestamp }) => ({
      value: textOf(metricValue),
      step: (step ?? null) as number | null,
      timestamp: (timestamp ?? null) as number | null,
    }));
  }

  /** The experiment's others, by name, as texts. */
  async others(experimentKey: string, signal: AbortSignal): Promise<Map<string, string>> {
    const values = await this.#values('experiment/log-other', experimentKey, signal);
    return new Map(values.map(({ name, valueCurrent }) => [textOf(name), textOf(valueCurrent)]));
  }

  /** The console of the experiment. */
  async output(experimentKey: string, signal: AbortSignal): Promise<string> {
    const { output } = await this.#get('experiment/output', { experimentKey }, signal);
    return typeof output === 'string' ? output : '';
  }

  async #values(route: string, experimentKey: string, signal: AbortSignal): Promise<Record<string, unknown>[]> {
    const { values } = await this.#get(route, { experimentKey }, signal);
    return listOf(values);
  }

  /** False: this server has no such route. */
  async #batch(what: 'metric' | 'parameter', body: string, signal: AbortSignal): Promise<boolean> {
    if (this.#missing.has(what)) return false;
    const path = `${CLIENTLIB}/batch/logger/experiment/${what}`;
    try {
      const headers = { ...JSON_BODY, 'content-encoding': 'gzip' };
      await this.#connection.call({ method: 'POST', path, headers, body: await zipped(body) }, signal);
      return true;
    } catch (error) {
      if (!isCometError(error) || error.kind !== 'missing') throw error;
      this.#missing.add(what);
      return false;
    }
  }

  async #write(route: string, body: object, signal: AbortSignal): Promise<void> {
    await this.#post(`${REST}/write/experiment/${route}`, body, signal);
  }

  #post(path: string, body: object, signal: AbortSignal): Promise<Record<string, unknown>> {
    return this.#connection.call({ method: 'POST', path, headers: JSON_BODY, body: JSON.stringify(body) }, signal);
  }

  #get(route: string, query: Record<string, string>, signal: AbortSignal): Promise<Record<string, unknown>> {
    return this.#connection.call({ method: 'GET', path: `${REST}/${route}${queryOf(query)}` }, signal);
  }
}

/** The version of Comet's Python client whose requests these are like. Servers refuse clients that they take for too old. */
const SPEAKS_AS = '3.58.8';

/** A key that is not seen is refused; 500 is what a server says that trips over it. */
function mayWantKeyInBody(error: unknown): error is CometError {
  if (!isCometError(error)) return false;
  return error.kind === 'unauthorized' || error.kind === 'forbidden' || error.kind === 'invalid' || error.status === 500;
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? (value as Record<string, unknown>[]) : [];
}
