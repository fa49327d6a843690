import { MlflowError } from '../mlflow-error.ts';

/** The chunks of a body, which fails when they are not as many bytes as it was said to have. */
export async function* sizedBody(body: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  let sent = 0;
  for await (const chunk of body) {
    sent += chunk.length;
    if (sent > size) throw new MlflowError('invalid', `The artifact has more than the ${size} bytes that it was said to have`);
    yield chunk;
  }
  if (sent < size) throw new MlflowError('invalid', `The artifact has ${sent} bytes instead of the ${size} that it was said to have`);
}
