/** Bundles the programs of one image: one flat folder of JavaScript, what it reads at run time, source maps, licences. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import path from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import { writeLicenses } from './licenses.ts'
import {
  BUNDLE_FOLDER,
  leftover,
  PACKAGES_FOLDER,
  packageOf,
  rewriteOurs,
  rewritePackage,
  threadName,
} from './places.ts'
import { type App, LEFT_OUT, NEEDS_NO_PLACE, RECIPES, type Recipe } from './recipes.ts'

const root = path.join(import.meta.dirname, '../..')

/** Written into every file. Packages of the CommonJS kind ask for `require`. */
const BANNER = `import { createRequire as berthCreateRequire } from 'node:module'
const require = berthCreateRequire(import.meta.url)
const ${BUNDLE_FOLDER} = import.meta.dirname`

/** @param folder is made; nothing may be in it */
export async function bundle(app: App, folder: string): Promise<void> {
  const recipe = RECIPES[app]
  const leftovers = new Map<string, string>()
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: entryPoints(recipe),
    outdir: path.resolve(folder),
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    banner: { js: BANNER },
    // Failpoints are for tests: without the variable the bundler leaves nothing of them but an empty function.
    define: { 'process.env.BERTH_FAILPOINTS': 'undefined' },
    external: LEFT_OUT,
    legalComments: 'none',
    sourcemap: 'linked',
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
    plugins: [programs, officialClient, places(recipe, leftovers)],
  })
  refuse([...unexpectedPlaces(metafile, leftovers), ...missingPackages(metafile)])
  await mkdir(folder, { recursive: true })
  for (const [place, from] of Object.entries(recipe.folders ?? {})) {
    await cp(path.join(root, from), path.join(folder, place), { recursive: true })
  }
  for (const [name, folders] of Object.entries(recipe.packageFolders ?? {})) {
    for (const each of folders) {
      const inside = path.join(name, each)
      await cp(path.join(root, 'node_modules', inside), path.join(folder, PACKAGES_FOLDER, inside), { recursive: true })
    }
  }
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }\n')
  await writeLicenses(root, filesUsed(metafile), path.join(folder, 'licenses'))
}

const entryPoints = ({ programs, threads = [] }: Recipe): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(programs).map(([name, file]) => [name, `program:${file}`])),
  ...Object.fromEntries(threads.map((file) => [threadName(file), file])),
})

/** A program begins with what must be set before its code is loaded. */
const programs: Plugin = {
  name: 'programs',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^program:/ }, ({ path }) => ({ path: path.slice('program:'.length), namespace: 'program' }))
    onLoad({ filter: /./, namespace: 'program' }, ({ path }) => ({
      resolveDir: root,
      contents: `import { enableCompileCache } from 'node:module'
process.setSourceMapsEnabled(true)
enableCompileCache(${BUNDLE_FOLDER} + '/cache')
await import('./${path}')`,
    }))
  },
}

/**
 * Of the official Kubernetes client we use the reading of kubeconfigs with exec plugins. Its front door would bring in 15 MB of
 * models, and code that nothing calls.
 */
const officialClient: Plugin = {
  name: 'official client',
  setup({ onResolve, resolve }) {
    const inside = Symbol()
    onResolve(
      { filter: /^\.|^@kubernetes\/client-node$/ },
      async ({ path: wanted, importer, resolveDir, kind, pluginData }) => {
        const isFront = wanted === '@kubernetes/client-node'
        if (pluginData === inside || !(isFront || importer.includes('/@kubernetes/client-node/'))) return undefined
        const found = await resolve(wanted, { resolveDir, kind, importer, pluginData: inside })
        const file = isFront ? path.join(path.dirname(found.path), 'config.js') : found.path
        return { ...found, path: file, sideEffects: false }
      },
    )
  },
}

const places = (recipe: Recipe, leftovers: Map<string, string>): Plugin => ({
  name: 'places',
  setup({ onLoad }) {
    onLoad({ filter: /\.([cm]?js|ts)$/, namespace: 'file' }, async ({ path: file }) => {
      const source = await readFile(file, 'utf8')
      const contents = packageOf(file) ? rewritePackage(source, file, recipe) : rewriteOurs(source, file, recipe, root)
      const left = leftover(contents)
      if (left) leftovers.set(path.relative(root, file), left)
      return contents === source ? undefined : { contents, loader: file.endsWith('.ts') ? 'ts' : 'js' }
    })
  },
})

/** What the bundle is made of: paths of sources, relative to the clone. */
const filesUsed = ({ outputs }: Metafile): string[] => {
  const used = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  )
  return [...new Set(used)].sort()
}

const unexpectedPlaces = (metafile: Metafile, leftovers: Map<string, string>): string[] =>
  filesUsed(metafile)
    .filter((file) => leftovers.has(file) && !NEEDS_NO_PLACE.includes(packageOf(file)?.name ?? file))
    .map((file) => `${file} uses ${leftovers.get(file)}: teach it to images/bundle/places.ts`)

const missingPackages = ({ outputs }: Metafile): string[] =>
  Object.values(outputs)
    .flatMap(({ imports }) => imports.filter(({ external }) => external).map(({ path }) => path))
    .filter((name) => !name.startsWith('node:') && !builtinModules.includes(name) && !LEFT_OUT.includes(name))
    .map((name) => `${name} is imported, but neither bundled nor known to be left out`)

function refuse(problems: string[]): void {
  if (problems.length > 0) throw new Error(`This can't be bundled:\n  ${[...new Set(problems)].join('\n  ')}`)
}
