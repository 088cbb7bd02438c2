// Fonts of the scripts that the Worker does not carry, as a deployment uploads them once (fonts/README.md).
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export async function provideFonts(folder, bucket) {
  const { objects } = await bucket.list({ prefix: 'fonts/' });
  const there = new Set(objects.map(({ key }) => key));
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ttf'))) {
    const key = `fonts/${file}`;
    if (!there.has(key)) {
      await bucket.put(key, readFileSync(path.join(folder, file)), { httpMetadata: { contentType: 'font/ttf' } });
    }
  }
}
