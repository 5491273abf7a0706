// CodeMirror as one module, from the packages of the lock: `make vendor-editor` writes it and its licences.

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = new URL("../../", import.meta.url);
const MODULE = new URL("api/static/codemirror.js", ROOT);
const LICENSES = new URL("api/static/LICENSE.codemirror", ROOT);

/**
 * Bundle the editor. Equal packages give equal bytes.
 *
 * @returns {Promise<{code: string, licenses: string}>} the module, and the licences of what it holds.
 */
export async function bundled() {
  const { outputFiles, metafile } = await build({
    absWorkingDir: fileURLToPath(ROOT),
    entryPoints: ["scripts/editor/entry.js"],
    bundle: true,
    charset: "utf8",
    format: "esm",
    legalComments: "none",
    metafile: true,
    minify: true,
    target: "es2022",
    write: false,
  });
  const packages = await Promise.all(packagesOf(Object.keys(metafile.inputs)).map(described));
  const names = packages.map(({ name, version }) => `${name} ${version}`).join(", ");
  return { code: `// ${names}: see LICENSE.codemirror.\n${outputFiles[0].text}`, licenses: licensesOf(packages) };
}

/** @param {string[]} files of the bundle @returns {string[]} the folders of their packages, in order. */
function packagesOf(files) {
  const folders = files.map((file) => file.match(/^node_modules\/(@[^/]+\/)?[^/]+/)?.[0]);
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort();
}

/** @param {string} folder of a package. */
async function described(folder) {
  const [about, license] = await Promise.all(
    ["package.json", "LICENSE"].map((file) => readFile(new URL(`${folder}/${file}`, ROOT), "utf8")),
  );
  const { name, version } = JSON.parse(about);
  return { name, version, license: license.trim() };
}

/** @param {{name: string, license: string}[]} packages @returns {string} each text once, below their names. */
function licensesOf(packages) {
  const texts = [...new Set(packages.map(({ license }) => license))];
  const sections = texts.map((text) => {
    const names = packages.filter(({ license }) => license === text).map(({ name }) => name);
    return `${names.join(", ")}\n\n${text}\n`;
  });
  return sections.join("\n----\n\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { code, licenses } = await bundled();
  await writeFile(MODULE, code);
  await writeFile(LICENSES, licenses);
}
