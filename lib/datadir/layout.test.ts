import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cacheDir, dataDirPath } from './index.ts';

test('the data directory is the flag, else RIG_DATA_DIR, else below XDG_DATA_HOME, else below the home', () => {
  const env = { RIG_DATA_DIR: '/e', XDG_DATA_HOME: '/x' };
  assert.equal(dataDirPath('/f', env), '/f');
  assert.equal(dataDirPath(undefined, env), '/e');
  assert.equal(dataDirPath(undefined, { XDG_DATA_HOME: '/x' }), '/x/rig');
  assert.equal(dataDirPath(undefined, {}), join(homedir(), '.local/share/rig'));
});

test('the cache is RIG_CACHE_DIR, else below XDG_CACHE_HOME, else below the home', () => {
  assert.equal(cacheDir({ RIG_CACHE_DIR: '/c' }), '/c');
  assert.equal(cacheDir({ XDG_CACHE_HOME: '/x' }), '/x/rig');
  assert.equal(cacheDir({}), join(homedir(), '.cache/rig'));
});
