import type { Json, TrackerEvent } from '@mortise/core';

/** A file of a run: one that it logged, or one made of something that it logged. */
export type FilePiece =
  { kind: 'artifact'; path: string; event: TrackerEvent & { kind: 'artifact' } } | { kind: 'document'; path: string; bytes: Uint8Array };

/** The least that Comet takes. `at`: ms UTC. */
export type Piece =
  | { kind: 'metric'; name: string; value: number; step: number; at: number }
  | { kind: 'param'; name: string; value: Json; at: number }
  | { kind: 'other'; name: string; value: string | boolean }
  | { kind: 'html'; html: string }
  | { kind: 'line'; text: string; stderr: boolean; at: number }
  | { kind: 'file'; file: FilePiece; at: number };

/** What an event is at Comet. `refused`: why parts of it cannot be taken. */
export interface Pieces {
  pieces: Piece[];
  refused: string[];
}
