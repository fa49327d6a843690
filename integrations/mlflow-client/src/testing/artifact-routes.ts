import { createHash } from 'node:crypto';

import { understoodPath } from './artifact-tree.ts';
import { detail, refusal, StubRefusal } from './stub-refusal.ts';
import { messageOf, StubReply, type Route, type Routes, type StubCall } from './stub-request.ts';
import { filledList, newId } from './stub-store.ts';

export const artifactRoutes: Routes = {
  'GET mlflow/artifacts/list': (call) => {
    const asked = messageOf(call, { run_id: 'text', path: 'text' }, { run_id: ['required', 'string'] });
    const run = call.store.run(asked.text('run_id'));
    const folder = asked.text('path') === '' ? '' : understoodPath(asked.text('path'));
    const root = call.store.artifactUri(run);
    const listed = understoodPath([root.replace(/^[\w-]+:\/+/, ''), folder].join('/'));
    return { root_uri: root, files: filledList(call.store.artifacts.list(listed, folder === '' ? '' : `${folder}/`)) };
  },

  'GET mlflow-artifacts/artifacts': ({ request, store }) => ({
    files: filledList(store.artifacts.list(understoodPath(request.query.get('path') ?? ''))),
  }),

  'PUT mlflow-artifacts/artifacts/*': ({ rest, request, store }) => {
    if (rest.endsWith('/')) throw detail(400, "Artifact path must include a filename (cannot end with '/').");
    store.artifacts.put(understoodPath(rest), request.body);
    return new StubReply(200);
  },

  'GET mlflow-artifacts/artifacts/*': sendArtifact,
  'HEAD mlflow-artifacts/artifacts/*': sendArtifact,

  'DELETE mlflow-artifacts/artifacts/*': ({ rest, store }) => {
    store.artifacts.delete(understoodPath(rest));
    return {};
  },
};

function sendArtifact({ rest, request, store }: StubCall): StubReply {
  const { bytes, modifiedAt } = store.artifacts.get(understoodPath(rest));
  const headers = {
    'content-type': /\.html?$/.test(rest) ? 'text/html' : 'application/octet-stream',
    'content-disposition': 'attachment',
    'last-modified': new Date(modifiedAt).toUTCString(),
    'accept-ranges': 'bytes',
  };
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  if (from === undefined) return new StubReply(200, { ...headers, 'content-length': bytes.length }, bytes);
  if (Number(from) >= bytes.length) throw new StubRefusal(416, 'text/plain; charset=utf-8', '');
  const part = bytes.subarray(Number(from), to === '' ? undefined : Number(to) + 1);
  const range = `bytes ${from}-${Number(from) + part.length - 1}/${bytes.length}`;
  return new StubReply(206, { ...headers, 'content-length': part.length, 'content-range': range }, part);
}

/** A destination without parts, such as a folder. */
const none: Route = () => {
  throw refusal('NOT_IMPLEMENTED', 'Multipart upload is not supported for the current artifact repository');
};

export const noMultipartRoutes: Routes = {
  'POST mlflow-artifacts/mpu/create/*': none,
  'POST mlflow-artifacts/mpu/complete/*': none,
  'POST mlflow-artifacts/mpu/abort/*': none,
};

/** Uploads in parts that are not complete, by id; tests may look. */
export type StubUploads = Map<string, Map<number, { etag: string; bytes: Buffer }>>;

/** A destination with parts, as S3 behind the server: parts go to addresses that it signed, without the server's credentials. */
export function multipartRoutes(uploads: StubUploads, urlOf: (upload: string, part: number) => string): Routes {
  return {
    'POST mlflow-artifacts/mpu/create/*': (call) => {
      const asked = messageOf(call, { path: 'text', num_parts: 'integer' }, { path: ['required', 'string'] });
      const id = newId();
      uploads.set(id, new Map());
      const numbers = Array.from({ length: asked.number('num_parts') || 1 }, (_, at) => at + 1);
      return {
        upload_id: id,
        credentials: numbers.map((number) => ({ url: urlOf(id, number), part_number: number, headers: { 'x-part': `${number}` } })),
      };
    },

    'POST mlflow-artifacts/mpu/complete/*': (call) => {
      const parts = { list: { part_number: 'integer', etag: 'text', url: 'text' } } as const;
      const asked = messageOf(call, { path: 'text', upload_id: 'text', parts }, { path: ['required', 'string'], parts: ['required'] });
      const sent = uploads.get(asked.text('upload_id'));
      const bytes = asked.list('parts').map((part) => {
        const one = sent?.get(part.number('part_number'));
        if (one === undefined || one.etag !== part.text('etag')) throw refusal('INTERNAL_ERROR', 'InvalidPart');
        return one.bytes;
      });
      call.store.artifacts.put(understoodPath(`${call.rest}/${asked.text('path')}`), Buffer.concat(bytes));
      uploads.delete(asked.text('upload_id'));
      return {};
    },

    'POST mlflow-artifacts/mpu/abort/*': (call) => {
      uploads.delete(messageOf(call, { path: 'text', upload_id: 'text' }).text('upload_id'));
      return {};
    },
  };
}

/** What the storage says to a part. Two ways to say who one is are one too many for it. */
export function putPart(uploads: StubUploads, { request, rest }: StubCall): StubReply {
  const [id = '', number = ''] = rest.split('/');
  const upload = uploads.get(id);
  const isSigned = request.query.get('signature') === 'signed' && request.headers['x-part'] === number;
  if (upload === undefined || !isSigned || request.headers.authorization !== undefined) {
    throw new StubRefusal(400, 'application/xml', '<Error><Code>InvalidArgument</Code></Error>');
  }
  const etag = `"${createHash('md5').update(request.body).digest('hex')}"`;
  upload.set(Number(number), { etag, bytes: request.body });
  return new StubReply(200, { etag });
}
