/** The bytes of a response as they come. Leaving the loop early gives up the rest. */
export function chunks(response: Response): AsyncIterable<Uint8Array> {
  return (response.body as AsyncIterable<Uint8Array> | null) ?? nothing();
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}
