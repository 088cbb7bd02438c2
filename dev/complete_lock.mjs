// `make lock` through a registry that lacks some platform's workerd writes a lock that `npm ci` refuses everywhere.
// Name the missing optional packages by version, so that the lock holds on every platform; npm skips those of others.
import { readFileSync, writeFileSync } from 'node:fs';

const LOCK = new URL('../package-lock.json', import.meta.url);
const OS = { darwin: 'darwin', linux: 'linux', windows: 'win32' };
const CPU = { 64: 'x64', arm64: 'arm64' };

const lock = JSON.parse(readFileSync(LOCK, 'utf8'));
const { dev, optionalDependencies } = lock.packages['node_modules/workerd'];
for (const [name, version] of Object.entries(optionalDependencies)) {
  const [, os, cpu] = name.match(/workerd-(\w+)-(\w+)$/);
  lock.packages[`node_modules/${name}`] ??= { version, cpu: [CPU[cpu]], dev, optional: true, os: [OS[os]] };
}
writeFileSync(LOCK, `${JSON.stringify(lock, null, 2)}\n`);
