import { describe, expect, test } from '@jest/globals';

import { BadArtifactKey, isError } from '../errors.ts';
import { checkKey, compareKeys, idInKey, keyPrefixOf } from './artifact-key.ts';

const ID = '0190a1b2c3d4e5f60718293a4b5c6d7e';

describe('a key', () => {
  test.each(['a', 'a/b.json', 'wine/each[0]/output/x.f64', '.hidden/x', 'ä/漢字/🍷', 'a b', `${'x'.repeat(255)}/y`])('%s is one', (key) => {
    expect(() => checkKey(key)).not.toThrow();
  });

  test.each([
    ['', 'empty'],
    ['/etc/passwd', 'absolute'],
    ['a//b', 'empty segment'],
    ['a/', 'empty segment'],
    ['../a', '".."'],
    ['a/../b', '".."'],
    ['a/..', '".."'],
    ['a/./b', '"."'],
    ['a\\b', 'backslash'],
    ['a\nb', 'control'],
    ['a\u0000b', 'control'],
    ['a\u007fb', 'control'],
    ['a/\ud800', 'Unicode'],
    ['x'.repeat(256), 'longer'],
    ['é'.repeat(128), 'longer'],
  ])('%j is none', (key, why) => {
    const error = thrown(() => checkKey(key));
    expect(isError(error, BadArtifactKey)).toBe(true);
    expect((error as Error).message).toContain(why);
  });
});

describe('the prefix of a version', () => {
  test('keeps names as people know them', () => {
    expect(keyPrefixOf('wine/score[0]/output', ID)).toBe(`wine/score[0].output.${ID}`);
    expect(keyPrefixOf('wine/inner.train/output', ID)).toBe(`wine/inner.train.output.${ID}`);
  });

  test.each([
    '',
    '/',
    '..',
    '../../etc',
    'a/./b',
    '.tmp/x',
    'a\\b',
    'a\u0000b',
    'con:1',
    'x. ',
    '\ud800',
    `${'é'.repeat(300)}/x`,
    `${'.'.repeat(300)}`,
  ])('is a key whatever the name: %j', (name) => {
    const prefix = keyPrefixOf(name, ID);
    expect(() => checkKey(`${prefix}.json`)).not.toThrow();
    expect(/^[^/]+\/[^/]+$/.test(prefix) && prefix.endsWith(ID)).toBe(true);
    expect(prefix.startsWith('.')).toBe(false);
  });

  test('is never the folder of another version, even if an artifact is named after one', () => {
    const single = `${keyPrefixOf('a', ID)}.json`;
    expect(keyPrefixOf(`a/${ID}.json`, ID).startsWith(`${single}/`)).toBe(false);
    expect(keyPrefixOf(`a/${ID}`, ID).startsWith(`${keyPrefixOf('a', ID)}/`)).toBe(false);
  });
});

test('keys are ordered as their bytes are', () => {
  const keys = ['a', 'a.b', 'a/b', 'a0', 'é', '\uffff', '\u{1f377}', '\u{1f377}a', '\u{10000}', 'Z', '', '\ue000'];
  const bytewise = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect([...keys].sort(compareKeys)).toEqual(bytewise);
  expect([...keys].sort()).not.toEqual(bytewise);
});

function thrown(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('the id in a key', () => {
  test.each(['wine', 'wine/train/output', 'wine/each[0]/0123456789abcdef0123456789abcdef.x', `wine/logged`, `a/${'x'.repeat(400)}`])(
    'of %s is found',
    (name) => {
      const prefix = keyPrefixOf(name, ID);
      for (const rest of ['.json', '.tar.gz', '/a/b.txt', '.2/a/b.txt', `/0123456789abcdef0123456789abcdef.txt`])
        expect(idInKey(prefix + rest)).toBe(ID);
    },
  );

  test.each(['readme.txt', ID, `${ID}/x.json`, `wine/${ID}`, `wine/x${ID}.json`, `wine/deep/${ID}.json`, `wine/${ID.toUpperCase()}.json`])(
    'of %s, which is no key of ours, is none',
    (key) => expect(idInKey(key)).toBeUndefined(),
  );
});
