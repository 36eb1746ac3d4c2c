/**
 * Code that looks for something beside its own file (`import.meta.url`, `__dirname`) finds nothing there once it is part of a
 * bundle, which is one flat folder. Here its source is changed on the way into the bundle, so that it finds what the
 * recipe puts there; what can't be changed so is reported.
 */
import { createRequire } from 'node:module'
import path from 'node:path'
import type { Recipe } from './recipes.ts'

/** Where the bundle's files are, for CommonJS modules in it, which can't ask. Declared in every file of the bundle. */
export const BUNDLE_FOLDER = 'berthBundleFolder'

/** The folder in the bundle with the files of packages. */
export const PACKAGES_FOLDER = 'packages'

export const threadName = (file: string): string => path.basename(file, '.ts')

/**
 * Our own code: `createRequire` becomes the bundler's own `require`, so that the same instance of a module is meant by all, and
 * `new URL('…', import.meta.url)` means a thread or a folder of the recipe.
 * @param file path of the source
 * @throws Error for what the recipe doesn't have
 */
export function rewriteOurs(source: string, file: string, recipe: Recipe, root: string): string {
  return source
    .replaceAll(/createRequire\(require\.resolve\('([^']+)'\)\)\('([^']+)'\)/g, (_all, from: string, name: string) => {
      const beside = createRequire(createRequire(file).resolve(from))
      return `require(${JSON.stringify(beside.resolve(name))})`
    })
    .replaceAll(/^const require = createRequire\(import\.meta\.url\)$/gm, '')
    .replaceAll('createRequire(import.meta.url)(', 'require(')
    .replaceAll(
      /new URL\((['`])(\.[^'`$]*)([^'`]*)\1, import\.meta\.url\)/g,
      (_all, quote: string, relative: string, rest: string) =>
        `new URL(${quote}./${placeOf(path.resolve(path.dirname(file), relative), recipe, root)}${rest}${quote}, import.meta.url)`,
    )
}

function placeOf(wanted: string, recipe: Recipe, root: string): string {
  const name = path.relative(root, wanted)
  if (recipe.threads?.includes(name)) return `${threadName(name)}.js`
  for (const [place, folder] of Object.entries(recipe.folders ?? {})) {
    if (wanted === path.join(root, folder)) return `${place}/`
  }
  throw new Error(`${name} is read at run time: add it to the threads or folders of images/bundle/recipes.ts`)
}

/** A package's code: `__dirname` means its folder among those of the recipe. */
export function rewritePackage(source: string, file: string, recipe: Recipe): string {
  const { name, inside } = packageOf(file)!
  if (!recipe.packageFolders?.[name] || !/\b__dirname\b/.test(source)) return source
  const folder = path.posix.join(PACKAGES_FOLDER, name, path.dirname(inside))
  return source.replaceAll(/\b__dirname\b/g, `(${BUNDLE_FOLDER} + ${JSON.stringify(`/${folder}`)})`)
}

/** What is left in rewritten code that would look for its own place, or undefined. */
export const leftover = (source: string): string | undefined =>
  /\bimport\.meta\.(url|dirname|filename|resolve)\b|\bcreateRequire\(|\b__(dirname|filename)\b/.exec(
    source.replaceAll(/new URL\([^()]*, import\.meta\.url\)/g, ''),
  )?.[0]

/** The package that a file belongs to; undefined for our own. */
export function packageOf(file: string): { name: string; folder: string; inside: string } | undefined {
  const at = file.lastIndexOf('node_modules/')
  if (at < 0) return undefined
  const start = at + 'node_modules/'.length
  const parts = file.slice(start).split('/')
  const name = parts.slice(0, parts[0]!.startsWith('@') ? 2 : 1).join('/')
  return { name, folder: file.slice(0, start) + name, inside: file.slice(start + name.length + 1) }
}
