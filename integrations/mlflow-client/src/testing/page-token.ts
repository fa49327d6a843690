import { invalid } from './stub-refusal.ts';

/** One page of a list: MLflow's tokens are offsets, base64 of `{"offset": N}`. */
export function paged<T>(list: readonly T[], maxResults: number, token: string): { page: readonly T[]; next_page_token?: string } {
  const offset = token === '' ? 0 : offsetOf(token);
  const end = offset + maxResults;
  const next = Buffer.from(JSON.stringify({ offset: end })).toString('base64');
  return { page: list.slice(offset, end), ...(end < list.length && { next_page_token: next }) };
}

function offsetOf(token: string): number {
  try {
    const { offset } = JSON.parse(Buffer.from(token, 'base64').toString()) as { offset: number };
    return offset;
  } catch {
    throw invalid('Invalid page token, could not base64-decode');
  }
}
