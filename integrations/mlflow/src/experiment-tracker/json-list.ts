/** What a tag lists as JSON; nothing if somebody else made it something else. */
export function jsonList(text = '[]'): unknown[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}
