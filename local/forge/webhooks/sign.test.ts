import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signature } from './sign.ts';

test("a delivery is signed as GitHub's documented example", () => {
  assert.equal(
    signature("It's a Secret to Everybody", 'Hello, World!'),
    'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
  );
});
