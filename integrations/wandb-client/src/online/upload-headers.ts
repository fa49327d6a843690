/** Headers that the server asks for with an upload, given as `Name:Value`. */
export function uploadHeaders(given: readonly string[] | null | undefined): Record<string, string> {
  return Object.fromEntries(
    (given ?? []).map((header) => {
      const at = header.indexOf(':');
      return [header.slice(0, at), header.slice(at + 1).trim()];
    }),
  );
}
