import type { Json } from '@mortise/core';

import { sentNumber } from '../client/points.ts';
import type { Piece } from '../run/piece.ts';

/** Messages of an archive, as Comet's own client writes them, numbered from `first` on. */
export class Messages {
  readonly lines: string[] = [];
  readonly #first: number;

  /** @param first number of the first of them, from 1 */
  constructor(first: number) {
    this.#first = first;
  }

  other(key: string, value: string | boolean): void {
    this.#add('log_other', { key, value });
  }

  param(paramName: string, value: Json, at: number): void {
    const param = { paramName, paramValue: value, step: null, source: 'manual' };
    this.#add('parameter_msg', { local_timestamp: at, [Array.isArray(value) ? 'params' : 'param']: param });
  }

  /** `id`: name of the file in the archive, and of the asset. */
  file(id: string, path: string, at: number): void {
    const extension = /\.([^./]+)$/.exec(path)?.[1] ?? null;
    this.#add('file_upload', {
      ...{ file_path: id, upload_type: 'asset', metadata: {}, local_timestamp: at, clean: true },
      additional_params: { context: null, step: null, fileName: path, extension, assetId: id, overwrite: true, runId: null },
    });
  }

  /** All but files. */
  piece(piece: Exclude<Piece, { kind: 'file' }>): void {
    switch (piece.kind) {
      case 'metric': {
        const metric = { metricName: piece.name, metricValue: sentNumber(piece.value), step: piece.step, epoch: null };
        return this.#add('metric_msg', { local_timestamp: piece.at, metric });
      }
      case 'param':
        return this.param(piece.name, piece.value, piece.at);
      case 'other':
        return this.other(piece.name, piece.value);
      case 'html':
        return this.#add('htmlOverride', { htmlOverride: piece.html });
      case 'line':
        return this.#add('standard_output', { output: piece.text, stderr: piece.stderr, local_timestamp: piece.at });
    }
  }

  #add(type: string, payload: object): void {
    this.lines.push(JSON.stringify({ type, payload: { ...payload, message_id: this.#first + this.lines.length } }));
  }
}
