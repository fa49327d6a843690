import { expect, test } from '@jest/globals';

import { fileErrorReason } from './file-error.ts';

test('why a file system refused is in words', () => {
  expect(fileErrorReason(Object.assign(new Error('EROFS: ...'), { code: 'EROFS' }))).toBe('the file system is read-only');
});

test('an error that has an empty code, as that of rmSync on a read-only file system, says what its message does', () => {
  const error = Object.assign(new Error(", Unknown error: Read-only file system '/a'"), { code: '', errno: -4094 });
  expect(fileErrorReason(error)).toBe("Read-only file system '/a'");
});
