import { describe, expect, test } from '@jest/globals';

import { documentFiles, pathRefusal, withTable } from './run-documents.ts';

const event = { kind: 'json' as const, writer: 'w', seq: 1, at: 1, name: 'matrix', mime: 'application/json', value: { rows: [[1]] } };
const texts = (over: object): Record<string, string> =>
  Object.fromEntries(documentFiles({ ...event, ...over }).map(({ path, bytes }) => [path, new TextDecoder().decode(bytes)]));

test('JSON is a file of its name', () => {
  expect(texts({})).toEqual({ 'matrix.json': '{\n  "rows": [\n    [\n      1\n    ]\n  ]\n}' });
  expect(Object.keys(texts({ name: 'a/matrix.json' }))).toEqual(['a/matrix.json']);
});

test('a table is written as MLflow writes its own', () => {
  const value = { columns: ['a'], data: [[1], [null]] };
  expect(texts({ mime: 'application/vnd.mortise.table+json', value })).toEqual({ 'matrix.json': '{"columns":["a"],"data":[[1],[null]]}' });
});

describe('a figure has a page that draws it', () => {
  test.each([
    ['application/vnd.plotly.v1+json', ['cdn.plot.ly/plotly-'], 'Plotly.newPlot("figure"'],
    ['application/vnd.vegalite.v5+json', ['npm/vega@5', 'npm/vega-lite@5', 'npm/vega-embed@6'], 'vegaEmbed("#figure"'],
    ['application/vnd.vegalite.v6+json', ['npm/vega@6', 'npm/vega-lite@6', 'npm/vega-embed@7'], 'vegaEmbed("#figure"'],
    ['application/vnd.vega.v5+json', ['npm/vega@5', 'npm/vega-embed@6'], 'vegaEmbed("#figure"'],
  ])('%s', (mime, scripts, call) => {
    const files = texts({ mime, value: { data: [] } });
    expect(Object.keys(files)).toEqual(['matrix.json', 'matrix.html']);
    for (const text of [...scripts, call]) expect(files['matrix.html']).toContain(text);
  });

  test('in which no text of the figure or its name is code', () => {
    const bad = '</script><script>alert(1)</script>';
    const page = texts({ mime: 'application/vnd.plotly.v1+json', name: bad, value: { data: [{ name: bad }] } })[`${bad}.html`]!;
    expect(page).not.toContain('<script>alert');
    expect(page.match(/<\/script>/g)).toHaveLength(2);
  });
});

test('tables are added to those that the run shows, once', () => {
  expect(withTable(undefined, 'a.json')).toBe('[{"path":"a.json","type":"table"}]');
  const both = withTable('[{"path": "b.json", "type": "table"}]', 'a.json');
  expect(JSON.parse(both)).toHaveLength(2);
  expect(withTable(both, 'a.json')).toBe(both);
  expect(withTable('no json', 'a.json')).toBe('[{"path":"a.json","type":"table"}]');
});

test('a path leads to nowhere else', () => {
  for (const path of ['../a', 'a//b', '/a', 'a/', 'a\\b', 'a\nb', '']) expect(pathRefusal(path)).toContain('no path');
  for (const path of ['a', 'a/b c.json', '損失/%20?#.json']) expect(pathRefusal(path)).toBeUndefined();
});
