import { inspect } from 'node:util';

/** Shorter values are too common as parts of other texts to be masked. */
export const SHORTEST_MASKED = 4;
/** Shorter lines of a secret of several lines are left: `}` and `-----` are no secrets. */
const SHORTEST_LINE = 8;
/** What is left of a short value in base64 without its neighbours may be nothing that tells. */
const SHORTEST_FORM = 4;

/**
 * The texts under which a secret may turn up in others: itself, as JSON and the console escape it, as URLs and forms do, in base64 whatever stands before it,
 * and all of that for each line of it. Empty for a value that is too short.
 */
export function maskedForms(value: string): string[] {
  if (value.length < SHORTEST_MASKED) return [];
  const lines = value.split(/\r\n|\r|\n/).map((line) => line.trim());
  const parts = lines.length === 1 ? [] : lines.filter((line) => line.length >= SHORTEST_LINE);
  const trimmed = value.trim();
  const whole = trimmed.length >= SHORTEST_MASKED ? [value, trimmed] : [value];
  return [...new Set([...whole, ...parts].flatMap(formsOf))].filter((form) => form.length >= SHORTEST_FORM);
}

function formsOf(text: string): string[] {
  return [text, printed(text), ...jsonForms(text), ...urlForms(text), ...base64Forms(text)];
}

/** As the console shows it within an object: quotes that it needs not escape stay as they are. */
function printed(text: string): string {
  return inspect(text, { breakLength: Infinity, maxStringLength: null }).slice(1, -1);
}

/** What servers escape beyond what JSON asks for: Python all but ASCII, Go and Java what means something in HTML. */
const MORE_ESCAPED = [/[^ -~]/g, /[<>&\u2028\u2029]/g, /[<>&='\u2028\u2029]/g];

/** Once, and twice for a body that is quoted within another one. */
function jsonForms(text: string): string[] {
  const plain = escaped(text);
  const once = [plain, ...MORE_ESCAPED.map((letters) => plain.replace(letters, hexEscaped))];
  return [...once, ...once.map(escaped)];
}

const hexEscaped = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function urlForms(text: string): string[] {
  const wellFormed = text.toWellFormed();
  const component = encodeURIComponent(wellFormed);
  // RFC 3986 also has the letters that JavaScript leaves; a form has "+" for a space; a URL as a whole keeps its delimiters.
  const strict = component.replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams([['', wellFormed]]).toString().slice(1);
  return [component, strict, form, encodeURI(wellFormed)].flatMap((url) => [url, url.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase())]);
}

/** Three bytes make four letters, so it looks different after 0, 1 or 2 bytes of something else. Letters that hold bits of the neighbours are left out. */
function base64Forms(text: string): string[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const form = encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    return [form, form.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
