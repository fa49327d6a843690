import { describe, expect, test } from '@jest/globals';
import { BadArtifactKey } from '@mortise/core';

import { isPlainFolder, segmentOf, storedPath } from './stored-path.ts';

describe('the name under which a segment is kept', () => {
  test.each(['train/model.0190a1.json', 'a b', 'a+b=c', 'é/\u65e5\u672c', 'each[0]', '-', '.hidden'])('is that of the key: %s', (key) => {
    expect(storedPath(key)).toBe(key);
  });

  test.each([
    ['a%20b', 'a~2520b'],
    ['a#b?', 'a~23b~3F'],
    ['a:b;c', 'a~3Ab~3Bc'],
    ['~', '~7E'],
    ['a~41', 'a~7E41'],
    ['ends.', 'ends~2E'],
    ['ends ', 'ends~20'],
    ['.artifact.uploading.x', '~2Eartifact.uploading.x'],
  ])('has something else for what MLflow would refuse, decode or keep for itself: %s', (segment, name) => {
    expect(storedPath(segment)).toBe(name);
    expect(segmentOf(name)).toBe(segment);
  });

  test.each(['a~', 'a~4', 'a~41', 'a#b', 'a~2f', 'ends.', '.artifact.uploading.abc'])('is none of ours: %s', (name) => {
    expect(segmentOf(name)).toBeUndefined();
  });

  test('is no longer than file systems take', () => {
    expect(storedPath('#'.repeat(85))).toBe('~23'.repeat(85));
    expect(() => storedPath('#'.repeat(86))).toThrow(BadArtifactKey);
  });
});

test.each([
  ['mortise', true],
  ['team/3/mortise', true],
  ['', false],
  ['/mortise', false],
  ['mortise/', false],
  ['a/../b', false],
  ['a%20b', false],
  ['a#b', false],
])('the folder %j is one that a config may name: %s', (path, isOne) => {
  expect(isPlainFolder(path)).toBe(isOne);
});
