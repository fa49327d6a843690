import type { TrackerEvent } from '@mortise/core';

import { documentFiles } from './document-files.ts';
import { flatParams } from './flat-params.ts';
import { notePage } from './note-page.ts';
import { nameRefusal, OWN_PREFIX, pathRefusal, shownName } from './names.ts';
import type { Piece, Pieces } from './piece.ts';
import { cometMetric } from './system-metrics.ts';

/** Takes an event apart into what Comet has places for. */
export function piecesOf(event: TrackerEvent): Pieces {
  switch (event.kind) {
    case 'metrics':
      return named(Object.entries(event.values), 'the metric', (name, value) => [
        { kind: 'metric', ...cometMetric(name, value), step: event.step, at: event.at },
      ]);
    case 'params':
      return paramPieces(event);
    case 'tags':
      return tagPieces(event);
    case 'note':
      // For people to read: half of a character is no reason to keep it from them.
      return taken([{ kind: 'html', html: notePage(event.markdown.toWellFormed()) }]);
    case 'dataset': {
      const { name, digest, source, context } = event;
      const value = JSON.stringify({ name, digest, source, context });
      return named([[`${OWN_PREFIX}dataset.${name}`, value]], 'the dataset', (key, text) => [{ kind: 'other', name: key, value: text }]);
    }
    case 'log':
      return taken([{ kind: 'line', text: lineOf(event.text), stderr: event.stream === 'err', at: event.at }]);
    case 'artifact':
      return filed(event.path, [{ kind: 'file', file: { kind: 'artifact', path: event.path, event }, at: event.at }]);
    case 'json':
      return filed(
        event.name,
        documentFiles(event).map((file) => ({ kind: 'file', file: { kind: 'document', ...file }, at: event.at })),
      );
    case 'define-metric':
      // Comet sums all metrics up in its own way.
      return taken([]);
  }
}

function paramPieces({ values, at }: TrackerEvent & { kind: 'params' }): Pieces {
  const { params, nested } = flatParams(values);
  const names = new Set<string>();
  const twice = (name: string): string | undefined => {
    if (names.has(name)) return 'is there already, as a part of another one: objects have "|" between their names at Comet';
    names.add(name);
    return undefined;
  };
  const { pieces, refused } = named(params, 'the param', (name, value) => [{ kind: 'param', name, value, at }], twice);
  const mark: Piece[] = nested ? [{ kind: 'other', name: 'hasNestedParams', value: true }] : [];
  return { pieces: [...mark, ...pieces], refused };
}

/** A tag that is removed stays as an empty one: Comet has no call that takes one of its others away. */
function tagPieces({ set, remove = [] }: TrackerEvent & { kind: 'tags' }): Pieces {
  const tags: [string, string][] = [...Object.entries(set), ...remove.map((name): [string, string] => [name, ''])];
  return named(tags, 'the tag', (name, value) => [{ kind: 'other', name, value }], tagRefusal);
}

/** Names with which a person would forge what we read back, or rename the run. */
export function tagRefusal(name: string): string | undefined {
  if (name.startsWith(OWN_PREFIX)) return `cannot be set: names that begin with "${OWN_PREFIX}" are those of Mortise`;
  return name === 'Name' ? 'cannot be set: it is the name of the run, which "runName" sets' : undefined;
}

function named<T>(
  values: readonly (readonly [string, T])[],
  what: string,
  make: (name: string, value: T) => Piece[],
  refusal?: (name: string) => string | undefined,
): Pieces {
  const made: Pieces = { pieces: [], refused: [] };
  for (const [name, value] of values) {
    const why = nameRefusal(name) ?? refusal?.(name) ?? halfRefusal(value);
    if (why === undefined) made.pieces.push(...make(name, value));
    else made.refused.push(`${what} ${shownName(name)} ${why}`);
  }
  return made;
}

function halfRefusal(value: unknown): string | undefined {
  return typeof value === 'string' && !value.isWellFormed()
    ? 'has half of a character, as text has that is cut inside an emoji'
    : undefined;
}

function filed(path: string, pieces: Piece[]): Pieces {
  const why = pathRefusal(path);
  return why === undefined ? taken(pieces) : { pieces: [], refused: [`${shownName(path)} ${why}`] };
}

function taken(pieces: Piece[]): Pieces {
  return { pieces, refused: [] };
}

function lineOf(text: string): string {
  const line = text.toWellFormed();
  return line.endsWith('\n') ? line : `${line}\n`;
}
