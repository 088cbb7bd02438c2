// Runs the main() of a Python file on the interpreter that the Worker runs on, with src/ and the Worker's packages: node pyodide.mjs FILE
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { loadPyodide } from 'pyodide';

const root = path.join(import.meta.dirname, '../..');
const python = await loadPyodide({ env: { PYTHONDONTWRITEBYTECODE: '1' } });
for (const name of ['src', 'python_modules', 'tests', 'fonts', 'node_modules/dejavu-fonts-ttf']) {
  python.FS.mkdirTree(`/project/${name}`);
  python.FS.mount(python.FS.filesystems.NODEFS, { root: path.join(root, name) }, `/project/${name}`);
}
python.runPython('import sys; sys.path[:0] = ["/project", "/project/src", "/project/python_modules"]');
try {
  await python.runPythonAsync(`${readFileSync(process.argv[2], 'utf8')}\nawait main()`);
} catch (error) {
  process.stderr.write(`${error.message}\n`); // Python's traceback, without the minified source around it
  process.exitCode = 1;
}
