import type { Receipt, TrackerEvent } from '@mortise/core';

import type { CometParam, CometPoint } from '../client/points.ts';
import type { FilePiece, Piece } from '../run/piece.ts';
import { piecesOf } from '../run/pieces-of.ts';

interface Of<T> {
  writer: string;
  seq: number;
  what: T;
}

/** What a batch says, sorted by the calls that take it. */
export interface Gathered {
  params: CometParam[];
  /** The last word on each. */
  others: Map<string, string | boolean>;
  html: string | undefined;
  /** By event. */
  lines: Of<{ text: string; stderr: boolean; timestamp: number }>[];
  points: Of<CometPoint[]>[];
  /** With the place of their event in the batch. */
  files: { file: FilePiece; index: number; writer: string; seq: number }[];
  refused: NonNullable<Receipt['rejected']>;
}

/** `again`: they were refused before. */
export function gathered(events: readonly TrackerEvent[], again: boolean): Gathered {
  const into: Gathered = { params: [], others: new Map(), html: undefined, lines: [], points: [], files: [], refused: [] };
  for (const [index, event] of events.entries()) {
    const { pieces, refused } = piecesOf(event);
    const { writer, seq } = event;
    if (refused.length > 0) into.refused.push({ writer, seq, why: refused.join('; ') });
    // The rest of it was taken when it came first, and what came since counts.
    if (again && refused.length > 0) continue;
    if (event.kind === 'metrics') into.points.push({ writer, seq, what: pieces.flatMap(pointOf) });
    else for (const piece of pieces) add(into, piece, { writer, seq, index });
  }
  return into;
}

function add(into: Gathered, piece: Piece, { index, ...of }: { writer: string; seq: number; index: number }): void {
  switch (piece.kind) {
    case 'param':
      into.params.push({ name: piece.name, value: piece.value, timestamp: piece.at });
      return;
    case 'other':
      into.others.set(piece.name, piece.value);
      return;
    case 'html':
      into.html = piece.html;
      return;
    case 'line':
      into.lines.push({ ...of, what: { text: piece.text, stderr: piece.stderr, timestamp: piece.at } });
      return;
    case 'file':
      into.files.push({ ...of, file: piece.file, index });
      return;
    case 'metric':
      into.points.push({ ...of, what: pointOf(piece) });
  }
}

function pointOf(piece: Piece): CometPoint[] {
  return piece.kind === 'metric' ? [{ name: piece.name, value: piece.value, step: piece.step, timestamp: piece.at }] : [];
}
