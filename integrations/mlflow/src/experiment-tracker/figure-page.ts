import type { Json } from '@mortise/core';

const PLOTLY = 'https://cdn.plot.ly/plotly-2.35.2.min.js';

/**
 * A page that draws a Plotly, Vega or Vega-Lite figure; undefined for other JSON. It takes the library from its CDN, as pages do that MLflow's own
 * `log_figure` writes.
 */
export function figurePage(title: string, mime: string, figure: Json): string | undefined {
  const drawing = drawingOf(mime);
  if (drawing === undefined) return undefined;
  return [
    '<!doctype html>',
    '<meta charset="utf-8">',
    `<title>${escaped(title)}</title>`,
    '<body style="margin: 0"><div id="figure"></div>',
    ...drawing.scripts.map((url) => `<script src="${url}"></script>`),
    `<script>const figure = ${inScript(figure)}; ${drawing.call};</script>`,
    '',
  ].join('\n');
}

function drawingOf(mime: string): { scripts: string[]; call: string } | undefined {
  if (mime === 'application/vnd.plotly.v1+json')
    return { scripts: [PLOTLY], call: 'Plotly.newPlot("figure", figure.data, figure.layout, { responsive: true, ...figure.config })' };
  const [, kind, major] = /^application\/vnd\.(vega|vegalite)\.v(\d+)\+json$/.exec(mime) ?? [];
  if (kind === undefined || major === undefined) return undefined;
  const isNew = Number(major) >= 6;
  const vega = kind === 'vega' ? major : isNew ? '6' : '5';
  const libraries = [`vega@${vega}`, ...(kind === 'vegalite' ? [`vega-lite@${major}`] : []), `vega-embed@${isNew ? '7' : '6'}`];
  return { scripts: libraries.map((library) => `https://cdn.jsdelivr.net/npm/${library}`), call: 'vegaEmbed("#figure", figure)' };
}

/** JSON that no text in it can end the script with. */
function inScript(value: Json): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
