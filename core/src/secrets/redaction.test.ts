import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';

import { describe, expect, test } from '@jest/globals';

import { fromTagged, toTagged } from '../artifacts/tagged-json.ts';
import { keepSecret } from './kept-secrets.ts';
import { redact, redactEvent, redactJson, redactTagged } from './redaction.ts';

const TOKEN = 'tok+en/ü "9a8b7c6d5e"';

describe('before any secret is known', () => {
  test('a text, a value and an event are given back as they are, not copied', () => {
    const json = { a: ['b'] };
    const event = { kind: 'note', markdown: 'hello' } as const;
    expect(redact('hello')).toBe('hello');
    expect(redactJson(json)).toBe(json);
    expect(redactEvent(event)).toBe(event);
  });
});

describe('a secret is masked', () => {
  const forms: [string, string][] = [
    ['itself', TOKEN],
    ['as JSON escapes it', JSON.stringify({ token: TOKEN })],
    ['in JSON within JSON', JSON.stringify({ body: JSON.stringify({ token: TOKEN }) })],
    ['URL-encoded', `https://host/?token=${encodeURIComponent(TOKEN)}&a=b`],
    ['URL-encoded in small letters', encodeURIComponent(TOKEN).replace(/%../g, (hex) => hex.toLowerCase())],
    ['in a form', new URLSearchParams({ token: TOKEN }).toString()],
    ['in the path of a URL', new URL(`https://host/${TOKEN}/x`).href],
    ...['', 'a', 'ab', 'user:'].map((before): [string, string] => [
      `in base64 after ${before.length} bytes`,
      Buffer.from(`${before}${TOKEN} and what follows`).toString('base64'),
    ]),
    ['in base64 for URLs', Buffer.from(`x${TOKEN}>>>`).toString('base64url')],
  ];
  test.each(forms)('%s', (_, text) => {
    keepSecret(TOKEN);
    const redacted = redact(text);
    expect(redacted).toContain('***');
    expect(redacted).not.toContain(TOKEN);
    for (const decoded of [decodeURIComponent(redacted.replaceAll('+', ' ')), Buffer.from(redacted, 'base64').toString()])
      expect(decoded).not.toContain('9a8b7c6d5e');
    expect(redacted).not.toMatch(/9a8b7c6d5e/);
  });

  const hex = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const json = (value: string): string => JSON.stringify({ password: value });
  test.each<[string, (value: string) => string]>([
    ['as Node prints it within an object', (value) => inspect({ password: value })],
    ['as JSON in ASCII, which Python writes', (value) => json(value).replace(/[^ -~]/g, hex)],
    ['as JSON for HTML, which Go writes', (value) => json(value).replace(/[<>&]/g, hex)],
    [
      'as JSON for HTML, which Java writes',
      (value) => json(value).replace(/[<>&='ü]/g, (letter) => (letter === 'ü' ? letter : hex(letter))),
    ],
    ['as JSON in ASCII within JSON', (value) => json(json(value).replace(/[^ -~]/g, hex))],
  ])('%s, whatever letters it has', (_, written) => {
    for (const value of ['hunter2"is\\kept', 'hunter2\'is`"kept', 'hunter2-für-ü😀', 'hunter2<a>&b', 'hunter2-a2V5==']) {
      keepSecret(value);
      expect(redact(written(value))).not.toContain('hunter2');
    }
  });

  test('line by line where it has several, but for lines as short as a brace', () => {
    keepSecret('-----BEGIN KEY-----\nMIIEvQIBADANBg\n}\nkqhkiG9w0BAQEF\n-----END KEY-----\n');
    expect(redact('a kqhkiG9w0BAQEF b } c')).toBe('a *** b } c');
    expect(redact('MIIEvQIBADANBg')).toBe('***');
  });

  test('with its blanks at the ends and without', () => {
    keepSecret('trailing-blank \n');
    expect(redact('is trailing-blank.')).toBe('is ***.');
  });

  test('also one of very many lines, as a bundle of certificates, and is not told by an error of its own', () => {
    const lines = Array.from({ length: 3_000 }, () => randomBytes(48).toString('base64'));
    keepSecret(lines.join('\n'));
    expect(redact(`of ${lines[2_900]}, and ${JSON.stringify(lines.join('\n'))}`)).toBe('of ***, and "***"');
    expect(redact('hello')).toBe('hello');
  });

  test('also one long line', () => {
    const text = randomBytes(1 << 17).toString('hex');
    keepSecret(text);
    expect(redact(`<${text}> <${text.slice(0, 1000)}>`)).toBe(`<***> <${text.slice(0, 1000)}>`);
  });

  test('together with another one that overlaps it', () => {
    keepSecret('abcdefgh');
    keepSecret('efghijkl');
    expect(redact('<abcdefghijkl>')).toBe('<***>');
  });

  test('wherever it is in a value, in keys too, and as a number of at least 6 digits', () => {
    keepSecret('73550185');
    keepSecret('hunter2hunter2');
    expect(redactJson({ list: ['x hunter2hunter2'], 'k-hunter2hunter2': { pin: 73550185, other: 7, nothing: null } })).toEqual({
      list: ['x ***'],
      'k-***': { pin: '***', other: 7, nothing: null },
    });
  });

  test('in tagged JSON, which can be read all the same', () => {
    keepSecret('20260701');
    keepSecret('9f3c77aa51d0');
    const value = {
      id: 20260701n,
      other: 7n,
      map: new Map([['9f3c77aa51d0', -120260701n]]),
      bytes: Buffer.from('key=9f3c77aa51d0;'),
      own: { $mortise: 'date', value: '9f3c77aa51d0', '9f3c77aa51d0': 1 },
      marked: { $mortise: '9f3c77aa51d0' },
    };
    expect(fromTagged(redactTagged(toTagged(value)))).toEqual({
      id: '***',
      other: 7n,
      map: new Map([['***', '***']]),
      bytes: '***',
      own: { $mortise: 'date', value: '***', '***': 1 },
      marked: { $mortise: '***' },
    });
  });

  test('not when it has fewer than 4 characters', () => {
    keepSecret('abc');
    expect(redact('abc')).toBe('abc');
  });
});

test('events keep their kind, their numbers and what core says of them, even where a secret is such a word', () => {
  for (const value of ['metrics', 'params', '123456', '1234', 'accuracy']) keepSecret(value);
  const metrics = { kind: 'metrics', values: { accuracy: 123456 }, step: 123456, writer: 'params', seq: 123456 } as const;
  expect(redactEvent(metrics)).toEqual({ ...metrics, values: { '***': 123456 } });
  const params = { kind: 'params', values: { pin: 123456, count: 1234, text: 'metrics' } } as const;
  expect(redactEvent(params)).toEqual({ kind: 'params', values: { pin: '***', count: 1234, text: '***' } });
});
