// node hack/images/main.mjs FOLDER [IMAGE…]: the layout of each image in a folder of its name.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { images } from './images.mjs';
import { layOut, writeSBOM } from './layout.mjs';

const [folder, ...names] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node hack/images/main.mjs FOLDER [IMAGE…]');
  process.exit(2);
}
const root = fileURLToPath(new URL('../..', import.meta.url));
for (const name of names.length > 0 ? names : Object.keys(images)) {
  await layOut(root, name, join(folder, name));
  await writeSBOM(join(folder, name));
  console.log(join(folder, name));
}
