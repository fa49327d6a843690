const HEAD = '<pre class="mortise-note" style="white-space: pre-wrap">';
const TAIL = '</pre>';

/** A note for Comet's HTML tab, as it was written: Markdown is not drawn there. */
export function notePage(markdown: string): string {
  return `${HEAD}${markdown.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}${TAIL}`;
}

/** The note of such a page; undefined if it is another one. */
export function noteOf(html: string): string | undefined {
  if (!html.startsWith(HEAD) || !html.endsWith(TAIL)) return undefined;
  return html.slice(HEAD.length, -TAIL.length).replaceAll('&lt;', '<').replaceAll('&amp;', '&');
}
