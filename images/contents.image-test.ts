/** What is in the images, and what is not. */
import { lstat, readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LicensedPackage } from './bundle/licenses.ts'
import { APPS, type App } from './bundle/recipes.ts'
import { type UnpackedImage, unpackImages } from './testing/image.ts'

/** Baileys needs it; it is GPL-3.0. */
const GPL = 'libsignal'
/** Compiled into other packages, without files of their own. */
const PARTS = ['swagger-ui-dist', 'wacore-libsignal']
const MAY_HAVE_GPL: readonly App[] = ['worker', 'simulator']
const LIMIT_MB = 65

let images: Record<App, UnpackedImage>

beforeAll(async () => {
  images = await unpackImages(...APPS)
})
afterAll(async () => {
  for (const image of Object.values(images ?? {})) await image.remove()
})

const read = (image: UnpackedImage, file: string) => readFile(path.join(image.folder, file), 'utf8')

const programsOf = async (image: UnpackedImage): Promise<string[]> => {
  const names = (await readdir(path.join(image.folder, 'app'))).filter((name) => name.endsWith('.js'))
  return Promise.all(names.map((name) => read(image, `app/${name}`)))
}

/** Files that the bundle is made of: esbuild writes each one's path above its code. */
const bundledFiles = async (image: UnpackedImage): Promise<string[]> =>
  (await programsOf(image)).flatMap((text) =>
    [...text.matchAll(/^ *\/\/ (\S*node_modules\/\S+)$/gm)].map(([, file]) => file!),
  )

/** Modules of the CommonJS kind, which esbuild wraps in a function under their path. */
const bundledCommonJs = async (image: UnpackedImage): Promise<string[]> =>
  (await programsOf(image)).flatMap((text) =>
    [...text.matchAll(/^ *"(\S*node_modules\/\S+)"\(/gm)].map(([, file]) => file!),
  )

describe.each(APPS)('%s', (app) => {
  test('has the licence of each package that is in it, and of no other', async () => {
    const index = JSON.parse(await read(images[app], 'app/licenses/index.json')) as LicensedPackage[]
    const bundled = (await bundledFiles(images[app])).map((file) => file.split('node_modules/').at(-1)!)
    for (const { name } of index.filter((each) => !PARTS.includes(each.name))) {
      expect(
        bundled.some((file) => file.startsWith(`${name}/`)),
        name,
      ).toBe(true)
    }
    for (const file of bundled)
      expect(
        index.some(({ name }) => file.startsWith(`${name}/`)),
        file,
      ).toBe(true)
    for (const text of index.flatMap(({ texts }) => texts)) {
      expect((await read(images[app], `app/licenses/${text}`)).length).toBeGreaterThan(100)
    }
    for (const own of ['LICENSE', 'NOTICE'])
      expect(await read(images[app], `app/licenses/${own}`)).toContain('Apache License')
    // What came without a text is at least somebody's.
    for (const { name, texts, license } of index) {
      if (texts.length === 0) expect(['MIT', 'Apache-2.0'], name).toContain(license)
    }
  })

  test(`${MAY_HAVE_GPL.includes(app) ? 'holds' : 'holds no'} code under the GPL, and its label names all licences`, async () => {
    const index = JSON.parse(await read(images[app], 'app/licenses/index.json')) as LicensedPackage[]
    const gpl = index.filter(({ license }) => /GPL/.test(license)).map(({ name }) => name)
    expect(gpl).toEqual(MAY_HAVE_GPL.includes(app) ? [GPL, 'wacore-libsignal'] : [])
    const named = images[app].config.Labels?.['org.opencontainers.image.licenses']
    expect(named).toBe([...new Set(['Apache-2.0', ...index.map(({ license }) => license)])].sort().join(' AND '))
  })

  test('has each CommonJS module once, so that a correction to it reaches everyone', async () => {
    const files = await bundledCommonJs(images[app])
    expect(files.length).toBeGreaterThan(20)
    expect(files.filter((file, i) => files.indexOf(file) !== i)).toEqual([])
    const signal = files.filter((file) => file.includes(`/${GPL}/src/`))
    expect(signal.length > 5).toBe(MAY_HAVE_GPL.includes(app))
  })

  test('runs as a user with a number, and has no shell, no package manager and nothing that raises rights', async () => {
    const { folder, config } = images[app]
    expect(config.User).toBe('1000:1000')
    expect(await readdir(folder)).not.toContain('bin')
    expect(await readdir(path.join(folder, 'usr'))).toEqual(expect.not.arrayContaining(['bin', 'sbin']))
    expect(await readdir(path.join(folder, 'usr/local/bin'))).toEqual(['node'])
    for (const name of await readdir(folder, { recursive: true })) {
      const { mode } = await lstat(path.join(folder, name))
      expect(mode & 0o6000, name).toBe(0)
    }
  })

  test('says where its libraries come from, with their licences', async () => {
    const packages = await readdir(path.join(images[app].folder, 'var/lib/dpkg/status.d'))
    expect(packages).toContain('libc6')
    for (const name of packages) {
      expect(await read(images[app], `var/lib/dpkg/status.d/${name}`)).toMatch(
        new RegExp(`^Package: ${name.replaceAll('+', '\\+')}$`, 'm'),
      )
      expect((await read(images[app], `usr/share/doc/${name}/copyright`)).length).toBeGreaterThan(100)
    }
    expect(await read(images[app], 'usr/share/doc/node/copyright')).toContain('Node.js is licensed')
  })

  test('can be armed with no failpoints', async () => {
    for (const text of await programsOf(images[app])) expect(text).not.toContain('BERTH_FAILPOINTS:')
  })

  test('is small', () => {
    expect(images[app].bytes / 1e6).toBeLessThan(LIMIT_MB)
  })
})
