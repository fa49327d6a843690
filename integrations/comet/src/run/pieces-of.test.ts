import { expect, test } from '@jest/globals';
import type { Json, LoggedEvent } from '@mortise/core';

import { piecesOf } from './pieces-of.ts';

const taken = (event: LoggedEvent) => piecesOf({ writer: 'w', seq: 1, at: 1_000, ...event });
const paramsOf = (values: Record<string, Json>) => {
  const { pieces, refused } = taken({ kind: 'params', values });
  return { params: Object.fromEntries(pieces.flatMap((piece) => (piece.kind === 'param' ? [[piece.name, piece.value]] : []))), refused };
};

test('of two params that have one name at Comet the first is there, and the other is told of', () => {
  expect(paramsOf({ a: { b: 1 }, 'a|b': 2, c: 3 })).toEqual({
    params: { 'a|b': 1, c: 3 },
    refused: ['the param "a|b" is there already, as a part of another one: objects have "|" between their names at Comet'],
  });
});
