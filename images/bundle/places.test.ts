import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { leftover, packageOf, rewriteOurs, rewritePackage } from './places.ts'
import type { Recipe } from './recipes.ts'

const root = path.join(import.meta.dirname, '../..')
const recipe: Recipe = {
  programs: { main: 'worker/main.ts' },
  threads: ['worker/lease/thread.ts'],
  folders: { page: 'simulator/page' },
  packageFolders: { '@scope/ui': ['static'] },
}
const ours = (source: string, file: string) => rewriteOurs(source, path.join(root, file), recipe, root)

describe('our own code', () => {
  test('means the thread of the recipe', () => {
    expect(ours(`new Thread(new URL('./thread.ts', import.meta.url), {})`, 'worker/lease/lease.ts')).toBe(
      `new Thread(new URL('./thread.js', import.meta.url), {})`,
    )
  })

  test('means the folder of the recipe', () => {
    const code = (place: string) => `readFile(new URL(\`${place}\${name}\`, import.meta.url))`
    expect(ours(code('../page/'), 'simulator/api/page.ts')).toBe(code('./page/'))
  })

  test('may name nothing that the recipe does not have', () => {
    expect(() => ours(`new URL('./schemas.json', import.meta.url)`, 'local/kubernetes/builtin/schemas.ts')).toThrow(
      'local/kubernetes/builtin/schemas.json is read at run time',
    )
  })

  test('requires through the bundler', () => {
    expect(ours(`const require = createRequire(import.meta.url)\nrequire('libsignal')`, 'worker/x.ts')).toBe(
      `\nrequire('libsignal')`,
    )
    expect(ours(`const c = createRequire(import.meta.url)('libsignal/src/crypto.js') as C`, 'worker/x.ts')).toBe(
      `const c = require('libsignal/src/crypto.js') as C`,
    )
  })

  test("requires a package's own dependency as that package sees it", () => {
    const code = `createRequire(require.resolve('libsignal/src/curve.js'))('curve25519-js')`
    const file = path.join(root, 'node_modules/curve25519-js/lib/index.js')
    expect(ours(code, 'worker/drivers/baileys/x.ts')).toBe(`require(${JSON.stringify(file)})`)
  })
})

describe('the code of a package', () => {
  const file = '/clone/node_modules/@scope/ui/lib/routes.js'
  const code = `join(__dirname, '..', 'static')`

  test('means its folder among those of the recipe', () => {
    expect(rewritePackage(code, file, recipe)).toBe(
      `join((berthBundleFolder + "/packages/@scope/ui/lib"), '..', 'static')`,
    )
  })

  test('is left alone in other packages', () => {
    expect(rewritePackage(code, '/clone/node_modules/other/lib/routes.js', recipe)).toBe(code)
  })
})

test.each([
  ['import.meta.dirname', 'path.join(import.meta.dirname, "x")'],
  ['import.meta.url', 'fileURLToPath(import.meta.url)'],
  ['createRequire(', 'createRequire(somewhere)("x")'],
  ['__dirname', 'join(__dirname)'],
])('%s is noticed where it is left', (what, code) => {
  expect(leftover(code)).toBe(what)
})

test('what was rewritten is not noticed', () => {
  expect(leftover(`new URL('./thread.js', import.meta.url)`)).toBeUndefined()
  expect(leftover('import.meta.main')).toBeUndefined()
})

test('a file belongs to the innermost package', () => {
  expect(packageOf('a/node_modules/@b/c/node_modules/d/lib/e.js')).toEqual({
    name: 'd',
    folder: 'a/node_modules/@b/c/node_modules/d',
    inside: 'lib/e.js',
  })
  expect(packageOf('node_modules/@b/c/d.js')?.name).toBe('@b/c')
  expect(packageOf('core/a.ts')).toBeUndefined()
})
