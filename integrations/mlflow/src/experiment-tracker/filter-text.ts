/** A text in a filter of MLflow's searches, which know no escapes: it cannot have both kinds of quotes. */
export function filterText(text: string): string {
  return text.includes("'") ? `"${text}"` : `'${text}'`;
}
